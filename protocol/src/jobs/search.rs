//! Search: text held in memory by several workers, asked again and again.
//!
//! A shard is a long-lived task: it takes [`Order`]s from a queue of its own and puts [`Answer`]s into the one queue
//! that all shards share, until it is told to stop. A shard whose worker dies is begun again, as another
//! life of it, and gets its files anew.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    Task,
    queue::{ConsumerTicket, ProducerTicket},
};

/// A question's pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// The text or the regular expression; a text may be any bytes.
    pub text: ByteBuf,
    /// Whether it is a regular expression.
    pub is_regex: bool,
    /// Whether upper and lower case are the same.
    pub ignores_case: bool,
    /// Whether it must stand between word boundaries.
    pub is_word: bool,
}

impl Pattern {
    /// This very text.
    #[must_use]
    pub fn literal(text: &[u8]) -> Self {
        Self {
            text: ByteBuf::from(text),
            is_regex: false,
            ignores_case: false,
            is_word: false,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(&self.text))
    }
}

/// What of the lines that match is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// How many there are in each file.
    Counts,
    /// Their text.
    Lines {
        /// How many lines before each.
        before: u32,
        /// How many lines after each.
        after: u32,
        /// Whether to say where in the line the matches are.
        spans: bool,
        /// Lines are cut to so many bytes.
        longest: u32,
    },
}

/// A question to all shards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Questions count up.
    pub number: u64,
    /// What to look for.
    pub pattern: Pattern,
    /// What to answer.
    pub wanted: Wanted,
    /// So many pages may be sent before [`Order::More`] is needed.
    pub window: u32,
}

/// A file that a shard is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its number, in the order of the output.
    pub number: u32,
    /// Its path, as the system takes it.
    pub path: ByteBuf,
    /// Its size when it was found. It may be another one by now.
    pub bytes: u64,
}

/// Which files are held and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whether files with NUL bytes are held too.
    pub takes_binary: bool,
    /// Larger files are left out.
    pub largest: u64,
}

/// What a shard is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// What comes after this is for the shard of this life; what came before was for one that is dead.
    Begin {
        /// As the shard said in [`Said::Here`].
        life: u64,
    },
    /// Hold these files; those that are held already are read again.
    Load(Vec<File>),
    /// Say what is held and what could not be.
    Report,
    /// Look for something.
    Ask(Question),
    /// So many further pages may be sent: those before are not in anybody's way any more.
    More {
        /// In answer to this question.
        question: u64,
        /// How many.
        pages: u32,
    },
    /// Nobody waits for the answer to this question any more.
    Enough {
        /// The question.
        question: u64,
    },
    /// The end.
    Stop,
}

/// What became of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// Files held.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
    /// Files left out since the last report because they hold NUL bytes.
    pub binary: u64,
    /// The same because they are too large.
    pub large: u64,
    /// Files that could not be read since the last report, and why.
    pub unread: Vec<(u32, String)>,
}

/// A line's place in the answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The file's number.
    pub file: u32,
    /// From 1.
    pub number: u64,
    /// Whether it matches; other lines are context.
    pub is_match: bool,
    /// Where its text ends in the page; it begins where the one before it ends.
    pub end: u32,
    /// How many bytes were cut off.
    pub cut: u64,
    /// Where its spans end in the page.
    pub spans: u32,
}

/// Part of the answer to a question: lines of a shard's files, in the order of files and lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Line>,
    /// Their texts, without line ends.
    pub text: ByteBuf,
    /// Matches: first byte and byte after the last, within the line.
    pub spans: Vec<(u32, u32)>,
    /// Files with the number of lines that match.
    pub counts: Vec<(u32, u64)>,
    /// All files up to this number are answered for.
    pub through: Option<u32>,
}

impl Page {
    /// An empty page that keeps its memory.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.text.clear();
        self.spans.clear();
        self.counts.clear();
        self.through = None;
    }
}

/// What a shard says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// The shard is up.
    Here {
        /// Its process.
        pid: u32,
    },
    /// In answer to [`Order::Report`].
    Holds(Holdings),
    /// Part of the answer to a question.
    Page(u64, Page),
    /// A question's pattern cannot be looked for, and why.
    Unfit(u64, String),
    /// The answer is complete.
    Done(u64),
    /// The shard will not come up again, and why.
    Lost(String),
}

/// What a shard says, and which it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The shard, from 0.
    pub shard: u32,
    /// A random number, another one each time the shard is begun.
    pub life: u64,
    /// What it says.
    pub said: Said,
}

/// Holds files and answers questions about them until it is told to stop.
#[derive(Debug)]
pub struct SearchShard;

impl Task for SearchShard {
    const KIND: &'static str = "search.shard";
    type Input = Shard;
    type Output = ();
}

/// What a shard is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shard {
    /// Which one it is, from 0.
    pub number: u32,
    /// Which files are held.
    pub terms: Terms,
    /// Where it gets its orders.
    pub orders: ConsumerTicket<Order>,
    /// Where it puts its answers.
    pub answers: ProducerTicket<Answer>,
}
