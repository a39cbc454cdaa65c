//! What goes over the connection for one job: questions for chunks, results, acknowledgements.

use std::{sync::atomic::Ordering, time::Duration};

use async_nats::jetstream::{AckKind, Message, consumer::PullConsumer};
use futures_util::StreamExt;
use tokio::{
    sync::{mpsc::Sender, watch},
    time::{sleep, timeout},
};

use super::{
    super::{
        error::ClusterError,
        link::{Link, PATIENCE, within},
        names::{HOSTS, JobName},
        publish::Obstacle,
        wire::Chunk,
    },
    beat::Me,
    in_hand::InHand,
    outcome::messages,
};

/// How long the server may think about what it has for us.
const ASK: Duration = Duration::from_secs(5);

/// Asks the server for up to so many chunks, and passes them on as they come.
pub(super) async fn ask(link: Link, job: JobName, free: usize, tell: Sender<Vec<Message>>) {
    let what = "give chunks";
    let asked: Result<(), ClusterError> = async {
        let consumer = link.js.get_consumer_from_stream(HOSTS, job.task_stream());
        let consumer: PullConsumer = within(what, PATIENCE, consumer)
            .await?
            .map_err(|error| ClusterError::refused(what, error))?;
        let batch = consumer.batch().max_messages(free).expires(ASK).messages();
        let mut batch = within(what, PATIENCE, batch)
            .await?
            .map_err(|error| ClusterError::refused(what, error))?;
        // The question is lost with its server, so there is an end to waiting.
        while let Some(message) = within(what, ASK + PATIENCE / 2, batch.next()).await? {
            let message = message.map_err(std::io::Error::other)?;
            if tell.send(vec![message]).await.is_err() {
                break;
            }
        }
        Ok(())
    }
    .await;
    if asked.is_err() {
        sleep(Duration::from_millis(300)).await;
    }
}

/// Gives results to the server until it has them, and acknowledges the chunk.
pub(super) async fn send(
    link: &Link,
    me: &Me,
    job: &JobName,
    cost_ns: u64,
    taken: InHand,
    ended: watch::Receiver<bool>,
) {
    let InHand {
        chunk,
        acker,
        delivered,
        prints,
        outcomes,
        is_spoilt,
        ..
    } = taken;
    if is_spoilt {
        let _ = acker
            .ack_with(AckKind::Nak(Some(Duration::from_secs(1))))
            .await;
        return;
    }
    let count = outcomes.len() as u64;
    let outcomes = prints.into_iter().zip(outcomes.into_iter().flatten());
    let messages = messages(
        &me.id,
        &chunk,
        cost_ns,
        outcomes.collect(),
        link.max_payload(),
    );
    for (number, bytes) in messages.into_iter().enumerate() {
        let Chunk {
            master,
            chunk,
            attempt,
            ..
        } = &chunk;
        let id = format!(
            "{job}.{master:x}.{chunk}.{attempt}.{delivered}.{}.{number}",
            me.id
        );
        let is_wanted = || !*ended.borrow();
        let tell = |obstacle| match obstacle {
            Obstacle::Full(reason) => me.set_trouble(Some(reason)),
            Obstacle::Other(_) => {}
        };
        if !link
            .publish(job.results(), &id, bytes, is_wanted, tell)
            .await
        {
            return;
        }
    }
    me.set_trouble(None);
    me.done.fetch_add(count, Ordering::Relaxed);
    // If that is lost, the chunk comes back and its results are known.
    let _ = timeout(PATIENCE, acker.double_ack()).await;
}
