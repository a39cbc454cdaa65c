//! Results as the server keeps them, from the first to the last, none left out.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    Message,
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
    stream::Stream,
};
use futures_util::StreamExt;
use tokio::sync::watch;

use super::{
    super::{
        error::ClusterError,
        link::{PATIENCE, within},
        names::random,
        wire::{Report, decode},
    },
    Shared,
};

/// A consumer that nobody asks for so long is forgotten by the server.
const IDLE: Duration = Duration::from_mins(2);

/// Results asked for at a time.
const BATCH: usize = 200;

/// Reads on and on. `seen` tells the number of the last result that was taken.
pub(super) async fn follow(results: Stream, shared: Arc<Shared>, seen: watch::Sender<u64>) {
    let mut last = 0;
    loop {
        if let Ok(consumer) = consumer(&results, last + 1).await {
            read(&consumer, &shared, &mut last, &seen).await;
            // Whether it is there or not, the next one has another name.
            let name = consumer.cached_info().name.clone();
            let forgotten = results.delete_consumer(&name);
            let _ = tokio::time::timeout(Duration::from_millis(500), forgotten).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn consumer(results: &Stream, first: u64) -> Result<PullConsumer, ClusterError> {
    let config = pull::Config {
        durable_name: Some(format!("master-{:016x}", random())),
        deliver_policy: DeliverPolicy::ByStartSequence {
            start_sequence: first,
        },
        // They stay for a master that is resumed; the sequence tells whether one is missing.
        ack_policy: AckPolicy::None,
        inactive_threshold: IDLE,
        ..pull::Config::default()
    };
    within("make a consumer", PATIENCE, results.create_consumer(config))
        .await?
        .map_err(|error| ClusterError::refused("make a consumer", error))
}

/// Reads until the consumer is of no more use.
async fn read(consumer: &PullConsumer, shared: &Shared, last: &mut u64, seen: &watch::Sender<u64>) {
    let stream = consumer
        .stream()
        .max_messages_per_batch(BATCH)
        .expires(Duration::from_secs(5))
        .heartbeat(Duration::from_secs(2))
        .messages();
    let Ok(Ok(mut messages)) = within("give results", PATIENCE, stream).await else {
        return;
    };
    let mut is_first = true;
    loop {
        let message = tokio::select! {
            message = messages.next() => message,
            () = shared.reread.notified() => return,
        };
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) if error.kind() == pull::MessagesErrorKind::MissingHeartbeat => {
                continue;
            }
            Some(Err(_)) | None => return,
        };
        let Ok(sequence) = message.info().map(|info| info.stream_sequence) else {
            continue;
        };
        if sequence > *last + 1 && !is_first {
            // One was lost on the way.
            return;
        }
        is_first = false;
        if sequence > *last {
            *last = sequence;
            take(&message, shared);
            seen.send_replace(sequence);
        }
    }
}

fn take(message: &Message, shared: &Shared) {
    if let Some(report) = decode::<Report>(&message.payload) {
        shared.change(|state, wakes| state.report(report, wakes));
    }
}
