//! Pickles that want to do harm, or are damaged.

use serde_json::json;

use super::{
    super::{Machine, PickleError},
    line_of, value_of,
};
use crate::logs::json::JsonWriter;

#[test]
fn nothing_is_imported_and_nothing_is_called() {
    let import = |name: &str| Err(PickleError::Import(name.into()));
    assert_eq!(value_of(b"cos\nsystem\n(U\x02idtR"), import("os.system"));
    assert_eq!(
        value_of(b"cbuiltins\neval\n(U\x011tR"),
        import("builtins.eval")
    );
    assert_eq!(
        value_of(b"\x8c\x05posix\x8c\x06system\x93"),
        import("posix.system")
    );
    assert_eq!(value_of(b"(U\x02idios\nsystem\n"), import("os.system"));
    assert_eq!(
        value_of(b"cdatetime\ndatetime\n"),
        import("datetime.datetime")
    );
    assert_eq!(value_of(b"ca\x1b[31m\nb\n"), import("a?[31m.b"));
    let call = |what| Err(PickleError::Call(what));
    assert_eq!(value_of(b"U\x01x)R"), call("call something"));
    assert_eq!(
        value_of(b"c__builtin__\nset\n(K\x01tR"),
        call("call a function with unusual arguments")
    );
    assert_eq!(
        value_of(b"c_codecs\nencode\n(U\x01aU\x05rot13tR"),
        call("call a function with unusual arguments")
    );
    assert_eq!(value_of(b"(U\x01xo"), call("make an object"));
    assert_eq!(value_of(b"U\x01x)\x81"), call("make an object"));
    assert_eq!(value_of(b"U\x01x}b"), call("fill an object"));
    assert_eq!(value_of(b"\x82\x01"), call("import by a registered number"));
    assert_eq!(value_of(b"Pid\n"), call("look up an object outside of it"));
    assert_eq!(value_of(b"\x97"), call("use a buffer outside of it"));
    // A name of the few that are known is no value by itself.
    assert_eq!(value_of(b"c__builtin__\nset\n"), import("a class"));
}

#[test]
fn damaged_pickles_are_told_from_whole_ones() {
    assert_eq!(line_of(b"", 10), Err(PickleError::Truncated));
    assert_eq!(line_of(b"}", 10), Err(PickleError::Truncated));
    assert_eq!(
        line_of(b"X\xff\xff\xff\xffabc", 10),
        Err(PickleError::Truncated)
    );
    assert_eq!(
        line_of(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc", 10),
        Err(PickleError::Truncated)
    );
    assert_eq!(
        line_of(b"\x80\x04\x95\xff\0\0\0\0\0\0\0}.", 10),
        Err(PickleError::Truncated)
    );
    assert_eq!(line_of(b"\x80\x06}.", 10), Err(PickleError::Protocol(6)));
    assert_eq!(line_of(b"\xf0.", 10), Err(PickleError::Opcode(0xf0)));
    assert_eq!(line_of(b"}.more", 10), Err(PickleError::Trailing(4)));
    assert_eq!(
        line_of(b"K\x01.", 10),
        Err(PickleError::NotRecord("an int"))
    );
    for pickle in [
        &b"."[..],
        b"0.",
        b"}(t0u.",
        b"(K\x01a.",
        b"h\x00.",
        b"}K\x01s.",
        b"}(K\x01u.",
        b"K\x01(K\x02s.",
        b"t.",
    ] {
        let result = line_of(pickle, 10);
        assert!(
            matches!(result, Err(PickleError::Damaged(_))),
            "{}: {result:?}",
            pickle.escape_ascii()
        );
    }
}

#[test]
fn nesting_has_an_end_and_costs_no_stack() {
    let nested = |depth: usize, open: &[u8], close: &[u8]| {
        let mut value = open.repeat(depth);
        value.extend_from_slice(&close.repeat(depth - 1));
        value_of(&value)
    };
    // The dict around them is one more.
    assert!(nested(99, b"]", b"a").is_ok());
    assert_eq!(nested(100, b"]", b"a"), Err(PickleError::TooDeep));
    assert_eq!(nested(1_000_000, b"]", b"a"), Err(PickleError::TooDeep));
    assert_eq!(value_of(&b"(".repeat(1_000_000)), Err(PickleError::TooDeep));
    let mut tuples = b")".to_vec();
    tuples.extend_from_slice(&b"\x85".repeat(1_000_000));
    assert_eq!(value_of(&tuples), Err(PickleError::TooDeep));
}

#[test]
fn a_container_inside_itself_is_told() {
    assert_eq!(value_of(b"]q\x00h\x00a"), Ok(json!(["[...]"])));
    assert_eq!(value_of(b"}q\x00U\x01ah\x00s"), Ok(json!({"a": "{...}"})));
    // The same list twice, not in itself.
    assert_eq!(value_of(b"]q\x00]q\x01ah\x01a"), Ok(json!([[], []])));
}

#[test]
fn a_memo_bomb_ends_at_its_limit() {
    // Thirty lists, each of which holds the one before ten times: 10^30 values in 1 kB.
    let mut bomb = b"]q\x00".to_vec();
    for level in 0..30_u8 {
        bomb.extend_from_slice(b"0](");
        for _ in 0..10 {
            bomb.extend_from_slice(&[b'h', level]);
        }
        bomb.extend_from_slice(&[b'e', b'q', level + 1]);
    }
    assert!(matches!(value_of(&bomb), Err(PickleError::TooLong(_))));
    // A long text, again and again.
    let mut bomb = b"](X\x00\x00\x10\x00".to_vec();
    bomb.resize(bomb.len() + (1 << 20), b'a');
    bomb.extend_from_slice(b"q\x00");
    bomb.extend_from_slice(&b"h\x00".repeat(100_000));
    bomb.push(b'e');
    assert!(matches!(value_of(&bomb), Err(PickleError::TooLong(_))));
    // Made into bytes, again and again.
    let mut bomb = b"](X\x00\x00\x10\x00".to_vec();
    bomb.resize(bomb.len() + (1 << 20), b'a');
    bomb.extend_from_slice(b"q\x00U\x06latin1q\x01");
    bomb.extend_from_slice(&b"c_codecs\nencode\nh\x00h\x01\x86R".repeat(10_000));
    bomb.push(b'e');
    assert!(matches!(value_of(&bomb), Err(PickleError::TooLong(_))));
}

#[test]
fn the_number_of_values_has_an_end() {
    for opcode in [&b"N"[..], b"]", b"2", b"\x94"] {
        let mut value = b"N".to_vec();
        value.extend_from_slice(&opcode.repeat(2_000_000));
        assert_eq!(value_of(&value), Err(PickleError::TooMany));
    }
    // A memo with enormous numbers takes no more room than one with small ones.
    assert_eq!(
        value_of(b"K\x01r\xff\xff\xff\xff0j\xff\xff\xff\xff"),
        Ok(json!(1))
    );
}

#[test]
fn a_refused_line_leaves_nothing() {
    let mut machine = Machine::default();
    let mut out = b"before\n".to_vec();
    let record = machine.read(b"}U\x01xc__builtin__\nset\ns.").unwrap();
    assert!(JsonWriter::default().line(&record, 1000, &mut out).is_err());
    assert_eq!(out, b"before\n");
}
