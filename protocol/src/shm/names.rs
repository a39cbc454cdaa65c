//! A table of names inside a segment: the i-th is found without a search and without a copy.
//!
//! Encoded as one `u32` offset a name and one more for the end, then the names' bytes one after another.

use super::layout::LayoutError;

/// Names that lie in a segment, checked once when the segment was parsed.
///
/// ```
/// use brigade_protocol::shm::NameTable;
///
/// let bytes = NameTable::encode(&["setosa", "versicolor"], "class")?;
/// let mut aligned = vec![0_u64; bytes.len().div_ceil(8)];
/// let place = &mut bytemuck::cast_slice_mut(&mut aligned)[..bytes.len()];
/// place.copy_from_slice(&bytes);
///
/// let names = NameTable::parse(place, 2, "class")?;
/// assert_eq!(names.get(1), Some("versicolor"));
/// # Ok::<(), brigade_protocol::shm::LayoutError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct NameTable<'a> {
    offsets: &'a [u32],
    text: &'a str,
}

impl<'a> NameTable<'a> {
    /// Encodes names; `what` they name (`class`, `feature`) stands in the error.
    ///
    /// # Errors
    /// [`LayoutError::Names`] when the names have 4 GiB or more together.
    pub fn encode<S: AsRef<str>>(names: &[S], what: &'static str) -> Result<Vec<u8>, LayoutError> {
        let text: usize = names.iter().map(|name| name.as_ref().len()).sum();
        let mut bytes = Vec::with_capacity((names.len() + 1) * 4 + text);
        let mut end = 0_usize;
        for length in std::iter::once(0).chain(names.iter().map(|name| name.as_ref().len())) {
            end += length;
            let offset = u32::try_from(end).map_err(|_| LayoutError::Names { what })?;
            bytes.extend_from_slice(&offset.to_ne_bytes());
        }
        for name in names {
            bytes.extend_from_slice(name.as_ref().as_bytes());
        }
        Ok(bytes)
    }

    /// Reads a table of `count` names that fills `bytes` exactly.
    ///
    /// # Errors
    /// [`LayoutError::Names`] for offsets out of order or out of bounds and for text that is not UTF-8;
    /// [`LayoutError::Alignment`] when `bytes` does not start at a multiple of four.
    pub fn parse(bytes: &'a [u8], count: usize, what: &'static str) -> Result<Self, LayoutError> {
        let corrupt = LayoutError::Names { what };
        let offsets_bytes = count
            .checked_add(1)
            .and_then(|count| count.checked_mul(4))
            .ok_or(corrupt.clone())?;
        let (offsets, text) = bytes
            .split_at_checked(offsets_bytes)
            .ok_or(corrupt.clone())?;
        let offsets: &[u32] =
            bytemuck::try_cast_slice(offsets).map_err(|_| LayoutError::Alignment)?;
        let text = std::str::from_utf8(text).map_err(|_| corrupt.clone())?;
        let fills = offsets.first() == Some(&0)
            && offsets
                .last()
                .is_some_and(|&end| end as usize == text.len());
        if !fills
            || !offsets.is_sorted()
            || !offsets.iter().all(|&at| text.is_char_boundary(at as usize))
        {
            return Err(corrupt);
        }
        Ok(Self { offsets, text })
    }

    /// How many names there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a str> {
        let start = *self.offsets.get(index)? as usize;
        let end = *self.offsets.get(index + 1)? as usize;
        self.text.get(start..end)
    }

    /// All names in their order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a str> + Clone + use<'a> {
        let table = *self;
        (0..table.len()).map(move |index| table.get(index).unwrap_or_default())
    }
}
