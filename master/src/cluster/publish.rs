//! Messages that must arrive: sent again under the same number until the server has said that it keeps them.

use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;

use super::{error::is_full, link::Link};

/// A message on its way does not fail when the connection is lost, so it has only so long.
const ANSWER: Duration = Duration::from_secs(4);

/// How long to wait before it is sent again, at first and at most.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

/// Why a message has not arrived yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// There is no room; it may come.
    Full(String),
    /// No answer, or another one than expected.
    Other(String),
}

impl Link {
    /// Publishes until it is done, or no longer wanted; whether it is done. `tell` hears what is in the way.
    pub(super) async fn publish(
        &self,
        subject: String,
        id: &str,
        bytes: Vec<u8>,
        is_wanted: impl Fn() -> bool,
        mut tell: impl FnMut(Obstacle),
    ) -> bool {
        let bytes = Bytes::from(bytes);
        let mut pause = FIRST;
        loop {
            let message = PublishMessage::build()
                .payload(bytes.clone())
                .message_id(id);
            let answer = async { self.js.send_publish(subject.clone(), message).await?.await };
            match tokio::time::timeout(ANSWER, answer).await {
                Ok(Ok(_)) => return true,
                Ok(Err(error)) => {
                    let reason = whole(&error);
                    tell(if is_full(&reason) {
                        Obstacle::Full(reason)
                    } else {
                        Obstacle::Other(reason)
                    });
                }
                Err(_) => tell(Obstacle::Other("no answer".into())),
            }
            if !is_wanted() {
                return false;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }
}

/// An error with its causes.
pub(super) fn whole(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
