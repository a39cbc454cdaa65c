//! Numbers that processes share without a lock.

use super::{SyncError, Ticket, ticket::sealed::Sealed};
use crate::shm::{Atom, Atoms, Number, member::Kind};

const VALUE: Kind = Kind::small(*b"valu");
const ARRAY: Kind = Kind::small(*b"arry");

/// A number, or a `bool`, that processes share.
///
/// Every operation is one step, so a process that is killed leaves the old number or the new one. Whoever has seen a
/// value sees also all that was written before it was put there. For more than one number that belong together, there
/// is [`Mutex`](super::Mutex).
///
/// ```
/// use brigade_protocol::sync::Value;
///
/// let done = Value::new(0_u64)?;
/// let opened = done.ticket().open()?; // in a task
/// assert_eq!(opened.fetch_add(5), 0);
/// assert_eq!(done.get(), 5);
/// assert_eq!(done.update(|number| number * 2), 10);
/// # Ok::<(), brigade_protocol::sync::SyncError>(())
/// ```
#[derive(Debug)]
pub struct Value<T: Atom> {
    atoms: Atoms<T>,
}

/// A fixed number of numbers that processes share; each of them is as a [`Value`].
///
/// ```
/// use brigade_protocol::sync::Array;
///
/// let meals = Array::new(&[0_u32; 5])?;
/// let opened = meals.ticket().open()?; // in a task
/// opened.fetch_add(3, 1);
/// opened.set(4, 9);
/// assert_eq!(meals.to_vec(), [0, 0, 0, 1, 9]);
/// assert_eq!(meals.get(5), None);
/// # Ok::<(), brigade_protocol::sync::SyncError>(())
/// ```
#[derive(Debug)]
pub struct Array<T: Atom> {
    atoms: Atoms<T>,
}

impl<T: Atom> Value<T> {
    /// Shares a number.
    ///
    /// # Errors
    /// [`SyncError::System`] when there is no memory or no descriptor left.
    pub fn new(value: T) -> Result<Self, SyncError> {
        let atoms = Atoms::create(VALUE, &[value])?;
        atoms
            .map(|atoms| Self { atoms })
            .ok_or(SyncError::Impossible("a value of this size"))
    }

    #[inline]
    fn cell(&self) -> &T::Cell {
        let cell = self.atoms.get(0);
        #[expect(clippy::expect_used, reason = "made and opened with one")]
        cell.expect("a value has one cell")
    }

    /// What it is.
    #[inline]
    #[must_use]
    pub fn get(&self) -> T {
        T::load(self.cell())
    }

    /// Makes it something else.
    #[inline]
    pub fn set(&self, value: T) {
        T::store(self.cell(), value);
    }

    /// Makes it something else and returns what it was.
    #[inline]
    pub fn swap(&self, value: T) -> T {
        T::swap(self.cell(), value)
    }

    /// Makes it something else if it is `from`.
    ///
    /// # Errors
    /// What it is, if it is not `from`. Floats are compared bit by bit.
    #[inline]
    pub fn exchange(&self, from: T, to: T) -> Result<T, T> {
        T::exchange(self.cell(), from, to)
    }

    /// Makes it what `change` makes of it, which is asked again whenever others were quicker. Returns the new value.
    pub fn update(&self, change: impl FnMut(T) -> T) -> T {
        update(self.cell(), change)
    }

    /// Adds to it, wrapping around where whole numbers end, and returns what it was.
    #[inline]
    pub fn fetch_add(&self, amount: T) -> T
    where
        T: Number,
    {
        T::add(self.cell(), amount)
    }

    /// A ticket for others to open it.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Self> {
        Ticket::new(self.atoms.member().address())
    }
}

impl<T: Atom> Sealed for Value<T> {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        let atoms = Atoms::open(VALUE, ticket.address())?;
        if atoms.len() != 1 {
            return Err(SyncError::Other);
        }
        Ok(Self { atoms })
    }
}

impl<T: Atom> Array<T> {
    /// Shares these numbers.
    ///
    /// # Errors
    /// [`SyncError::System`] when there is no memory or no descriptor left.
    pub fn new(values: &[T]) -> Result<Self, SyncError> {
        let atoms = Atoms::create(ARRAY, values)?;
        atoms
            .map(|atoms| Self { atoms })
            .ok_or(SyncError::Impossible("an array of this length"))
    }

    /// How many there are.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.atoms.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number at this index.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<T> {
        self.atoms.get(index).map(T::load)
    }

    /// Makes the number at this index something else; whether there is one.
    #[inline]
    pub fn set(&self, index: usize, value: T) -> bool {
        let cell = self.atoms.get(index);
        cell.inspect(|cell| T::store(cell, value)).is_some()
    }

    /// Makes the number at this index something else if it is `from`; `None` if there is none.
    #[inline]
    pub fn exchange(&self, index: usize, from: T, to: T) -> Option<Result<T, T>> {
        self.atoms
            .get(index)
            .map(|cell| T::exchange(cell, from, to))
    }

    /// Makes the number at this index what `change` makes of it; the new value.
    pub fn update(&self, index: usize, change: impl FnMut(T) -> T) -> Option<T> {
        self.atoms.get(index).map(|cell| update(cell, change))
    }

    /// Adds to the number at this index and returns what it was.
    #[inline]
    pub fn fetch_add(&self, index: usize, amount: T) -> Option<T>
    where
        T: Number,
    {
        self.atoms.get(index).map(|cell| T::add(cell, amount))
    }

    /// All numbers, each as it is when its turn comes.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// All numbers, each as it is when its turn comes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<T> {
        self.iter().collect()
    }

    /// A ticket for others to open it.
    #[must_use]
    pub fn ticket(&self) -> Ticket<Self> {
        Ticket::new(self.atoms.member().address())
    }
}

impl<T: Atom> Sealed for Array<T> {
    fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError> {
        let atoms = Atoms::open(ARRAY, ticket.address())?;
        Ok(Self { atoms })
    }
}

fn update<T: Atom>(cell: &T::Cell, mut change: impl FnMut(T) -> T) -> T {
    let mut old = T::load(cell);
    loop {
        let new = change(old);
        match T::exchange(cell, old, new) {
            Ok(_) => return new,
            Err(newer) => old = newer,
        }
    }
}
