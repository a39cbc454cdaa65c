//! What may lie in memory that several processes map: data that is a value whatever its bytes are.

use bytemuck::Pod;

/// The alignment of the data's place: that of the smallest page.
const PLACE_ALIGNMENT: usize = 4096;

/// Data that processes can share: no pointers, no padding, every mixture of bytes a value. That is
/// [`bytemuck::Pod`], and slices of it; derive it for types of your own.
pub trait Plain: sealed::Sealed {}

pub(crate) mod sealed {
    /// How a value lies in memory.
    pub trait Sealed {
        /// Size and alignment of the value, or of an element of it.
        const ELEMENT: (usize, usize);
        /// Its bytes.
        fn bytes(&self) -> &[u8];
        /// Whether a value can have so many bytes.
        fn fits(bytes: usize) -> bool;
        /// The value of so many bytes at this address, which fits.
        fn at(place: *mut u8, bytes: usize) -> *mut Self;
    }
}

impl<T: Pod + Send + Sync> Plain for T {}

impl<T: Pod + Send + Sync> sealed::Sealed for T {
    const ELEMENT: (usize, usize) = (size_of::<T>(), align_of::<T>());

    fn bytes(&self) -> &[u8] {
        bytemuck::bytes_of(self)
    }

    fn fits(bytes: usize) -> bool {
        bytes == size_of::<T>() && align_of::<T>() <= PLACE_ALIGNMENT
    }

    #[inline]
    fn at(place: *mut u8, _: usize) -> *mut Self {
        place.cast()
    }
}

impl<T: Pod + Send + Sync> Plain for [T] {}

impl<T: Pod + Send + Sync> sealed::Sealed for [T] {
    const ELEMENT: (usize, usize) = (size_of::<T>(), align_of::<T>());

    fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(self)
    }

    fn fits(bytes: usize) -> bool {
        size_of::<T>() > 0
            && bytes.is_multiple_of(size_of::<T>())
            && align_of::<T>() <= PLACE_ALIGNMENT
    }

    #[inline]
    fn at(place: *mut u8, bytes: usize) -> *mut Self {
        std::ptr::slice_from_raw_parts_mut(place.cast(), bytes / size_of::<T>())
    }
}
