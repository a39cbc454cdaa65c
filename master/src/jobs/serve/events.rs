//! Streams of server-sent events.
//!
//! A stream keeps no queue: of what is shown again and again it sends the newest, and of a tune the cells that have
//! changed since it sent some last. So a slow client costs as much memory as a fast one, and what all of them get is
//! made once.

use std::{
    convert::Infallible,
    future,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use tokio::sync::{mpsc::UnboundedReceiver, watch};

use super::{searches::News, site::Site, tune::Watcher};
use crate::{
    report::serve::{search_frame, tune_frame},
    web::Problem,
};

/// A place among the streams, as long as it lives.
struct Place(Arc<Site>);

impl Place {
    fn take(site: &Arc<Site>) -> Result<Self, Problem> {
        let streams = site.traffic.streams.fetch_add(1, Relaxed);
        let place = Self(Arc::clone(site));
        if streams >= site.most_streams {
            return Err(Problem::busy(
                "there are as many streams of events as may be",
            ));
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.traffic.streams.fetch_sub(1, Relaxed);
    }
}

/// What a page watches: all pools, and perhaps a tune.
struct Watch {
    place: Place,
    frames: watch::Receiver<Bytes>,
    tune: Option<TuneWatch>,
    is_first: bool,
}

struct TuneWatch {
    watcher: Watcher,
    changes: watch::Receiver<u64>,
    /// The version that was sent last; none if nothing was.
    sent: Option<u64>,
}

/// Everything that happens, until the client goes or the server ends.
pub(super) fn all(site: &Arc<Site>, tune: Option<Watcher>) -> Result<Response, Problem> {
    let mut frames = site.frames.clone();
    frames.mark_changed();
    let watch = Watch {
        place: Place::take(site)?,
        frames,
        tune: tune.map(|watcher| TuneWatch {
            changes: watcher.tune().changes(),
            watcher,
            sent: None,
        }),
        is_first: true,
    };
    let events = stream::unfold(watch, |mut watch| async {
        let event = watch.next().await?;
        Some((Ok::<_, Infallible>(event), watch))
    });
    Ok(answer(Body::from_stream(events)))
}

impl Watch {
    /// The next event; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.is_first) {
            // When the connection is lost, browsers come again after so many milliseconds.
            return Some(Bytes::from_static(b"retry: 2000\n\n"));
        }
        let control = &self.place.0.control;
        tokio::select! {
            biased;
            () = control.ending() => None,
            event = of_tune(self.tune.as_mut()) => {
                if event.is_none() {
                    // It is over: its last event was sent.
                    self.tune = None;
                    return Some(Bytes::from_static(b": over\n\n"));
                }
                event
            }
            changed = self.frames.changed() => {
                changed.ok()?;
                Some(self.frames.borrow_and_update().clone())
            }
        }
    }
}

/// What is new about a tune; never anything without a tune, none when it is over.
async fn of_tune(tune: Option<&mut TuneWatch>) -> Option<Bytes> {
    let Some(tune) = tune else {
        return future::pending().await;
    };
    if tune.sent.is_some() {
        if !tune.watcher.tune().is_running() && !tune.changes.has_changed().unwrap_or(false) {
            return None;
        }
        tune.changes.changed().await.ok()?;
    }
    tune.changes.mark_unchanged();
    let (version, frame) = tune.watcher.tune().frame(tune.sent, tune_frame);
    tune.sent = Some(version);
    Some(frame)
}

/// What comes of a question, until it is answered.
pub(super) fn of_search(
    site: &Arc<Site>,
    news: UnboundedReceiver<News>,
) -> Result<Response, Problem> {
    let place = Place::take(site)?;
    let events = stream::unfold(Some((news, place)), |state| async {
        let (mut news, place) = state?;
        let next = tokio::select! {
            biased;
            () = place.0.control.ending() => None,
            next = news.recv() => next,
        };
        let (event, goes_on) = match next? {
            News::Counts { lines, files } => (search_frame::counts(lines, files), true),
            News::Hit(hit) => (search_frame::hit(&hit), true),
            News::Done {
                lines,
                files,
                elapsed,
            } => (search_frame::done(lines, files, elapsed), false),
            News::Failed(why) => (search_frame::failed(&why), false),
        };
        Some((Ok::<_, Infallible>(event), goes_on.then_some((news, place))))
    });
    Ok(answer(Body::from_stream(events)))
}

fn answer(body: Body) -> Response {
    let kind = HeaderValue::from_static("text/event-stream");
    // What sits between is not to collect events.
    let at_once = HeaderValue::from_static("no");
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert("x-accel-buffering", at_once);
    response
}
