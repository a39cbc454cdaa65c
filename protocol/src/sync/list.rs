//! A list of various items.
//!
//! The memory is a row of 64-bit words: how many items there are; for each item its head, where its room begins, and
//! how many words that has; then the rooms, two for each item. The head says in which of its two rooms an item is,
//! and what it is. Who changes an item fills the other room and then the head, by one store: killed before it,
//! nothing has changed. Who reads looks at the head again afterwards.

use std::time::Duration;

use super::{Item, SyncError, Ticket, item::Tag, ticket::sealed::Sealed};
use crate::shm::{Atoms, Cell, lock::Lock, member::Kind};

const KIND: Kind = Kind::small(*b"list");
/// The lock of who changes items.
const LOCK: usize = 64;
/// How long who changes an item waits for others who do.
const OTHERS: Duration = Duration::from_secs(10);
const WORDS_PER_ITEM: usize = 3;
const WORD_BYTES: usize = 8;

/// What an item is, how long, in which of its rooms, and how many times it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head(u64);

impl Head {
    const LENGTH_SHIFT: u32 = 4;
    const CHANGES_SHIFT: u32 = 36;

    fn new(tag: Tag, length: u32, changes: u64) -> Self {
        let length = u64::from(length) << Self::LENGTH_SHIFT;
        Self(changes << Self::CHANGES_SHIFT | length | tag.number() << 1 | changes & 1)
    }

    fn tag(self) -> Option<Tag> {
        Tag::of_number(self.0 >> 1 & 7)
    }

    fn length(self) -> usize {
        usize::try_from(self.0 >> Self::LENGTH_SHIFT & u64::from(u32::MAX)).unwrap_or(usize::MAX)
    }

    fn changes(self) -> u64 {
        self.0 >> Self::CHANGES_SHIFT
    }

    fn room(self) -> usize {
        usize::from(self.0 & 1 != 0)
    }
}

/// A list that processes share, of numbers, text, bytes, `true`, `false` and nothing, as multiprocessing's
/// `ShareableList` is.
///
/// Its length is fixed when it is made, and so is the room of each item: eight bytes at least, or what text and bytes
/// had. Within that, items can be replaced, by any others. Reading takes no lock; what is read is always one item as
/// somebody put it, whoever is killed when.
///
/// ```
/// use brigade_protocol::sync::{Item, SharedList, SyncError};
///
/// let list = SharedList::new(["Reuben".into(), 7.into(), 2.5.into(), true.into(), Item::None])?;
/// let opened = list.ticket().open()?; // in a task
/// opened.set(0, "BLT")?;
/// opened.set(4, 12)?;
/// assert_eq!(list.get(0), Some(Item::Text("BLT".into())));
/// assert_eq!(list.get(4), Some(Item::Int(12)));
/// assert_eq!(list.position(&true.into()), Some(3));
/// let error = opened.set(0, "Grilled Cheese with extra Cheese");
/// assert!(matches!(error, Err(SyncError::TooLong { room: 8, .. })));
/// # Ok::<(), SyncError>(())
/// ```
#[derive(Debug)]
pub struct SharedList {
    words: Atoms<u64>,
    /// As it was when opened.
    length: usize,
}

impl SharedList {
    /// Shares these items.
    ///
    /// # Errors
    /// [`SyncError::Impossible`] for an item of 4 GiB or more, and [`SyncError::System`] when there is no memory or no
    /// descriptor left.
    pub fn new(items: impl IntoIterator<Item = Item>) -> Result<Self, SyncError> {
        const TOO_LARGE: SyncError = SyncError::Impossible("a list so large");
        let items: Vec<_> = items.into_iter().map(|item| item.encode()).collect();
        let mut words = vec![items.len() as u64];
        let mut place = 1 + WORDS_PER_ITEM * items.len();
        for (tag, bytes) in &items {
            let room = bytes.len().div_ceil(WORD_BYTES).max(1);
            let length = u32::try_from(bytes.len()).map_err(|_| TOO_LARGE)?;
            words.extend([Head::new(*tag, length, 0).0, place as u64, room as u64]);
            place = room
                .checked_mul(2)
                .and_then(|rooms| place.checked_add(rooms))
                .ok_or(TOO_LARGE)?;
        }
        for (_, bytes) in &items {
            let start = words.len();
            words.extend(in_words(bytes));
            let room = (words.len() - start).max(1);
            words.resize(start + 2 * room, 0);
        }
        let atoms = Atoms::create(KIND, &words)?;
        atoms
            .map(|words| Self {
                words,
                length: items.len(),
            })
            .ok_or(TOO_LARGE)
    }

    /// How many items there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The item at this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Item> {
        loop {
            let (head, place, room) = self.entry(index)?;
            let bytes = head.length().min(room * WORD_BYTES);
            let start = place.checked_add(head.room() * room)?;
            let mut content = Vec::with_capacity(bytes.next_multiple_of(WORD_BYTES));
            for at in start..start + bytes.div_ceil(WORD_BYTES) {
                content.extend(self.word(at)?.to_le_bytes());
            }
            content.truncate(bytes);
            // Changed twice meanwhile, the room may have been filled anew.
            if self.entry(index)?.0 == head {
                return Some(Item::decode(head.tag()?, content));
            }
        }
    }

    /// Replaces the item at this index.
    ///
    /// # Errors
    /// [`SyncError::NoSuchItem`], [`SyncError::TooLong`] when it needs more bytes than the item there had when the list
    /// was made, and [`SyncError::Busy`] when somebody else has been stopped in the middle of this.
    pub fn set(&self, index: usize, item: impl Into<Item>) -> Result<(), SyncError> {
        let (tag, bytes) = item.into().encode();
        let no_such_item = SyncError::NoSuchItem {
            index,
            length: self.length,
        };
        let turn = Lock::at(self.words.member(), LOCK).take(Some(OTHERS));
        let turn = turn.ok_or(SyncError::Busy)?;
        // Whoever died with the turn has changed a head or has not: there is nothing to set right.
        if turn.is_marked() {
            turn.mend();
        }
        let (head, place, room) = self.entry(index).ok_or(no_such_item)?;
        let too_long = SyncError::TooLong {
            bytes: bytes.len(),
            room: room.saturating_mul(WORD_BYTES),
        };
        if bytes.len() > room.saturating_mul(WORD_BYTES) {
            return Err(too_long);
        }
        let length = u32::try_from(bytes.len()).map_err(|_| too_long)?;
        let new = Head::new(tag, length, head.changes() + 1);
        for (at, word) in in_words(&bytes).enumerate() {
            self.put(place + new.room() * room + at, word);
        }
        self.put(1 + WORDS_PER_ITEM * index, new.0);
        drop(turn);
        Ok(())
    }

    /// All items, each as it is when its turn comes.
    pub fn iter(&self) -> impl Iterator<Item = Item> {
        (0..self.length).filter_map(|index| self.get(index))
    }

    /// All items, each as it is when its turn comes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Item> {
        self.iter().collect()
    }

    /// Where this item is first.
    #[must_use]
    pub fn position(&self, item: &Item) -> Option<usize> {
        (0..self.length).find(|index| self.get(*index).as_ref() == Some(item))
    }

    /// How often this item is there.
    #[must_use]
    pub fn count(&self, item: &Item) -> usize {
        self.iter().filter(|other| other == item).count()
    }

    /// A ticket for others to open it.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Self> {
        Ticket::new(self.words.member().address())
    }

    /// The head of an item, where its rooms begin, and how many words each has.
    fn entry(&self, index: usize) -> Option<(Head, usize, usize)> {
        if index >= self.length {
            return None;
        }
        let at = 1 + WORDS_PER_ITEM * index;
        let place = usize::try_from(self.word(at + 1)?).ok()?;
        let room = usize::try_from(self.word(at + 2)?).ok()?;
        let is_inside = room <= self.words.len() && place <= self.words.len();
        is_inside.then_some((Head(self.word(at)?), place, room))
    }

    fn word(&self, at: usize) -> Option<u64> {
        self.words.get(at).map(u64::load)
    }

    fn put(&self, at: usize, word: u64) {
        if let Some(cell) = self.words.get(at) {
            u64::store(cell, word);
        }
    }
}

impl Sealed for SharedList {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        let words = Atoms::<u64>::open(KIND, ticket.address())?;
        let length = words.get(0).map_or(0, u64::load);
        let length = usize::try_from(length).map_err(|_| SyncError::Other)?;
        if length > words.len() / WORDS_PER_ITEM {
            return Err(SyncError::Other);
        }
        Ok(Self { words, length })
    }
}

fn in_words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks(WORD_BYTES).map(|chunk| {
        let mut word = [0; WORD_BYTES];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    })
}
