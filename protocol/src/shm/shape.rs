//! The counts and the element type that a samples segment is made of.

use super::layout::LayoutError;

/// The counts that decide a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// How features are stored.
    pub element: Element,
    /// Number of samples.
    pub rows: usize,
    /// Number of features of a sample.
    pub features: usize,
    /// Number of classes.
    pub classes: usize,
    /// Length of the encoded table of class names, in bytes.
    pub class_names_bytes: usize,
    /// Length of the encoded table of feature names, in bytes; 0 when features have no names.
    pub feature_names_bytes: usize,
}

/// What one feature is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Element {
    /// Eight bytes, IEEE 754 double precision.
    #[default]
    F64,
    /// One byte, a whole number from 0 to 255.
    U8,
}

impl Element {
    /// Bytes per feature.
    #[must_use]
    pub const fn size_bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::U8 => 1,
        }
    }

    pub(super) const fn code(self) -> u32 {
        match self {
            Self::F64 => 1,
            Self::U8 => 2,
        }
    }

    pub(super) const fn from_code(code: u32) -> Result<Self, LayoutError> {
        match code {
            1 => Ok(Self::F64),
            2 => Ok(Self::U8),
            _ => Err(LayoutError::Element { code }),
        }
    }
}
