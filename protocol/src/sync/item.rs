//! What a shared list can hold.

/// One item of a [`SharedList`](super::SharedList).
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Nothing.
    None,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// How an item is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    None,
    Bool,
    Int,
    Float,
    Text,
    Bytes,
}

impl Tag {
    const ALL: [Self; 6] = [
        Self::None,
        Self::Bool,
        Self::Int,
        Self::Float,
        Self::Text,
        Self::Bytes,
    ];

    pub(super) fn number(self) -> u64 {
        self as u64
    }

    pub(super) fn of_number(number: u64) -> Option<Self> {
        usize::try_from(number)
            .ok()
            .and_then(|number| Self::ALL.get(number).copied())
    }
}

impl Item {
    /// What it is, and its bytes.
    pub(super) fn encode(&self) -> (Tag, Vec<u8>) {
        match self {
            Self::None => (Tag::None, Vec::new()),
            Self::Bool(is_so) => (Tag::Bool, vec![u8::from(*is_so)]),
            Self::Int(number) => (Tag::Int, number.to_le_bytes().to_vec()),
            Self::Float(number) => (Tag::Float, number.to_le_bytes().to_vec()),
            Self::Text(text) => (Tag::Text, text.clone().into_bytes()),
            Self::Bytes(bytes) => (Tag::Bytes, bytes.clone()),
        }
    }

    /// The other way round. Who writes nonsense into the memory gets something else, and never an error.
    pub(super) fn decode(tag: Tag, bytes: Vec<u8>) -> Self {
        let number = || <[u8; 8]>::try_from(&bytes[..]).unwrap_or_default();
        match tag {
            Tag::None => Self::None,
            Tag::Bool => Self::Bool(bytes.first().is_some_and(|byte| *byte != 0)),
            Tag::Int => Self::Int(i64::from_le_bytes(number())),
            Tag::Float => Self::Float(f64::from_le_bytes(number())),
            Tag::Text => Self::Text(
                String::from_utf8(bytes)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            ),
            Tag::Bytes => Self::Bytes(bytes),
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident, $make:expr;)*) => { $(
        impl From<$type> for Item {
            fn from(value: $type) -> Self {
                Self::$variant(($make)(value))
            }
        }
    )* };
}

from! {
    bool => Bool, |is_so| is_so;
    i32 => Int, i64::from;
    u32 => Int, i64::from;
    i64 => Int, |number| number;
    f32 => Float, f64::from;
    f64 => Float, |number| number;
    &str => Text, str::to_owned;
    String => Text, |text| text;
    &[u8] => Bytes, <[u8]>::to_vec;
    Vec<u8> => Bytes, |bytes| bytes;
}

impl From<()> for Item {
    fn from((): ()) -> Self {
        Self::None
    }
}

impl<T: Into<Self>> From<Option<T>> for Item {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, T::into)
    }
}
