//! Each format, byte by byte.

use std::sync::Arc;

use serde_bytes::ByteBuf;

use super::*;

fn written(style: Style) -> String {
    let line = |file, number, is_match, end, spans| Line {
        file,
        number,
        is_match,
        end,
        cut: u64::from(number == 9),
        spans,
    };
    let page = Page {
        lines: vec![
            line(0, 3, true, 9, 1),
            line(0, 4, false, 12, 1),
            line(1, 9, true, 20, 3),
        ],
        text: ByteBuf::from(&b"import osx=1os, \"os\xff"[..]),
        spans: vec![(7, 9), (0, 2), (5, 7)],
        ..Page::default()
    };
    let (pattern, paths) = (
        Pattern::literal(b"os"),
        ["a.py", "b/c.py"].map(|path| Path::new(path).into()),
    );
    let mut report = SearchReport::new(style, &pattern, &paths);
    let mut out = Vec::new();
    SearchReport::begin(style, &mut out).unwrap();
    let page = Arc::new(page);
    let count = |file| Part::Count { file, lines: 1 };
    for part in [
        Part::Lines(Arc::clone(&page), 0..2),
        count(0),
        Part::Lines(page, 2..3),
        count(1),
    ] {
        report.write(&part, &mut out).unwrap();
    }
    assert_eq!(
        report.summary(Duration::from_micros(1010)),
        "Found 2 'os' in 2 files in 1.010ms"
    );
    String::from_utf8_lossy(&out).replace('\x1b', "ESC")
}

const PLAIN_LINES: Style = Style {
    format: Format::Lines,
    show: Show::Lines { numbers: true },
    is_coloured: false,
    has_context: true,
};

#[test]
fn a_table_has_each_file_once_above_its_lines() {
    let style = Style {
        format: Format::Table,
        ..PLAIN_LINES
    };
    let expected = "a.py\n3: import os\n4- x=1\n\nb/c.py\n9: os, \"os\u{fffd} [1 more bytes]\n";
    assert_eq!(written(style), expected);
}

#[test]
fn lines_are_those_of_grep() {
    assert_eq!(
        written(PLAIN_LINES),
        "a.py:3:import os\na.py-4-x=1\n--\nb/c.py:9:os, \"os\u{fffd} [1 more bytes]\n"
    );
    let coloured = written(Style {
        is_coloured: true,
        has_context: false,
        ..PLAIN_LINES
    });
    let first = "ESC[35ma.pyESC[0m:ESC[32m3ESC[0m:import ESC[1;31mosESC[0m";
    assert_eq!(coloured.lines().next(), Some(first));
    let show = Show::Lines { numbers: false };
    let bare = written(Style {
        show,
        ..PLAIN_LINES
    });
    assert!(bare.starts_with("a.py:import os\na.py-x=1\n"), "{bare}");
}

#[test]
fn json_and_csv_lose_no_byte() {
    let of = |format| {
        written(Style {
            format,
            ..PLAIN_LINES
        })
    };
    let json = of(Format::Json);
    let last: serde_json::Value = serde_json::from_str(json.lines().nth(2).unwrap()).unwrap();
    assert_eq!(last["text_base64"], "b3MsICJvc/8=");
    assert_eq!(last["spans"], serde_json::json!([[0, 2], [5, 7]]));
    assert_eq!(
        of(Format::Csv),
        "pattern,path,line,text\nos,a.py,3,import os\nos,a.py,4,x=1\nos,b/c.py,9,\"os, \"\"os\u{fffd}\"\n"
    );
}
