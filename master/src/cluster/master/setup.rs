//! The way to a job on the server: connection, data sets, streams, description.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Event as NatsEvent, ServerError,
    jetstream::{
        consumer::{AckPolicy, pull},
        stream::{Config, DiscardPolicy, LastRawMessageErrorKind, RetentionPolicy, Stream},
    },
};
use serde_bytes::ByteBuf;

use super::{
    super::{
        broker::{Link, PATIENCE, within},
        data,
        error::ClusterError,
        names::{ALL_JOBS, HOSTS, JOBS, JobName, NEW},
        survey,
        wire::{Description, decode_greeted, encode_greeted},
    },
    Cluster, Job, Shared,
};
use crate::pool::internals::{Event, lock};

/// What nobody removes is gone after a week.
const AGE: Duration = Duration::from_hours(7 * 24);

/// So long the server knows a message again that is sent twice.
const WINDOW: Duration = Duration::from_mins(2);

/// Room for chunks that wait, and for results.
const TASK_BYTES: i64 = 512 << 20;
const RESULT_BYTES: i64 = 4 << 30;

/// A job that can be worked on.
pub(super) struct Ready {
    pub(super) link: Link,
    pub(super) job: JobName,
    pub(super) patience: Duration,
    pub(super) tasks: Stream,
    pub(super) results: Stream,
}

/// Connects and makes all that the job needs on the server.
pub(super) async fn set_up(
    cluster: &Cluster,
    job: Job,
    shared: &Arc<Shared>,
) -> Result<Ready, ClusterError> {
    let name = format!("brigade {}", job.title);
    let link = cluster.broker.connect(&name, watcher(shared)).await?;
    if let Some(warning) = &link.warning {
        shared.warn(format!("warning: {warning}"));
    }
    let description = describe(cluster, &job)?;
    let jobs = jobs_stream(&link).await?;
    let job_name = match &cluster.resume {
        Some(name) => {
            check_resumed(&jobs, name, &description).await?;
            check_forsaken(&link, name).await?;
            name.clone()
        }
        None => JobName::new(&job.title),
    };
    for (data, (_, segment)) in description.data.iter().zip(&job.segments) {
        let (name, all) = (data.name.clone(), data.bytes);
        let tell = |done| {
            shared.tell(Event::Upload {
                name: name.clone(),
                done,
                all,
            });
        };
        data::put(&link, data, segment, tell).await?;
    }
    let is_resumed = cluster.resume.is_some();
    let (tasks, results) = streams(&link, &job_name, cluster.patience, is_resumed).await?;
    {
        let mut state = lock(&shared.state);
        state.is_resumed = is_resumed;
        state.max_input_bytes = link.max_payload();
    }
    let text = encode_greeted(&description);
    let what = "take the job's description";
    let published = async {
        link.js
            .publish(job_name.description(), text.into())
            .await?
            .await
    };
    within(what, PATIENCE, published)
        .await?
        .map_err(|error| ClusterError::refused(what, error))?;
    // Hosts that do not hear it look for jobs from time to time.
    let _ = link.client.publish(NEW, Vec::new().into()).await;
    shared.tell(Event::JobStarted {
        job: job_name.to_string(),
    });
    Ok(Ready {
        link,
        job: job_name,
        patience: cluster.patience,
        tasks,
        results,
    })
}

/// What becomes of the connection is told, and results are read afresh when it is back.
fn watcher(shared: &Arc<Shared>) -> impl Fn(NatsEvent) + Send + Sync + 'static {
    let shared = Arc::clone(shared);
    let is_lost = AtomicBool::new(false);
    move |event| match event {
        NatsEvent::Disconnected
            if !is_lost.swap(true, Ordering::Relaxed) && !lock(&shared.state).is_closed =>
        {
            shared.warn(
                "warning: the connection to the NATS server is lost; waiting for it to come back",
            );
        }
        NatsEvent::Connected if is_lost.swap(false, Ordering::Relaxed) => {
            shared.warn("the NATS server is back");
            shared.reread.notify_one();
        }
        NatsEvent::ServerError(ServerError::Other(reason)) if reason.contains("ermission") => {
            let reason = format!("the NATS server does not allow this: {reason}");
            shared.change(|state, wakes| state.give_up(reason, wakes));
        }
        NatsEvent::ServerError(ServerError::AuthorizationViolation) => {
            shared.warn("warning: the NATS server no longer accepts our password or credentials");
        }
        _ => {}
    }
}

fn describe(cluster: &Cluster, job: &Job) -> Result<Description, ClusterError> {
    let data = job.segments.iter();
    let data = data.map(|(name, segment)| data::describe(name, segment));
    let initializer = job.initializer.clone();
    Ok(Description {
        title: job.title.clone(),
        patience: cluster.patience,
        starts_processes: job.starts_processes,
        data: data.collect::<Result<_, _>>()?,
        initializer: initializer.map(|(kind, input)| (kind, ByteBuf::from(input))),
        result_limit_bytes: job.result_limit_bytes,
        max_memory_bytes: job.max_memory_bytes,
        tasks_per_worker: job.tasks_per_worker,
        grace: job.grace,
    })
}

/// The stream of descriptions, made by the first job there is.
async fn jobs_stream(link: &Link) -> Result<Stream, ClusterError> {
    let what = "keep a list of jobs";
    let config = Config {
        name: JOBS.into(),
        subjects: vec![ALL_JOBS.into()],
        max_messages_per_subject: 1,
        max_age: AGE,
        max_message_size: -1,
        max_bytes: 64 << 20,
        num_replicas: link.replicas,
        ..Config::default()
    };
    within(what, PATIENCE, link.js.get_or_create_stream(config))
        .await?
        .map_err(|error| ClusterError::refused(what, error))
}

/// A job is resumed by the same command, of the same build, on the same data.
async fn check_resumed(
    jobs: &Stream,
    name: &JobName,
    ours: &Description,
) -> Result<(), ClusterError> {
    let subject = name.description();
    let last = jobs.get_last_raw_message_by_subject(&subject);
    let last = match within("describe a job", PATIENCE, last).await? {
        Ok(last) => last,
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
            return Err(ClusterError::NoJob(name.clone()));
        }
        Err(error) => return Err(ClusterError::refused("describe a job", error)),
    };
    let other = |reason: String| ClusterError::OtherJob {
        job: name.clone(),
        reason,
    };
    let theirs: Description =
        decode_greeted(&last.payload).map_err(|mismatch| other(mismatch.to_string()))?;
    if theirs.title != ours.title {
        let reason = format!("it is a `{}`, and this is a `{}`", theirs.title, ours.title);
        return Err(other(reason));
    }
    if theirs.data != ours.data {
        return Err(other("it was begun on other data".into()));
    }
    Ok(())
}

/// Two masters of one job would take each other's tasks away.
async fn check_forsaken(link: &Link, name: &JobName) -> Result<(), ClusterError> {
    match survey::master_of(link, name).await? {
        None => Ok(()),
        Some((host, pid)) => Err(ClusterError::OtherJob {
            job: name.clone(),
            reason: format!("its master lives, on host {host} as process {pid}"),
        }),
    }
}

/// The streams of tasks and results, and the consumer that hosts share.
async fn streams(
    link: &Link,
    job: &JobName,
    patience: Duration,
    is_resumed: bool,
) -> Result<(Stream, Stream), ClusterError> {
    let common = Config {
        discard: DiscardPolicy::New,
        max_age: AGE,
        duplicate_window: WINDOW,
        num_replicas: link.replicas,
        ..Config::default()
    };
    let tasks = Config {
        name: job.task_stream(),
        subjects: vec![job.tasks()],
        retention: RetentionPolicy::WorkQueue,
        max_bytes: TASK_BYTES,
        ..common.clone()
    };
    let results = Config {
        name: job.result_stream(),
        subjects: vec![job.results()],
        retention: RetentionPolicy::Limits,
        max_bytes: RESULT_BYTES,
        ..common
    };
    let what = "make the job's streams";
    let make = |config| async {
        within(what, PATIENCE, link.js.get_or_create_stream(config))
            .await?
            .map_err(|error| ClusterError::refused(what, error))
    };
    let results = make(results).await?;
    let tasks = match make(tasks).await {
        Ok(tasks) => tasks,
        Err(error) => {
            if !is_resumed {
                // Nobody would know of it.
                let undone = link.js.delete_stream(job.result_stream());
                let _ = within(what, PATIENCE, undone).await;
            }
            return Err(error);
        }
    };
    if is_resumed {
        // This master sends again whatever is not known.
        within(what, PATIENCE, tasks.purge().into_future())
            .await?
            .map_err(|error| ClusterError::refused(what, error))?;
    }
    let hosts = pull::Config {
        durable_name: Some(HOSTS.into()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: patience,
        // A chunk that comes back too often is ended by the host that sees it.
        max_deliver: -1,
        max_ack_pending: 100_000,
        ..pull::Config::default()
    };
    within(what, PATIENCE, tasks.get_or_create_consumer(HOSTS, hosts))
        .await?
        .map_err(|error| ClusterError::refused(what, error))?;
    Ok((tasks, results))
}
