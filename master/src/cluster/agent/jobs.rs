//! Which jobs there are, and one runner for each that this host takes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use brigade_protocol::Mismatch;
use futures_util::StreamExt;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{
    super::{
        error::ClusterError,
        link::{Link, PATIENCE, within},
        names::{ALL_JOBS, ASK, JOBS, JobName, NEW, last_token},
        wire::{Description, decode_greeted},
    },
    Told,
    beat::Me,
    runner,
};

/// How often a host says that it lives.
const BEAT: Duration = Duration::from_secs(2);

/// How often it looks for jobs that it has not heard of.
const LOOK: Duration = Duration::from_secs(5);

/// The most jobs at a time.
const MOST_JOBS: usize = 1000;

/// Serves jobs until it is told to drain, and what is in hand is done.
pub(super) async fn serve(link: &Link, me: &Arc<Me>) -> Result<(), ClusterError> {
    let client = &link.client;
    let deaf = |error: async_nats::SubscribeError| ClusterError::refused("let us listen", error);
    let mut asks = client.subscribe(ASK).await.map_err(deaf)?;
    let mut news = client.subscribe(NEW).await.map_err(deaf)?;
    let mut ends = client.subscribe("ctl.*.cancel").await.map_err(deaf)?;
    let mut draining = me.draining.clone();
    let (mut beat, mut look) = (interval(BEAT), interval(LOOK));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut jobs = Jobs::new(link, me);
    me.tell(Told::Joined {
        host: me.id.clone(),
    });
    if let Some(warning) = &link.warning {
        me.tell(Told::Trouble(format!("warning: {warning}")));
    }
    loop {
        tokio::select! {
            _ = beat.tick() => me.say(link, false).await,
            Some(_) = asks.next() => me.say(link, false).await,
            _ = look.tick() => jobs.look().await,
            Some(_) = news.next() => {
                jobs.look().await;
                me.say(link, false).await;
            }
            Some(end) = ends.next() => jobs.end(end.subject.split('.').nth(1).unwrap_or_default()),
            Some(ended) = jobs.runners.join_next(), if !jobs.runners.is_empty() => {
                if let Ok(job) = ended {
                    jobs.ended(&job);
                }
            }
            _ = draining.changed() => me.say(link, false).await,
        }
        if me.is_draining() && jobs.runners.is_empty() {
            me.say(link, true).await;
            let _ = within("take leave", PATIENCE, client.flush()).await;
            return Ok(());
        }
    }
}

struct Jobs<'a> {
    link: &'a Link,
    me: &'a Arc<Me>,
    /// What there is, and how each that is run is told to end.
    known: HashMap<String, Option<watch::Sender<bool>>>,
    runners: JoinSet<String>,
}

impl<'a> Jobs<'a> {
    fn new(link: &'a Link, me: &'a Arc<Me>) -> Self {
        Self {
            link,
            me,
            known: HashMap::new(),
            runners: JoinSet::new(),
        }
    }

    /// Looks for jobs that are new, and for those that are gone.
    async fn look(&mut self) {
        if self.me.is_draining() {
            return;
        }
        let Some(names) = self.list().await else {
            return;
        };
        let gone: Vec<String> = self
            .known
            .keys()
            .filter(|known| !names.contains(known))
            .cloned()
            .collect();
        for job in gone {
            self.end(&job);
        }
        for name in names {
            if !self.known.contains_key(&name)
                && self.known.len() < MOST_JOBS
                && let Ok(job) = name.parse::<JobName>()
            {
                self.begin(job).await;
            }
        }
    }

    /// `None` while the server does not say.
    async fn list(&self) -> Option<Vec<String>> {
        let names = async {
            let Ok(stream) = self.link.js.get_stream(JOBS).await else {
                return None;
            };
            let mut names = Vec::new();
            let mut subjects = stream.info_with_subjects(ALL_JOBS).await.ok()?;
            while let Some(subject) = subjects.next().await {
                names.push(last_token(&subject.ok()?.0).to_owned());
            }
            Some(names)
        };
        within("list jobs", PATIENCE, names).await.ok()?
    }

    /// Begins to serve a job, or refuses.
    async fn begin(&mut self, job: JobName) {
        let name = job.to_string();
        let Some(description) = self.describe(&job).await else {
            return;
        };
        let objection = match &description {
            Ok(description) => self.me.objection(&name, description),
            Err(mismatch) => Some(mismatch.to_string()),
        };
        let description = match (description, objection) {
            (Ok(description), None) => description,
            (_, objection) => {
                self.me.refuse(&name, objection.unwrap_or_default());
                self.known.insert(name, None);
                return self.me.say(self.link, false).await;
            }
        };
        let (end, ended) = watch::channel(false);
        self.known.insert(name, Some(end));
        let (link, me) = (self.link.clone(), Arc::clone(self.me));
        self.runners.spawn(async move {
            let name = job.to_string();
            runner::run(link, me, job, description, ended).await;
            name
        });
    }

    async fn describe(&self, job: &JobName) -> Option<Result<Description, Mismatch>> {
        let text = async {
            let stream = self.link.js.get_stream_no_info(JOBS).await.ok()?;
            let subject = job.description();
            stream.get_last_raw_message_by_subject(&subject).await.ok()
        };
        let text = within("describe a job", PATIENCE, text).await.ok()??;
        Some(decode_greeted(&text.payload))
    }

    /// A job is over, whoever says so.
    fn end(&mut self, job: &str) {
        if let Some(Some(end)) = self.known.get(job) {
            end.send_replace(true);
        } else {
            self.known.remove(job);
        }
        self.me.forget(job);
    }

    /// A runner has ended, by itself or because it was told to.
    fn ended(&mut self, job: &str) {
        self.known.remove(job);
    }
}
