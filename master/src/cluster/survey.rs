//! What hosts and jobs a server has, and the end of a job from elsewhere.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use tokio::{runtime::Builder, time::timeout};

use super::{
    broker::Broker,
    data,
    error::ClusterError,
    link::{Link, PATIENCE, within},
    names::{ALL_HOSTS, ALL_JOBS, ALL_MASTERS, ASK, HOSTS, JOBS, JobName, last_token},
    wire::{Description, HostBeat, MasterBeat, decode_greeted},
};

/// Hosts and masters answer within this time, or are not there.
const ANSWERS: Duration = Duration::from_secs(1);

/// A host as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostSeen {
    /// Its name.
    pub host: String,
    /// Process id of its agent; 0 if it is of another build.
    pub pid: u32,
    /// How many workers it has.
    pub slots: u32,
    /// Chunks it has in hand.
    pub in_hand: usize,
    /// Tasks it has done since it joined.
    pub done: u64,
    /// Whether it runs commands.
    pub allows_run: bool,
    /// Whether it takes nothing more.
    pub is_draining: bool,
    /// Why it works for nobody here, or not for some job.
    pub refusal: Option<String>,
}

/// A job as the server and its master describe it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobSeen {
    /// Its name.
    pub job: String,
    /// Chunks that wait for a host.
    pub waiting: u64,
    /// Chunks that hosts have.
    pub running: u64,
    /// Messages with results.
    pub results: u64,
    /// Bytes of results.
    pub result_bytes: u64,
    /// Host and process id of its master; `None` if that does not answer.
    pub master: Option<(String, u32)>,
    /// Tasks done and submitted so far, as its master says.
    pub tasks: Option<(u64, u64)>,
    /// Tasks a second, as its master says.
    pub rate: Option<f64>,
}

/// What there is on a server.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Survey {
    /// The hosts, by name.
    pub hosts: Vec<HostSeen>,
    /// The jobs, by name.
    pub jobs: Vec<JobSeen>,
}

/// What [`clean`] has removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Cleaned {
    /// Jobs without a master.
    pub jobs: Vec<String>,
    /// Data sets that no job needs.
    pub data_sets: u64,
}

/// Looks at what there is on a server.
///
/// # Errors
/// When the server cannot be used.
pub fn survey(broker: &Broker) -> Result<Survey, ClusterError> {
    on(broker, async |link| look(link).await)
}

/// Ends a job: its master gives up, its hosts drop its tasks, and its streams are deleted.
///
/// # Errors
/// When there is no such job, or the server cannot be used.
pub fn cancel(broker: &Broker, job: &JobName) -> Result<(), ClusterError> {
    on(broker, async |link| {
        if !names(link).await?.contains(&job.to_string()) {
            return Err(ClusterError::NoJob(job.clone()));
        }
        remove(link, job).await
    })
}

/// Removes the jobs whose master does not answer, and the data sets that no other job needs.
///
/// # Errors
/// When the server cannot be used.
pub fn clean(broker: &Broker) -> Result<Cleaned, ClusterError> {
    on(broker, async |link| {
        let found = look(link).await?;
        let mut cleaned = Cleaned::default();
        let mut needed = Vec::new();
        for job in &found.jobs {
            let Ok(name) = job.job.parse::<JobName>() else {
                continue;
            };
            // Asked twice: a master that has only just begun may not hear the first time.
            if job.master.is_none() && master_of(link, &name).await?.is_none() {
                remove(link, &name).await?;
                cleaned.jobs.push(job.job.clone());
            } else if let Some(description) = describe(link, &name).await {
                needed.extend(description.data.iter().map(|data| data::hex(&data.hash)));
            } else {
                // Of another build: what it needs cannot be known.
                return Ok(cleaned);
            }
        }
        cleaned.data_sets = data::sweep(link, &needed).await?;
        Ok(cleaned)
    })
}

fn on<R>(
    broker: &Broker,
    act: impl AsyncFnOnce(&Link) -> Result<R, ClusterError>,
) -> Result<R, ClusterError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let link = broker.connect("brigade cluster", |_| {}).await?;
        act(&link).await
    })
}

/// Who leads a job, if anybody answers for it.
pub(super) async fn master_of(
    link: &Link,
    job: &JobName,
) -> Result<Option<(String, u32)>, ClusterError> {
    let found = look(link).await?;
    let job = job.to_string();
    let seen = found.jobs.into_iter().find(|seen| seen.job == job);
    Ok(seen.and_then(|seen| seen.master))
}

async fn look(link: &Link) -> Result<Survey, ClusterError> {
    // Before their masters are asked: one that begins meanwhile is not known yet.
    let known = names(link).await?;
    let mut hosts = BTreeMap::new();
    let mut masters = BTreeMap::new();
    let deaf = |error| ClusterError::refused("let us listen", error);
    let mut host_beats = link.client.subscribe(ALL_HOSTS).await.map_err(deaf)?;
    let mut master_beats = link.client.subscribe(ALL_MASTERS).await.map_err(deaf)?;
    let asked = async { link.client.publish(ASK, Vec::new().into()).await };
    asked
        .await
        .map_err(|error| ClusterError::refused("pass a question on", error))?;
    let until = Instant::now() + ANSWERS;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        let next = async {
            tokio::select! {
                Some(beat) = host_beats.next() => {
                    let host = last_token(&beat.subject).to_owned();
                    let seen = host_seen(&host, &beat.payload);
                    hosts.insert(host, seen);
                }
                Some(beat) = master_beats.next() => {
                    if let Ok(said) = decode_greeted::<MasterBeat>(&beat.payload) {
                        masters.insert(last_token(&beat.subject).to_owned(), said);
                    }
                }
            }
        };
        if timeout(left, next).await.is_err() {
            break;
        }
    }
    let mut jobs = Vec::new();
    for name in known {
        if let Ok(job) = name.parse() {
            jobs.push(job_seen(link, &job, masters.get(&name)).await?);
        }
    }
    jobs.sort_by(|one, other| one.job.cmp(&other.job));
    Ok(Survey {
        hosts: hosts.into_values().collect(),
        jobs,
    })
}

fn host_seen(host: &str, bytes: &[u8]) -> HostSeen {
    let mut seen = HostSeen {
        host: host.to_owned(),
        pid: 0,
        slots: 0,
        in_hand: 0,
        done: 0,
        allows_run: false,
        is_draining: false,
        refusal: None,
    };
    match decode_greeted::<HostBeat>(bytes) {
        Ok(beat) => {
            (seen.pid, seen.slots, seen.done) = (beat.pid, beat.slots, beat.done);
            seen.in_hand = beat.in_hand.len();
            (seen.allows_run, seen.is_draining) = (beat.allows_run, beat.is_draining);
            let refused = beat.refused.first();
            seen.refusal = refused.map(|(job, reason)| format!("{job}: {reason}"));
        }
        Err(mismatch) => seen.refusal = Some(mismatch.to_string()),
    }
    seen
}

async fn job_seen(
    link: &Link,
    job: &JobName,
    master: Option<&MasterBeat>,
) -> Result<JobSeen, ClusterError> {
    let mut seen = JobSeen {
        job: job.to_string(),
        waiting: 0,
        running: 0,
        results: 0,
        result_bytes: 0,
        master: master.map(|said| (said.host.clone(), said.pid)),
        tasks: master.map(|said| (said.done, said.submitted)),
        rate: master.map(|said| said.rate),
    };
    let infos = async {
        if let Ok(tasks) = link.js.get_stream(job.task_stream()).await
            && let Ok(hosts) = tasks.consumer_info(HOSTS).await
        {
            seen.waiting = hosts.num_pending;
            seen.running = hosts.num_ack_pending as u64;
        }
        if let Ok(results) = link.js.get_stream(job.result_stream()).await {
            let state = &results.cached_info().state;
            (seen.results, seen.result_bytes) = (state.messages, state.bytes);
        }
    };
    within("describe a job", PATIENCE, infos).await?;
    Ok(seen)
}

/// The names of all jobs; none if there never was one.
async fn names(link: &Link) -> Result<Vec<String>, ClusterError> {
    let what = "list its jobs";
    let names = async {
        let Ok(stream) = link.js.get_stream(JOBS).await else {
            return Ok(Vec::new());
        };
        let mut names = Vec::new();
        let mut subjects = stream
            .info_with_subjects(ALL_JOBS)
            .await
            .map_err(|error| ClusterError::refused(what, error))?;
        while let Some(subject) = subjects.next().await {
            let (subject, _) = subject.map_err(|error| ClusterError::refused(what, error))?;
            names.push(last_token(&subject).to_owned());
        }
        Ok(names)
    };
    within(what, PATIENCE, names).await?
}

async fn describe(link: &Link, job: &JobName) -> Option<Description> {
    let stream = link.js.get_stream_no_info(JOBS).await.ok()?;
    let subject = job.description();
    let text = stream.get_last_raw_message_by_subject(&subject);
    let text = within("describe a job", PATIENCE, text).await.ok()?.ok()?;
    decode_greeted(&text.payload).ok()
}

async fn remove(link: &Link, job: &JobName) -> Result<(), ClusterError> {
    let what = "remove a job";
    let removed = async {
        let by = format!("`master cluster` on {}", super::agent::host_name());
        let _ = link.client.publish(job.end(), by.into()).await;
        // They may be gone already.
        let _ = link.js.delete_stream(job.task_stream()).await;
        let _ = link.js.delete_stream(job.result_stream()).await;
        let stream = link.js.get_stream_no_info(JOBS).await;
        let stream = stream.map_err(|error| ClusterError::refused(what, error))?;
        stream
            .purge()
            .filter(job.description())
            .await
            .map_err(|error| ClusterError::refused(what, error))?;
        let _ = link.client.flush().await;
        Ok(())
    };
    within(what, 2 * PATIENCE, removed).await?
}
