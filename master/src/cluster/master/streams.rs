//! The streams of a job on the server, and the consumer that all hosts share.

use std::{future::IntoFuture, time::Duration};

use async_nats::jetstream::{
    consumer::{AckPolicy, pull},
    stream::{Config, DiscardPolicy, RetentionPolicy, Stream},
};

use super::super::{
    error::ClusterError,
    link::{Link, PATIENCE, within},
    names::{ALL_JOBS, HOSTS, JOBS, JobName},
};

/// What nobody removes is gone after a week.
const AGE: Duration = Duration::from_hours(7 * 24);

/// So long the server knows a message again that is sent twice.
const WINDOW: Duration = Duration::from_mins(2);

/// Room for chunks that wait, and for results.
const TASK_BYTES: i64 = 512 << 20;
const RESULT_BYTES: i64 = 4 << 30;

/// The stream of descriptions, made by the first job there is.
pub(super) async fn of_all_jobs(link: &Link) -> Result<Stream, ClusterError> {
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

/// What the server is asked for.
const MAKE: &str = "make the job's streams";

/// The streams of tasks and results of a job, with the consumer that hosts share.
pub(super) async fn of_job(
    link: &Link,
    job: &JobName,
    patience: Duration,
    is_resumed: bool,
) -> Result<(Stream, Stream), ClusterError> {
    let results = make(link, results(link, job)).await?;
    let tasks = match make(link, tasks(link, job)).await {
        Ok(tasks) => tasks,
        Err(error) => {
            if !is_resumed {
                // Nobody would know of it.
                let undone = link.js.delete_stream(job.result_stream());
                let _ = within(MAKE, PATIENCE, undone).await;
            }
            return Err(error);
        }
    };
    if is_resumed {
        // This master sends again whatever is not known.
        within(MAKE, PATIENCE, tasks.purge().into_future())
            .await?
            .map_err(|error| ClusterError::refused(MAKE, error))?;
    }
    let consumer = tasks.get_or_create_consumer(HOSTS, hosts(patience));
    within(MAKE, PATIENCE, consumer)
        .await?
        .map_err(|error| ClusterError::refused(MAKE, error))?;
    Ok((tasks, results))
}

async fn make(link: &Link, config: Config) -> Result<Stream, ClusterError> {
    within(MAKE, PATIENCE, link.js.get_or_create_stream(config))
        .await?
        .map_err(|error| ClusterError::refused(MAKE, error))
}

fn tasks(link: &Link, job: &JobName) -> Config {
    Config {
        name: job.task_stream(),
        subjects: vec![job.tasks()],
        retention: RetentionPolicy::WorkQueue,
        max_bytes: TASK_BYTES,
        ..common(link)
    }
}

fn results(link: &Link, job: &JobName) -> Config {
    Config {
        name: job.result_stream(),
        subjects: vec![job.results()],
        retention: RetentionPolicy::Limits,
        max_bytes: RESULT_BYTES,
        ..common(link)
    }
}

fn common(link: &Link) -> Config {
    Config {
        discard: DiscardPolicy::New,
        max_age: AGE,
        duplicate_window: WINDOW,
        num_replicas: link.replicas,
        ..Config::default()
    }
}

fn hosts(patience: Duration) -> pull::Config {
    pull::Config {
        durable_name: Some(HOSTS.into()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: patience,
        // A chunk that comes back too often is ended by the host that sees it.
        max_deliver: -1,
        max_ack_pending: 100_000,
        ..pull::Config::default()
    }
}
