//! NumPy's `.npy`, versions 1.0 to 3.0: a magic number, the length of a header that is a Python dictionary, the elements.
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use super::{
    array::{Array, Kind},
    array_error::ArrayError,
};

/// What such a file begins with.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads the header.
pub(super) fn header(source: &str, bytes: &[u8]) -> Result<Array, ArrayError> {
    parse(bytes).map_err(|cause| ArrayError::Header {
        source_name: source.to_owned(),
        cause,
    })
}

fn parse(bytes: &[u8]) -> Result<Array, String> {
    let early = || "it ends early; get the file anew".to_owned();
    let rest = bytes.get(MAGIC.len()..).ok_or_else(early)?;
    let (length, before) = match rest {
        [1, _, a, b, ..] => (u32::from(u16::from_le_bytes([*a, *b])), 4),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]), 6),
        [major, minor, ..] if *major == 0 || *major > 3 => {
            return Err(format!("version {major}.{minor} is none of 1.0 to 3.0"));
        }
        _ => return Err(early()),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let rest = rest.get(before..).and_then(|rest| rest.get(..length));
    let text = str::from_utf8(rest.ok_or_else(early)?).map_err(|_| "it is not UTF-8".to_owned())?;
    let header = Header::parse(text).ok_or_else(|| {
        let shown: String = text.trim_end().chars().take(80).collect();
        format!(
            "expected {{'descr': '<f8', 'fortran_order': False, 'shape': (150, 4)}}, found {shown}"
        )
    })?;
    let (kind, size, is_big_endian) = element(header.descr).ok_or_else(|| {
        format!(
            "elements of type {} are not supported; save numbers as .astype('float64'), labels as .astype(str)",
            header.descr
        )
    })?;
    Ok(Array {
        shape: header.shape,
        kind,
        size,
        is_big_endian,
        is_fortran: header.is_fortran,
        start: MAGIC.len() + before + length,
    })
}

/// The element that such as `<f8` or `|S10` names: its kind, its bytes, and whether it is big-endian.
fn element(descr: &str) -> Option<(Kind, usize, bool)> {
    let is_big_endian = descr.starts_with('>');
    let descr = descr.strip_prefix(['<', '>', '|', '='])?;
    let mut chars = descr.chars();
    let (kind, size) = (chars.next()?, chars.as_str().parse::<usize>().ok()?);
    let (kind, size) = match (kind, size) {
        ('b', 1) => (Kind::Bool, 1),
        ('u', 1 | 2 | 4 | 8) => (Kind::Unsigned, size),
        ('i', 1 | 2 | 4 | 8) => (Kind::Signed, size),
        ('f', 4 | 8) => (Kind::Float, size),
        ('S', 1..) => (Kind::Bytes, size),
        ('U', 1..) => (Kind::Chars, size.checked_mul(4)?),
        _ => return None,
    };
    Some((kind, size, is_big_endian))
}

/// What the dictionary says.
struct Header<'a> {
    descr: &'a str,
    is_fortran: bool,
    shape: Vec<usize>,
}

impl<'a> Header<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut rest = Rest(text);
        let (mut descr, mut is_fortran, mut shape) = (None, None, None);
        rest.eat("{")?;
        while rest.eat("}").is_none() {
            let key = rest.string()?;
            rest.eat(":")?;
            match key {
                "descr" => descr = Some(rest.descr()?),
                "fortran_order" => is_fortran = Some(rest.boolean()?),
                "shape" => shape = Some(rest.shape()?),
                _ => return None,
            }
            if rest.eat(",").is_none() {
                rest.eat("}")?;
                break;
            }
        }
        rest.0.trim().is_empty().then_some(())?;
        Some(Self {
            descr: descr?,
            is_fortran: is_fortran?,
            shape: shape?,
        })
    }
}

/// What is left of a Python literal.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn eat(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let quote = text
            .chars()
            .next()
            .filter(|quote| matches!(quote, '\'' | '"'))?;
        let (inside, rest) = text.get(1..)?.split_once(quote)?;
        self.0 = rest;
        Some(inside)
    }

    /// A type, or the whole list of those of a structured one, to be shown.
    fn descr(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        if !text.starts_with('[') {
            return self.string();
        }
        let (list, rest) = text.split_at_checked(text.rfind(']')? + 1)?;
        self.0 = rest;
        Some(list)
    }

    fn boolean(&mut self) -> Option<bool> {
        let is_true = self.eat("True").is_some();
        if !is_true {
            self.eat("False")?;
        }
        Some(is_true)
    }

    fn shape(&mut self) -> Option<Vec<usize>> {
        self.eat("(")?;
        let (inside, rest) = self.0.split_once(')')?;
        self.0 = rest;
        let lengths = inside.trim().trim_end_matches(',');
        if lengths.is_empty() {
            return Some(Vec::new());
        }
        lengths
            .split(',')
            .map(|length| length.trim().parse().ok())
            .collect()
    }
}
