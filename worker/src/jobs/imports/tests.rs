use brigade_protocol::jobs::imports::{FaultKind, Import, What};
use proptest::prelude::*;

use super::scan;

/// An import as short as can be: `3 .a{b=c} typing`.
fn shown(import: &Import) -> String {
    let names = match &import.what {
        What::Module { alias: None } => String::new(),
        What::Module { alias: Some(alias) } => format!("={alias}"),
        What::Names(names) => {
            let one = |name: &brigade_protocol::jobs::imports::Name| match &name.alias {
                Some(alias) => format!("{}={alias}", name.name),
                None => name.name.clone(),
            };
            let names: Vec<String> = names.iter().map(one).collect();
            format!("{{{}}}", names.join(","))
        }
    };
    let mut text = format!("{} {}{names}", import.line, import.written());
    for (holds, word) in [
        (import.when.is_typing, " typing"),
        (import.when.is_deferred, " deferred"),
        (import.when.is_guarded, " guarded"),
    ] {
        text.push_str(if holds { word } else { "" });
    }
    text
}

fn all(text: &str) -> Vec<String> {
    let scan = scan(text.as_bytes());
    assert_eq!(scan.fault, None, "{text}");
    scan.imports.iter().map(shown).collect()
}

#[test]
fn every_form_of_import_is_found() {
    let text = "\
from __future__ import annotations
import a.b as c, d
from . import x
from ...p.q import (y as z,
    w)
from e import *; import f
x = 'import g'
# import h
raise x from y
";
    assert_eq!(
        all(text),
        [
            "1 __future__{annotations}",
            "2 a.b=c",
            "2 d",
            "3 .{x}",
            "4 ...p.q{y=z,w}",
            "6 e{*}",
            "6 f",
        ]
    );
}

#[test]
fn imports_are_found_wherever_a_statement_may_stand() {
    let text = "\
def f():
    import a
    class C:
        async def g(self):
            import b
try:
    import c
except ImportError:
    import d
else:
    import e
finally:
    import f
try:
    import g
finally: pass
with x as y:
    import h
for i in x:
    import i
else:
    import j
while x: import k
else: import l
match x:
    case 1: import m
    case _: import n
if x: import o
elif y: import p
else: import q
class D: import r
async def h():
    async with x: import s
    async for i in x: import t
lambda: (yield)
";
    let found = all(text).join("|");
    let expected = "2 a deferred|5 b deferred|7 c guarded|9 d|11 e|13 f|15 g|18 h|20 i|22 j|23 k|24 l|26 m|27 n|\
                    28 o|29 p|30 q|31 r|33 s deferred|34 t deferred";
    assert_eq!(found, expected);
}

#[test]
fn what_only_type_checkers_import_is_marked() {
    let text = "\
if TYPE_CHECKING: import a
else: import b
if not t.TYPE_CHECKING: import c
elif x: import d
else: import e
if x: import f
elif typing.TYPE_CHECKING: import g
else: import h
if TYPE_CHECKING and x: import i
if TYPE_CHECKING or x: import j
if not not TYPE_CHECKING:
    def f(): import k
";
    assert_eq!(
        all(text).join("|"),
        "1 a typing|2 b|3 c|4 d typing|5 e typing|6 f|7 g typing|8 h|9 i typing|10 j|12 k typing deferred"
    );
}

#[test]
fn after_a_syntax_error_the_rest_is_found_all_the_same() {
    let text = "import a\nprint 'x'\ndef f(:\n    import b\nimport c\n";
    let scan = scan(text.as_bytes());
    let fault = scan.fault.unwrap();
    let place = fault.place.unwrap();
    assert_eq!(
        (fault.kind, place.line, place.column),
        (FaultKind::Syntax, 2, 7)
    );
    assert!(fault.count >= 2);
    let found: Vec<String> = scan.imports.iter().map(shown).collect();
    assert_eq!(found, ["1 a", "4 b deferred", "5 c"]);
}

#[test]
fn line_ends_of_all_kinds_and_a_byte_order_mark() {
    assert_eq!(
        all("\u{feff}import a\r\nimport b\rimport c\n"),
        ["1 a", "2 b", "3 c"]
    );
    assert_eq!(all(""), [""; 0]);
    assert_eq!(all("x = '''\n\r\n\r'''\nimport a"), ["5 a"]);
}

/// Trees as deep as their text is long, of every kind that the parser makes of such.
#[test]
fn text_of_any_depth_takes_no_more_stack_than_there_is() {
    let depth = 30_000;
    let wrap = |open: &str, close: &str| {
        let text = format!("x = {}1{}", open.repeat(depth), close.repeat(depth));
        format!("import a\n{text}\nimport b\n")
    };
    for text in [
        wrap("(", ")"),
        wrap("[", "]"),
        wrap("{", "}"),
        wrap("{1:", "}"),
        wrap("f(", ")"),
        wrap("a[", "]"),
        wrap("-", ""),
        wrap("not ", ""),
        wrap("1+", ""),
        wrap("1**", ""),
        wrap("", ".a"),
        wrap("", "()"),
        wrap("", "[0]"),
        wrap("lambda: ", ""),
        wrap("1 if 1 else ", ""),
        wrap("await ", ""),
        wrap("(x:=", ")"),
        wrap("1+(", ")"),
        wrap("[*", "]"),
        wrap("1 and (1 or ", ")"),
        wrap("[x for x in ", "]"),
    ] {
        let scan = scan(text.as_bytes());
        let found: Vec<String> = scan.imports.iter().map(shown).collect();
        assert_eq!(found, ["1 a", "3 b"], "{}: {:?}", &text[9..40], scan.fault);
    }
}

#[test]
fn unfinished_text_of_any_depth_is_an_error_and_no_crash() {
    for piece in [
        "(",
        "[",
        "{",
        "f(",
        "if x: ",
        "else: if x: ",
        "async ",
        "class A: ",
        "def f(): ",
        "@",
        "f'{",
        "f\"{f'{",
        "f'{x:{",
        "lambda a=lambda b, *, c=",
        "x[lambda x=",
        "match x:\n case (",
        "try: ",
        "with (",
        "lambda x=",
        "print(x, ",
        "x: ",
        "del (",
        "for x in ",
        "case {",
    ] {
        let scan = scan(piece.repeat(5_000).as_bytes());
        assert!(scan.fault.is_some(), "{piece}");
    }
    let nested: Vec<String> = (0..600)
        .map(|depth| format!("{}if x:\n", " ".repeat(depth)))
        .collect();
    let scan = scan(format!("{}{}import a\n", nested.concat(), " ".repeat(600)).as_bytes());
    assert_eq!(scan.imports.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_told_about_and_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let scan = scan(&bytes);
        prop_assert_eq!(scan.bytes, bytes.len() as u64);
    }

    /// Statements put together at random: what was put in comes out, with its lines.
    #[test]
    fn what_was_written_is_found(
        words in prop::collection::vec((0..8_u8, "[a-z]{1,8}", 0..4_usize), 0..40),
        line_end in prop::sample::select(&["\n", "\r\n", "\r"][..]),
    ) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (line, (kind, word, level)) in (1..).zip(&words) {
            let word = format!("m_{word}");
            let dots = ".".repeat(*level);
            let (written, found) = match kind {
                0 => (format!("import {word}"), format!("{line} {word}")),
                1 => (format!("import {word} as x"), format!("{line} {word}=x")),
                2 => (format!("from {dots}{word} import *"), format!("{line} {dots}{word}{{*}}")),
                3 => (
                    format!("from .{dots} import {word} as y, z"),
                    format!("{line} .{dots}{{{word}=y,z}}"),
                ),
                4 => (format!("def f(): import {word}"), format!("{line} {word} deferred")),
                5 => (format!("{word} = 'import {word}' # import {word}"), String::new()),
                6 => (format!("def g(): yield from {word}; raise {word} from {word}"), String::new()),
                _ => (String::new(), String::new()),
            };
            text.push_str(&written);
            expected.extend(Some(found).filter(|found| !found.is_empty()));
            text.push_str(line_end);
        }
        prop_assert_eq!(all(&text), expected);
    }
}
