//! The way to a job on the server: connection, data sets, streams, description.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Event as NatsEvent, ServerError,
    jetstream::stream::{LastRawMessageErrorKind, Stream},
};
use serde_bytes::ByteBuf;

use super::{
    super::{
        data,
        error::ClusterError,
        link::{Link, PATIENCE, within},
        names::{JobName, NEW},
        survey,
        wire::{Description, decode_greeted, encode_greeted},
    },
    Cluster, Job, Shared, streams,
};
use crate::pool::internals::{Event, lock};

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
    let jobs = streams::of_all_jobs(&link).await?;
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
    let patience = cluster.patience;
    let (tasks, results) = streams::of_job(&link, &job_name, patience, is_resumed).await?;
    {
        let mut state = lock(&shared.state);
        state.is_resumed = is_resumed;
        state.max_input_bytes = link.max_payload();
    }
    publish(&link, &job_name, &description).await?;
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

/// Tells the server what the job is.
async fn publish(
    link: &Link,
    job: &JobName,
    description: &Description,
) -> Result<(), ClusterError> {
    let text = encode_greeted(description);
    let what = "take the job's description";
    let published = async { link.js.publish(job.description(), text.into()).await?.await };
    within(what, PATIENCE, published)
        .await?
        .map_err(|error| ClusterError::refused(what, error))?;
    Ok(())
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
