//! The messages between a master and the hosts.
//!
//! Descriptions of jobs and what hosts say of themselves begin with a [`Hello`], whose layout never changes: builds
//! that agree on nothing else can still tell each other apart. What follows it is read only by the same build.

use std::time::Duration;

use brigade_protocol::{Hello, Mismatch, codec, split_item};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};

use super::failure::Failure;

/// Larger messages are of no use to anybody, whatever a server lets through.
const LARGEST: usize = 64 << 20;

/// The most tasks in one message.
pub(super) const MOST_ITEMS: usize = 1 << 20;

/// What tells an input from all others: the first half of the SHA-256 of its kind and bytes.
pub(super) type Print = [u8; 16];

/// The fingerprint of an input.
pub(super) fn print(kind: &str, input: &[u8]) -> Print {
    let mut hash = Sha256::new();
    hash.update((kind.len() as u64).to_le_bytes());
    hash.update(kind.as_bytes());
    hash.update(input);
    let mut print = Print::default();
    print.copy_from_slice(&hash.finalize()[..16]);
    print
}

/// A shared segment by what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataSet {
    /// What tasks call it.
    pub(super) name: String,
    /// SHA-256 of its bytes.
    pub(super) hash: [u8; 32],
    pub(super) bytes: u64,
}

/// What a host must know of a job before it takes a task of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) title: String,
    /// A host that is silent for so long is taken for dead.
    pub(super) patience: Duration,
    /// Whether its tasks start programs.
    pub(super) starts_processes: bool,
    pub(super) data: Vec<DataSet>,
    /// Kind and encoded input of the task that prepares a worker.
    pub(super) initializer: Option<(String, ByteBuf)>,
    pub(super) result_limit_bytes: u64,
    pub(super) max_memory_bytes: Option<u64>,
    pub(super) tasks_per_worker: Option<u64>,
    pub(super) grace: Duration,
}

/// Tasks of one kind that travel together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the number of a chunk is what messages call `chunk`"
)]
pub(super) struct Chunk {
    /// Which master of this job sent it: one that was resumed is another.
    pub(super) master: u64,
    pub(super) chunk: u64,
    pub(super) attempt: u32,
    pub(super) kind: String,
    pub(super) retries: u32,
    pub(super) timeout: Option<Duration>,
    /// What one task takes, as far as the master knows; 0 if it does not.
    pub(super) cost_ns: u64,
    /// The encoded inputs, each after its length as a `u32`.
    pub(super) inputs: ByteBuf,
}

impl Chunk {
    /// The encoded inputs; `None` when these are no whole items, or too many.
    pub(super) fn items(&self) -> Option<Vec<&[u8]>> {
        let mut items = Vec::new();
        let mut rest = &self.inputs[..];
        while !rest.is_empty() {
            let item;
            (item, rest) = split_item(rest)?;
            items.push(item);
            if items.len() > MOST_ITEMS {
                return None;
            }
        }
        Some(items)
    }
}

/// What became of a task of a chunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Item {
    /// Which task of the chunk.
    pub(super) index: u32,
    pub(super) print: Print,
    pub(super) outcome: Result<ByteBuf, Failure>,
}

/// What came of a chunk, or a part of that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) master: u64,
    pub(super) chunk: u64,
    pub(super) attempt: u32,
    pub(super) host: String,
    /// What one task takes there; 0 if that is not known.
    pub(super) cost_ns: u64,
    pub(super) body: Body,
}

/// Outputs that fit, or a piece of one that does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Body {
    Items(Vec<Item>),
    Piece {
        index: u32,
        print: Print,
        piece: u32,
        pieces: u32,
        bytes: ByteBuf,
    },
}

/// What a host says of itself, every other second and when asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct HostBeat {
    pub(super) name: String,
    pub(super) pid: u32,
    pub(super) slots: u32,
    pub(super) allows_run: bool,
    pub(super) is_draining: bool,
    pub(super) is_leaving: bool,
    /// Tasks done since it joined.
    pub(super) done: u64,
    /// The chunks that it has in hand: of which job and master, and which.
    pub(super) in_hand: Vec<(String, u64, u64)>,
    /// Jobs that it takes nothing of, and why.
    pub(super) refused: Vec<(String, String)>,
    /// What keeps it from giving its results.
    pub(super) trouble: Option<String>,
}

/// What a master says of its job, every other second and when asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct MasterBeat {
    pub(super) host: String,
    pub(super) pid: u32,
    pub(super) done: u64,
    pub(super) submitted: u64,
    /// Tasks a second, lately.
    pub(super) rate: f64,
}

/// The handshake of this build.
pub(super) fn hello() -> Hello {
    #[cfg_attr(
        not(debug_assertions),
        expect(unused_mut, reason = "changed by tests only")
    )]
    let mut hello = Hello::of_this_build(Vec::new());
    // So that tests can have a host of another build without building one.
    #[cfg(debug_assertions)]
    if let Ok(build) = std::env::var("BRIGADE_CLUSTER_TEST_BUILD") {
        hello.build = build;
    }
    hello
}

/// The bytes of a message; empty if it refuses to be encoded, which is no message then.
pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Plain data always encodes.
    let _ = codec::encode_into(value, &mut bytes);
    bytes
}

/// The bytes of a message that begins with the handshake.
pub(super) fn encode_greeted<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = encode(&hello());
    bytes.extend(encode(value));
    bytes
}

/// A message of a stranger; `None` if it is none of ours.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    if bytes.len() > LARGEST {
        return None;
    }
    codec::decode(bytes).ok()
}

/// A message that begins with a handshake.
///
/// # Errors
/// [`Mismatch`] when it comes from another build, or is no such message.
pub(super) fn decode_greeted<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Mismatch> {
    if bytes.len() > LARGEST {
        return Err(Mismatch::NotBrigade);
    }
    let (theirs, rest) = codec::decode_prefix::<Hello>(bytes).map_err(|_| Mismatch::NotBrigade)?;
    check(&theirs)?;
    codec::decode(rest).map_err(|_| Mismatch::NotBrigade)
}

fn check(theirs: &Hello) -> Result<(), Mismatch> {
    let ours = hello();
    if *theirs == ours {
        return Ok(());
    }
    match theirs.check() {
        // Only this side's build is another one: see `hello`.
        Ok(()) => Err(Mismatch::Build {
            ours: format!("build {}", ours.build),
            theirs: format!("build {}", theirs.build),
        }),
        error => error,
    }
}

/// Reads bytes as every message that may come from a server. For whoever wants to see that nothing breaks.
#[doc(hidden)]
pub fn read_any_message(bytes: &[u8]) {
    let _ = decode::<Report>(bytes);
    if let Some(chunk) = decode::<Chunk>(bytes) {
        let _ = chunk.items();
    }
    // The handshake's bytes would have to be guessed.
    let greeted = [&encode(&hello())[..], bytes].concat();
    let _ = decode_greeted::<Description>(&greeted);
    let _ = decode_greeted::<HostBeat>(&greeted);
    let _ = decode_greeted::<MasterBeat>(&greeted);
    let _ = decode_greeted::<MasterBeat>(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn description() -> Description {
        Description {
            title: "factor".into(),
            patience: Duration::from_secs(30),
            starts_processes: false,
            data: Vec::new(),
            initializer: None,
            result_limit_bytes: 1,
            max_memory_bytes: None,
            tasks_per_worker: None,
            grace: Duration::ZERO,
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_none_without_a_panic(bytes: Vec<u8>) {
            let _ = decode::<Report>(&bytes);
            let _ = decode_greeted::<Description>(&bytes);
            let _ = decode_greeted::<HostBeat>(&bytes);
            let _ = decode_greeted::<MasterBeat>(&bytes);
            if let Some(chunk) = decode::<Chunk>(&bytes) {
                let _ = chunk.items();
            }
        }
    }

    #[test]
    fn a_message_of_another_build_is_told_from_nonsense() {
        let bytes = encode_greeted(&description());
        assert_eq!(decode_greeted(&bytes), Ok(description()));
        let mut other = hello();
        other.build = "feedface".into();
        let mut bytes = encode(&other);
        bytes.extend(b"whatever that build says");
        let error = decode_greeted::<Description>(&bytes).unwrap_err();
        assert!(error.to_string().contains("feedface"), "{error}");
        assert_eq!(
            decode_greeted::<Description>(b"?"),
            Err(Mismatch::NotBrigade)
        );
    }

    #[test]
    fn inputs_that_do_not_add_up_are_none() {
        let mut chunk = Chunk {
            master: 1,
            chunk: 2,
            attempt: 1,
            kind: "echo".into(),
            retries: 0,
            timeout: None,
            cost_ns: 0,
            inputs: ByteBuf::from(b"\x01\0\0\0a\x02\0\0\0bc".to_vec()),
        };
        assert_eq!(chunk.items(), Some(vec![&b"a"[..], b"bc"]));
        chunk.inputs.pop();
        assert_eq!(chunk.items(), None);
    }

    #[test]
    fn a_fingerprint_tells_kinds_and_inputs_apart() {
        assert_eq!(print("ab", b"c"), print("ab", b"c"));
        assert_ne!(print("ab", b"c"), print("a", b"bc"));
        assert_ne!(print("ab", b"c"), print("ab", b"d"));
    }
}
