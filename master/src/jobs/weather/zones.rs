//! Which zones there are: the shipped ones, or those of a file.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::unseen;

/// The zones that ship with the binary. `master/data` has a symbolic link to the one copy in the workspace's `data`.
const SHIPPED: &str = include_str!("../../../data/chesapeake-zones.csv");

/// Files above this size are no lists of zones: the whole of the United States has about 700.
const LARGEST_FILE: u64 = 1 << 20;

/// The first line of a file may name its columns, so.
const HEADER: [&str; 3] = ["zone", "same_code", "name"];

/// A stretch of water that has a forecast of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone {
    /// As the National Weather Service numbers it, such as `ANZ531`; in capitals.
    pub(crate) code: String,
    /// As alert radios number it, such as `073531`.
    pub(crate) same_code: String,
    /// What people call it.
    pub(crate) name: String,
}

/// Why there are no zones.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ZonesError {
    #[error("cannot read the zones in {file}")]
    Unreadable {
        file: String,
        #[source]
        source: io::Error,
    },
    #[error(
        "{file} is larger than 1 MiB: expected a list of zones, `zone,same_code,name` in each line"
    )]
    TooLarge { file: String },
    #[error(
        "{file} has no zones: expected `zone,same_code,name` in each line, such as `ANZ540,073540,Eastern Bay`"
    )]
    None { file: String },
    #[error("{file}, line {line}: {why}")]
    Line {
        file: String,
        line: usize,
        why: LineError,
    },
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("it is not UTF-8")]
    NotText,
    #[error("a quote is never closed: a name with a quote in it is written \"like \"\"this\"\"\"")]
    OpenQuote,
    #[error(
        "expected three fields, `zone,same_code,name`, found {0}: a name with a comma in it needs quotes"
    )]
    Fields(usize),
    #[error("expected a zone such as ANZ540, three letters and three digits, found `{0}`")]
    Code(String),
    #[error("expected a same code of six digits such as 073540, found `{0}`")]
    SameCode(String),
    #[error("the zone has no name")]
    NoName,
    #[error("the name has a control character in it: `{0}`")]
    Name(String),
    #[error("{0} is there already, in line {1}")]
    Twice(String, usize),
}

/// The zones of Chesapeake Bay.
pub(crate) fn shipped() -> Result<Vec<Zone>, ZonesError> {
    parse("chesapeake-zones.csv", SHIPPED.as_bytes())
}

/// The zones in a file; `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<Zone>, ZonesError> {
    let is_input = path == Path::new("-");
    let file = if is_input {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let mut bytes = Vec::new();
    let limit = LARGEST_FILE + 1;
    let count = if is_input {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
    };
    match count {
        Err(source) => Err(ZonesError::Unreadable { file, source }),
        Ok(count) if count as u64 == limit => Err(ZonesError::TooLarge { file }),
        Ok(_) => parse(&file, &bytes),
    }
}

fn parse(file: &str, bytes: &[u8]) -> Result<Vec<Zone>, ZonesError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut zones = Vec::new();
    let mut seen = HashMap::new();
    let mut is_first = true;
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let complain = |why| ZonesError::Line {
            file: file.to_owned(),
            line,
            why,
        };
        let text = str::from_utf8(text).map_err(|_| complain(LineError::NotText))?;
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let fields = fields(text).map_err(complain)?;
        let is_header = is_first && fields.iter().eq(&HEADER);
        is_first = false;
        if is_header {
            continue;
        }
        let zone = zone(fields).map_err(complain)?;
        if let Some(before) = seen.insert(zone.code.clone(), line) {
            return Err(complain(LineError::Twice(zone.code, before)));
        }
        zones.push(zone);
    }
    if zones.is_empty() {
        return Err(ZonesError::None {
            file: file.to_owned(),
        });
    }
    Ok(zones)
}

/// The fields of one line. The reader of tables would let a quote run on to the end of the file.
fn fields(line: &str) -> Result<Vec<String>, LineError> {
    if line.matches('"').count() % 2 == 1 {
        return Err(LineError::OpenQuote);
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(line.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => Ok(record.iter().map(str::to_owned).collect()),
        _ => Err(LineError::NotText),
    }
}

fn zone(fields: Vec<String>) -> Result<Zone, LineError> {
    let [code, same_code, name] =
        <[String; 3]>::try_from(fields).map_err(|fields| LineError::Fields(fields.len()))?;
    let code = code.to_ascii_uppercase();
    if !is_code(&code) {
        return Err(LineError::Code(shown(&code)));
    }
    if same_code.len() != 6 || !same_code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(LineError::SameCode(shown(&same_code)));
    }
    if name.is_empty() {
        return Err(LineError::NoName);
    }
    if name.contains(char::is_control) {
        return Err(LineError::Name(shown(&name)));
    }
    Ok(Zone {
        code,
        same_code,
        name,
    })
}

/// Whether it is three letters and three digits. What is in the address of a forecast can be nothing else.
fn is_code(text: &str) -> bool {
    let (letters, digits) = text.as_bytes().split_at(text.len().min(3));
    letters.iter().all(u8::is_ascii_uppercase)
        && digits.len() == 3
        && digits.iter().all(u8::is_ascii_digit)
}

/// A piece of somebody's file, safe to print and short.
fn shown(text: &str) -> String {
    unseen::shown(text, 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse("z.csv", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_zones_are_the_thirteen_of_the_bay_in_order() {
        let zones = shipped().unwrap();
        assert_eq!(zones.len(), 13);
        for (number, zone) in (531..).zip(&zones) {
            assert_eq!(zone.code, format!("ANZ{number}"));
            assert_eq!(zone.same_code, format!("073{number}"));
        }
        let first = "Chesapeake Bay from Pooles Island to Sandy Point, MD";
        assert_eq!(zones[0].name, first);
        assert_eq!(zones[9].name, "Eastern Bay");
    }

    #[test]
    fn headers_comments_blank_lines_and_the_ends_of_other_systems_are_fine() {
        let text = "\u{feff}# mine\r\n\r\nzone,same_code,name\r\n anz540 , 073540 , Eastern Bay \r\n\
                    ANZ531,073531,\"Pooles Island, \"\"MD\"\"\"";
        let zones = parse("z.csv", text.as_bytes()).unwrap();
        assert_eq!(zones.len(), 2);
        assert_eq!(
            (zones[0].code.as_str(), zones[0].name.as_str()),
            ("ANZ540", "Eastern Bay")
        );
        assert_eq!(zones[1].name, "Pooles Island, \"MD\"");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let good = "ANZ540,073540,Eastern Bay\n";
        for (line, why) in [
            ("ANZ541,073541", "found 2: a name with a comma"),
            ("ANZ541,073541,Choptank, MD", "found 4: a name with a comma"),
            ("ANZ54,073541,Choptank", "expected a zone such as ANZ540"),
            ("../541,073541,Choptank", "found `../541`"),
            (
                "ANZ541,73541,Choptank",
                "expected a same code of six digits",
            ),
            ("ANZ541,073541,", "the zone has no name"),
            ("ANZ541,073541,\u{1b}[2J", "`\\u{1b}[2J`"),
            ("ANZ541,073541,\"Choptank", "a quote is never closed"),
            ("anz540,073540,Again", "ANZ540 is there already, in line 1"),
        ] {
            let error = error(&format!("{good}{line}\n"));
            assert!(error.starts_with("z.csv, line 2: "), "{error}");
            assert!(error.contains(why), "{error}");
            assert!(!error.contains('\u{1b}'));
        }
        assert!(error("# nothing\n").contains("z.csv has no zones"));
        assert!(error("zone,same_code,name\n").contains("z.csv has no zones"));
        let latin = parse("z.csv", b"ANZ540,073540,Ba\xefa\n").unwrap_err();
        assert_eq!(latin.to_string(), "z.csv, line 1: it is not UTF-8");
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_it_panic_and_no_code_leaves_its_folder(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)
        ) {
            if let Ok(zones) = parse("z.csv", &bytes) {
                for zone in zones {
                    assert!(zone.code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                }
            }
        }
    }
}
