//! Features as they lie in a segment: numbers, or bytes that stand for whole numbers.

/// The features of all samples, row by row.
#[derive(Debug, Clone, Copy)]
pub enum Matrix<'a> {
    /// Any finite numbers.
    F64(&'a [f64]),
    /// Whole numbers from 0 to 255.
    U8(&'a [u8]),
}

/// The features of one sample.
///
/// ```
/// use brigade_protocol::shm::Row;
///
/// let bytes = Row::U8(&[0, 255]);
/// assert_eq!((bytes.len(), bytes.get(1)), (2, 255.0));
/// assert_eq!(bytes, Row::F64(&[0.0, 255.0]));
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// Any finite numbers.
    F64(&'a [f64]),
    /// Whole numbers from 0 to 255.
    U8(&'a [u8]),
}

impl<'a> Row<'a> {
    /// Number of features.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::F64(features) => features.len(),
            Self::U8(features) => features.len(),
        }
    }

    /// Whether there is no feature.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One feature.
    ///
    /// # Panics
    /// When there is no such feature.
    #[must_use]
    pub fn get(&self, index: usize) -> f64 {
        match self {
            Self::F64(features) => features[index],
            Self::U8(features) => f64::from(features[index]),
        }
    }

    /// All features in the order of the columns.
    #[must_use]
    pub fn iter(self) -> impl ExactSizeIterator<Item = f64> + use<'a> {
        (0..self.len()).map(move |index| self.get(index))
    }

    /// Copies the features.
    ///
    /// # Panics
    /// When `out` has another length.
    pub fn copy_to(&self, out: &mut [f64]) {
        match self {
            Self::F64(features) => out.copy_from_slice(features),
            Self::U8(features) => {
                assert_eq!(features.len(), out.len());
                for (to, &from) in out.iter_mut().zip(*features) {
                    *to = f64::from(from);
                }
            }
        }
    }

    /// The features as numbers.
    #[must_use]
    pub fn to_vec(&self) -> Vec<f64> {
        self.iter().collect()
    }
}

impl PartialEq for Row<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
