//! What Python calls encodings.

use encoding_rs::Encoding;

/// How bytes become characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Ascii,
    /// Every byte is the character of that number.
    Latin1,
    /// One of the web's; those that Python calls by an ISO name have control characters where the web has others.
    Other(&'static Encoding, Controls),
}

/// Whether bytes that stand for nothing else are control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controls {
    Allowed,
    Undefined,
}

/// By the web's label of an encoding, the names that Python has for it, letters and digits only.
#[rustfmt::skip]
const NAMES: &[(&str, &[&str])] = &[
    ("windows-1250", &["cp1250", "windows1250", "1250"]),
    ("windows-1251", &["cp1251", "windows1251", "1251"]),
    ("windows-1252", &["cp1252", "windows1252", "1252"]),
    ("windows-1253", &["cp1253", "windows1253", "1253"]),
    ("windows-1254", &["cp1254", "windows1254", "1254", "iso88599", "latin5", "l5"]),
    ("windows-1255", &["cp1255", "windows1255", "1255"]),
    ("windows-1256", &["cp1256", "windows1256", "1256"]),
    ("windows-1257", &["cp1257", "windows1257", "1257"]),
    ("windows-1258", &["cp1258", "windows1258", "1258"]),
    ("iso-8859-2", &["iso88592", "latin2", "l2"]),
    ("iso-8859-3", &["iso88593", "latin3", "l3"]),
    ("iso-8859-4", &["iso88594", "latin4", "l4"]),
    ("iso-8859-5", &["iso88595", "cyrillic"]),
    ("iso-8859-6", &["iso88596", "arabic"]),
    ("iso-8859-7", &["iso88597", "greek", "greek8"]),
    ("iso-8859-8", &["iso88598", "hebrew"]),
    ("iso-8859-10", &["iso885910", "latin6", "l6"]),
    ("windows-874", &["iso885911", "thai", "tis620", "cp874"]),
    ("iso-8859-13", &["iso885913", "latin7", "l7"]),
    ("iso-8859-14", &["iso885914", "latin8", "l8"]),
    ("iso-8859-15", &["iso885915", "latin9", "l9"]),
    ("iso-8859-16", &["iso885916", "latin10", "l10"]),
    ("koi8-r", &["koi8r", "cskoi8r"]),
    ("koi8-u", &["koi8u"]),
    ("ibm866", &["cp866", "ibm866", "866"]),
    ("macintosh", &["macroman", "macintosh"]),
    ("x-mac-cyrillic", &["maccyrillic"]),
    ("shift_jis", &["shiftjis", "sjis", "csshiftjis", "cp932", "932", "ms932", "mskanji"]),
    ("euc-jp", &["eucjp", "ujis", "ujisx"]),
    ("iso-2022-jp", &["iso2022jp", "csiso2022jp"]),
    ("euc-kr", &["euckr", "korean", "ksc5601", "cp949", "949", "ms949", "uhc"]),
    ("gbk", &["gb2312", "euccn", "chinese", "gbk", "cp936", "936", "ms936"]),
    ("gb18030", &["gb18030", "gb180302000"]),
    ("big5", &["big5", "big5tw", "big5hkscs", "hkscs", "cp950", "950", "ms950"]),
];

const UTF8: [&str; 3] = ["u8", "utf", "cp65001"];
const ASCII: [&str; 5] = ["ascii", "usascii", "646", "ansix341968", "iso646us"];
const LATIN1: [&str; 11] = [
    "latin1",
    "iso88591",
    "88591",
    "latin",
    "l1",
    "cp819",
    "8859",
    "isolatin1",
    "iso8859",
    "iso885911987",
    "ibm819",
];

/// What Python calls an encoding. Its names differ from those of the web: there, `latin-1` is cp1252.
pub(super) fn charset(name: &str) -> Option<Charset> {
    if is_latin1_of_editors(name) {
        return Some(Charset::Latin1);
    }
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    let name = name.as_str();
    if name.starts_with("utf8") || UTF8.contains(&name) {
        return Some(Charset::Utf8);
    }
    if ASCII.contains(&name) {
        return Some(Charset::Ascii);
    }
    if LATIN1.contains(&name) {
        return Some(Charset::Latin1);
    }
    let (label, _) = NAMES.iter().find(|(_, names)| names.contains(&name))?;
    let by_vendor = ["cp", "windows", "125", "874"];
    let controls = if by_vendor.iter().any(|vendor| name.starts_with(vendor)) {
        Controls::Undefined
    } else {
        Controls::Allowed
    };
    Encoding::for_label(label.as_bytes()).map(|encoding| Charset::Other(encoding, controls))
}

/// With anything behind a hyphen, as editors write it: `latin-1-unix`.
fn is_latin1_of_editors(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    ["latin-1", "iso-8859-1", "iso-latin-1"]
        .iter()
        .any(|latin1| {
            let rest = plain.strip_prefix(latin1);
            rest.is_some_and(|rest| rest.starts_with('-'))
        })
}
