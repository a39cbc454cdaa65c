//! Gets texts over HTTP: so many at once, each with its time, its size and its tries.

use std::time::{Duration, SystemTime};

use reqwest::{
    Client, Response, StatusCode, Url,
    header::{
        CACHE_CONTROL, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH,
        LAST_MODIFIED, RETRY_AFTER,
    },
};
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, time::sleep};

use super::{
    backoff::{Backoff, TooLong, retry_after},
    failure::Failure,
};

/// How much a request may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Time for one try: connecting, asking, and reading all of the answer.
    pub(super) timeout: Duration,
    /// Tries after the first one.
    pub(super) retries: u32,
    /// The pause before the second try; it doubles from then on.
    pub(super) first_pause: Duration,
    /// The largest answer, unpacked.
    pub(super) bytes: u64,
    /// Requests that may be on their way at the same time.
    pub(super) at_once: usize,
    /// What pauses are drawn from.
    pub(super) seed: u64,
}

/// By what a server knows a version of a text again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tags {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

/// What came of a request.
#[derive(Debug)]
pub(super) enum Got {
    Text {
        bytes: Vec<u8>,
        tags: Tags,
        /// Whether the server lets it be kept.
        may_be_kept: bool,
    },
    /// The version that the tags are of is still the one.
    NotModified,
}

/// Why a request came to nothing, and how often it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) failure: Failure,
    pub(crate) tries: u32,
}

/// Asks for texts.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    limits: Limits,
    gate: Semaphore,
}

impl Fetcher {
    pub(super) fn new(client: Client, limits: Limits) -> Self {
        let gate = Semaphore::new(limits.at_once);
        Self {
            client,
            limits,
            gate,
        }
    }

    /// Gets the text at `url`, unless it is still the version that `tags` are of. `tell` hears of each failure after
    /// which there is another try, and of the pause before it.
    pub(super) async fn get(
        &self,
        number: usize,
        url: &Url,
        tags: Option<&Tags>,
        tell: impl Fn(Failure, Duration),
    ) -> Result<Got, Lost> {
        let mut backoff = Backoff::new(self.limits.first_pause, self.limits.seed, number);
        let mut tries = 1;
        loop {
            let failure = match self.try_once(url, tags).await {
                Ok(got) => return Ok(got),
                Err(failure) => failure,
            };
            if !failure.may_pass() || tries > self.limits.retries {
                return Err(Lost { failure, tries });
            }
            let pause = match (backoff.pause(tries, failure.asked()), &failure) {
                (Ok(pause), _) => pause,
                (Err(TooLong(after)), &Failure::Status { status, .. }) => {
                    let failure = Failure::ComeBack { status, after };
                    return Err(Lost { failure, tries });
                }
                (Err(_), _) => return Err(Lost { failure, tries }),
            };
            tell(failure, pause);
            // Others may go meanwhile: who pauses holds no place.
            sleep(pause).await;
            tries += 1;
        }
    }

    async fn try_once(&self, url: &Url, tags: Option<&Tags>) -> Result<Got, Failure> {
        let _place = self.gate.acquire().await;
        let mut request = self.client.get(url.clone());
        if let Some(etag) = tags.and_then(|tags| tags.etag.as_ref()) {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(date) = tags.and_then(|tags| tags.last_modified.as_ref()) {
            request = request.header(IF_MODIFIED_SINCE, date);
        }
        let answer = request.send().await.map_err(|error| self.failure(&error))?;
        match answer.status() {
            StatusCode::OK => self.text(answer).await,
            StatusCode::NOT_MODIFIED if tags.is_some() => Ok(Got::NotModified),
            status @ (StatusCode::NOT_FOUND | StatusCode::GONE) => {
                Err(Failure::NotFound { status })
            }
            status => Err(Failure::Status {
                status,
                retry_after: header(answer.headers(), RETRY_AFTER)
                    .and_then(|value| retry_after(&value, SystemTime::now())),
            }),
        }
    }

    /// Reads an answer as it comes, packed or not, and stops when it is too large.
    async fn text(&self, mut answer: Response) -> Result<Got, Failure> {
        let limit = self.limits.bytes;
        if answer.content_length().is_some_and(|bytes| bytes > limit) {
            return Err(Failure::TooLarge { limit });
        }
        let headers = answer.headers();
        let tags = Tags {
            etag: header(headers, ETAG),
            last_modified: header(headers, LAST_MODIFIED),
        };
        let control = header(headers, CACHE_CONTROL).unwrap_or_default();
        let may_be_kept = !control.to_ascii_lowercase().contains("no-store");
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.failure(&error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > limit {
                return Err(Failure::TooLarge { limit });
            }
        }
        Ok(Got::Text {
            bytes,
            tags,
            may_be_kept,
        })
    }

    fn failure(&self, error: &reqwest::Error) -> Failure {
        Failure::of(error, self.limits.timeout)
    }
}

/// A header, if it is there and is text.
fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
