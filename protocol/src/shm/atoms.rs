//! Numbers in shared memory that many may change at any time, each whole.
#![expect(unsafe_code, reason = "atomics in memory that several processes map")]

use std::{
    marker::PhantomData,
    sync::atomic::{
        AtomicU8, AtomicU16, AtomicU32, AtomicU64,
        Ordering::{AcqRel, Acquire, Release},
    },
};

use super::{
    Address, ArenaError,
    member::{Kind, Member, OpenError},
};

/// What [`Value`](crate::sync::Value) and [`Array`](crate::sync::Array) are made of: whole numbers of 8 to 64
/// bits, floats, and `bool`.
pub trait Atom: sealed::Sealed + Copy + Send + Sync + 'static {}

/// An [`Atom`] that can be added to: all but `bool`.
pub trait Number: Atom {
    #[doc(hidden)]
    fn add(cell: &Self::Cell, amount: Self) -> Self;
}

pub(crate) mod sealed {
    /// The atomic behind a type.
    pub trait Sealed: Sized {
        /// As it lies in memory.
        type Cell: Sync;
        /// The cell at an address.
        ///
        /// # Safety
        /// The address must be aligned for the cell, and be used as this cell only, for as long as `'a`.
        unsafe fn cell<'a>(at: *mut u8) -> &'a Self::Cell;
        /// What is there.
        fn load(cell: &Self::Cell) -> Self;
        /// Puts something else there.
        fn store(cell: &Self::Cell, value: Self);
        /// Puts something else there, and returns what was.
        fn swap(cell: &Self::Cell, value: Self) -> Self;
        /// Puts something else there if it is `from`; what was there.
        fn exchange(cell: &Self::Cell, from: Self, to: Self) -> Result<Self, Self>;
    }
}

macro_rules! atom {
    ($($type:ty: $cell:ty, $to:expr, $from:expr;)*) => { $(
        impl Atom for $type {}

        impl sealed::Sealed for $type {
            type Cell = $cell;

            #[inline]
            unsafe fn cell<'a>(at: *mut u8) -> &'a Self::Cell {
                // SAFETY: as the caller promises.
                unsafe { <$cell>::from_ptr(at.cast()) }
            }

            #[inline]
            fn load(cell: &Self::Cell) -> Self {
                ($from)(cell.load(Acquire))
            }

            #[inline]
            fn store(cell: &Self::Cell, value: Self) {
                cell.store(($to)(value), Release);
            }

            #[inline]
            fn swap(cell: &Self::Cell, value: Self) -> Self {
                ($from)(cell.swap(($to)(value), AcqRel))
            }

            #[inline]
            fn exchange(cell: &Self::Cell, from: Self, to: Self) -> Result<Self, Self> {
                cell.compare_exchange(($to)(from), ($to)(to), AcqRel, Acquire)
                    .map($from)
                    .map_err($from)
            }
        }
    )* };
}

atom! {
    bool: AtomicU8, u8::from, |byte| byte != 0;
    u8: AtomicU8, |number| number, |bits| bits;
    u16: AtomicU16, |number| number, |bits| bits;
    u32: AtomicU32, |number| number, |bits| bits;
    u64: AtomicU64, |number| number, |bits| bits;
    i8: AtomicU8, i8::cast_unsigned, u8::cast_signed;
    i16: AtomicU16, i16::cast_unsigned, u16::cast_signed;
    i32: AtomicU32, i32::cast_unsigned, u32::cast_signed;
    i64: AtomicU64, i64::cast_unsigned, u64::cast_signed;
    f32: AtomicU32, f32::to_bits, f32::from_bits;
    f64: AtomicU64, f64::to_bits, f64::from_bits;
}

macro_rules! whole_number {
    ($($type:ty: $to:expr, $from:expr;)*) => { $(
        impl Number for $type {
            #[inline]
            fn add(cell: &Self::Cell, amount: Self) -> Self {
                ($from)(cell.fetch_add(($to)(amount), AcqRel))
            }
        }
    )* };
}

whole_number! {
    u8: |number| number, |bits| bits;
    u16: |number| number, |bits| bits;
    u32: |number| number, |bits| bits;
    u64: |number| number, |bits| bits;
    i8: i8::cast_unsigned, u8::cast_signed;
    i16: i16::cast_unsigned, u16::cast_signed;
    i32: i32::cast_unsigned, u32::cast_signed;
    i64: i64::cast_unsigned, u64::cast_signed;
}

macro_rules! float {
    ($($type:ty)*) => { $(
        impl Number for $type {
            fn add(cell: &Self::Cell, amount: Self) -> Self {
                let mut old = <Self as sealed::Sealed>::load(cell);
                loop {
                    match <Self as sealed::Sealed>::exchange(cell, old, old + amount) {
                        Ok(old) => return old,
                        Err(newer) => old = newer,
                    }
                }
            }
        }
    )* };
}

float! { f32 f64 }

/// Many of one kind.
#[derive(Debug)]
pub(crate) struct Atoms<T> {
    member: Member,
    /// As it was when opened.
    count: usize,
    kind: PhantomData<fn(T) -> T>,
}

impl<T: Atom> Atoms<T> {
    /// Shares these values; `None` when there are too many.
    pub(crate) fn create(kind: Kind, values: &[T]) -> Result<Option<Self>, ArenaError> {
        let count = values.len();
        let Some(bytes) = count.checked_mul(size_of::<T::Cell>()) else {
            return Ok(None);
        };
        let member = Member::create(kind_of::<T>(kind), bytes, |_| ())?;
        let atoms = Self {
            member,
            count,
            kind: PhantomData,
        };
        // Nobody has its address yet.
        for (index, value) in values.iter().enumerate() {
            if let Some(cell) = atoms.get(index) {
                T::store(cell, *value);
            }
        }
        Ok(Some(atoms))
    }

    /// Opens what another opening shares.
    pub(crate) fn open(kind: Kind, address: Address) -> Result<Self, OpenError> {
        let member = Member::open(kind_of::<T>(kind), address)?;
        let bytes = member.data_bytes().min(member.arena().ring_bytes());
        Ok(Self {
            member,
            count: bytes / size_of::<T::Cell>(),
            kind: PhantomData,
        })
    }

    pub(crate) fn member(&self) -> &Member {
        &self.member
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// The one at this index.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T::Cell> {
        if index >= self.count {
            return None;
        }
        let at = self
            .member
            .arena()
            .ring()
            .wrapping_add(index * size_of::<T::Cell>());
        // SAFETY: the ring begins at a page, and so many cells are in it. All who open it agree on their size and
        // alignment (`Member::open`) and use them through this function alone; the first values were written
        // before there was anybody else.
        Some(unsafe { T::cell(at) })
    }
}

fn kind_of<T: Atom>(kind: Kind) -> Kind {
    kind.of(size_of::<T::Cell>(), align_of::<T::Cell>())
}
