//! Why a pickle is refused.

/// What is wrong with a pickle. A name in it is the peer's: shown without control characters, and cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PickleError {
    /// It names something to import: a class, a function, a module's attribute.
    #[error("a pickle that wants to import `{0}`: only plain data is accepted")]
    Import(String),
    /// It would call, build or look up something.
    #[error("a pickle that wants to {0}: only plain data is accepted")]
    Call(&'static str),
    /// It ends before its last value.
    #[error("a pickle that ends in the middle of a value")]
    Truncated,
    /// Bytes follow after its end.
    #[error("a pickle with {0} bytes after its end")]
    Trailing(usize),
    /// It uses a protocol that is not known yet.
    #[error("a pickle of protocol {0}: 0 to 5 are understood")]
    Protocol(u8),
    /// No opcode.
    #[error("no pickle: there is no opcode {0:#04x}")]
    Opcode(u8),
    /// The stack machine's rules are broken.
    #[error("a damaged pickle: {0}")]
    Damaged(&'static str),
    /// More values than one record may have.
    #[error("a pickle of more than {} values", super::MOST_VALUES)]
    TooMany,
    /// Containers in containers.
    #[error(
        "a pickle of values that are nested more than {} deep",
        super::MOST_DEEP
    )]
    TooDeep,
    /// Values that refer to others so often that they grow when they are written out.
    #[error("a pickle that would become a line of more than {0} bytes")]
    TooLong(usize),
    /// The outermost value must be a dict.
    #[error("a record must be a dict, not {0}")]
    NotRecord(&'static str),
}

/// A name from a pickle, fit to be shown.
pub(super) fn shown(module: &[u8], name: &[u8]) -> String {
    const LONGEST: usize = 60;
    let clean = |bytes: &[u8]| -> String {
        let text = String::from_utf8_lossy(bytes);
        text.chars()
            .map(|letter| if letter.is_control() { '?' } else { letter })
            .take(LONGEST)
            .collect()
    };
    format!("{}.{}", clean(module), clean(name))
}
