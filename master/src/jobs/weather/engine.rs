//! All zones at once: from the cache or from the server, and back into the cache.
//!
//! Everything here runs on one thread of its own, as tasks, and tells what happens through a channel. So nobody who
//! reads the output slowly makes a request run out of time.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, SystemTime},
};

use reqwest::Url;
use tokio::{runtime, task::JoinSet};

use super::{
    cache::{Cache, Kept},
    failure::Failure,
    fetch::{Fetcher, Got, Lost, Tags},
    forecast::Forecast,
};

/// Where the forecast of a zone is found.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) code: String,
    pub(super) url: Url,
}

/// A forecast, and where it has come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) forecast: Forecast,
    pub(crate) origin: Origin,
}

/// Where a forecast has come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Server,
    /// From the cache, and the server says that it still holds.
    Unchanged,
    /// From the cache, where it is so old.
    Cache(Duration),
}

/// How it ended for one zone.
pub(crate) type Outcome = Result<Arrival, Lost>;

/// What happens, by the number of the zone.
#[derive(Debug)]
pub(super) enum News {
    Retry {
        number: usize,
        failure: Failure,
        pause: Duration,
    },
    /// The forecast is there, but could not be kept.
    NotKept {
        number: usize,
        why: io::Error,
    },
    Done {
        number: usize,
        outcome: Outcome,
    },
}

/// What gets the forecasts.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) fetcher: Fetcher,
    pub(super) cache: Option<Cache>,
    /// What is in the cache and younger than this is taken without asking.
    pub(super) max_age: Duration,
}

impl Engine {
    /// Starts to get all of them. The thread is not waited for: a look-up of a name cannot be interrupted.
    pub(super) fn start(self, places: Vec<Place>) -> io::Result<Receiver<News>> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let (tell, news) = mpsc::channel();
        thread::Builder::new()
            .name("weather".into())
            .spawn(move || runtime.block_on(Arc::new(self).all(places, &tell)))?;
        Ok(news)
    }

    async fn all(self: Arc<Self>, places: Vec<Place>, tell: &Sender<News>) {
        let mut tasks = JoinSet::new();
        for (number, place) in places.into_iter().enumerate() {
            let (engine, tell) = (Arc::clone(&self), tell.clone());
            tasks.spawn(async move {
                let outcome = engine.one(number, &place, &tell).await;
                // Nobody may want it any more.
                let _ = tell.send(News::Done { number, outcome });
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Gets one forecast.
    async fn one(&self, number: usize, place: &Place, tell: &Sender<News>) -> Outcome {
        let kept = self.kept(place);
        if let Some((kept, forecast)) = &kept
            && let Some(age) = self.age_if_fresh(kept, forecast)
        {
            return Ok(Arrival {
                forecast: forecast.clone(),
                origin: Origin::Cache(age),
            });
        }
        let tags = kept.as_ref().map(|(kept, _)| &kept.tags);
        let tags = tags.filter(|tags| **tags != Tags::default());
        let retry = |failure, pause| {
            let _ = tell.send(News::Retry {
                number,
                failure,
                pause,
            });
        };
        let got = self.fetcher.get(number, &place.url, tags, retry).await?;
        let checked = SystemTime::now();
        let (kept, forecast, origin, may_be_kept) = match (got, kept) {
            (Got::NotModified, Some((kept, forecast))) => {
                (Kept { checked, ..kept }, forecast, Origin::Unchanged, true)
            }
            // Tags are of what was kept, so this cannot be.
            (Got::NotModified, None) => {
                return Err(lost(Failure::Other(
                    "the server answers that nothing has changed, but was not asked so".to_owned(),
                )));
            }
            (
                Got::Text {
                    bytes,
                    tags,
                    may_be_kept,
                },
                _,
            ) => {
                let forecast = Forecast::read(&bytes).map_err(|why| lost(why.into()))?;
                let kept = Kept {
                    bytes,
                    tags,
                    checked,
                };
                (kept, forecast, Origin::Server, may_be_kept)
            }
        };
        if let Some(cache) = self.cache.as_ref().filter(|_| may_be_kept)
            && let Err(why) = cache.keep(&place.code, &place.url, &kept)
        {
            let _ = tell.send(News::NotKept { number, why });
        }
        Ok(Arrival { forecast, origin })
    }

    /// What the cache has, if it is a forecast.
    fn kept(&self, place: &Place) -> Option<(Kept, Forecast)> {
        let kept = self.cache.as_ref()?.find(&place.code, &place.url)?;
        let forecast = Forecast::read(&kept.bytes).ok()?;
        Some((kept, forecast))
    }

    /// The age of what was kept, if it is young enough and does not itself say that it is over.
    fn age_if_fresh(&self, kept: &Kept, forecast: &Forecast) -> Option<Duration> {
        let now = SystemTime::now();
        let holds = forecast.expires.is_none_or(|end| end > now);
        kept.age(now).filter(|age| holds && *age < self.max_age)
    }
}

fn lost(failure: Failure) -> Lost {
    Lost { failure, tries: 1 }
}
