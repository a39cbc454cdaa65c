//! Pickles by hand, and pickles that want to do harm. Those of Python's own pickler are in `tests/logs_values.rs`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use serde_pickle::{HashableValue, SerOptions, Value};

use super::{Machine, PickleError};
use crate::logs::json::JsonWriter;

/// What a pickle becomes, as a line of up to `most` bytes.
fn line_of(pickle: &[u8], most: usize) -> Result<String, PickleError> {
    let mut machine = Machine::default();
    let mut out = Vec::new();
    let record = machine.read(pickle)?;
    JsonWriter::default().line(&record, most, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

/// What a dict with one value, `x`, becomes; the pickle is the one value's.
fn value_of(value: &[u8]) -> Result<serde_json::Value, PickleError> {
    let mut pickle = b"}U\x01x".to_vec();
    pickle.extend_from_slice(value);
    pickle.extend_from_slice(b"s.");
    let line = line_of(&pickle, 1 << 26)?;
    let mut whole: serde_json::Value = serde_json::from_str(&line).unwrap();
    Ok(whole["x"].take())
}

#[test]
fn values_of_protocol_0_are_read_from_their_lines() {
    for (pickle, expected) in [
        (&b"I42\n"[..], json!(42)),
        (b"I01\n", json!(true)),
        (b"I00\n", json!(false)),
        (b"L-7L\n", json!(-7)),
        (b"F-0.5\n", json!(-0.5)),
        (b"Fnan\n", json!("NaN")),
        (b"F-inf\n", json!("-Infinity")),
        (
            b"Vcaf\xe9 \\u20ac\\U0001f600\\u005cn\n",
            json!("café €😀\\n"),
        ),
        (b"V\\udcff\n", json!("\\udcff")),
        (b"S'it\\'s \\x41\\n'\n", json!("it's A\n")),
        (b"(lp0\nI1\naI2\na", json!([1, 2])),
        (b"(dp5\nI1\nNs", json!({"1": null})),
        (b"(I1\nI2\nt", json!([1, 2])),
    ] {
        assert_eq!(value_of(pickle), Ok(expected), "{}", pickle.escape_ascii());
    }
}

#[test]
fn bytes_and_sets_of_old_protocols_are_data() {
    for (pickle, expected) in [
        (
            &b"c_codecs\nencode\n(X\x03\x00\x00\x00a\xc3\xbfX\x06\x00\x00\x00latin1tR"[..],
            json!("b'a\\xff'"),
        ),
        (b"c__builtin__\nbytes\n)R", json!("b''")),
        (b"c__builtin__\nset\n(]K\x01atR", json!([1])),
        (b"cbuiltins\nbytearray\nC\x02hi\x85R", json!("b'hi'")),
        (b"\x8f(K\x01K\x02\x90", json!([1, 2])),
        (b"(K\x01\x91", json!([1])),
        (b"\x96\x02\0\0\0\0\0\0\0hi", json!("b'hi'")),
    ] {
        assert_eq!(value_of(pickle), Ok(expected), "{}", pickle.escape_ascii());
    }
}

#[test]
fn whole_numbers_of_any_size_keep_every_digit() {
    let line = |value: &[u8]| {
        let mut pickle = b"}U\x01x".to_vec();
        pickle.extend_from_slice(value);
        pickle.extend_from_slice(b"s.");
        line_of(&pickle, 1 << 26).unwrap()
    };
    assert_eq!(
        line(b"\x8a\x09\0\0\0\0\0\0\0\0\x01"),
        "{\"x\":18446744073709551616}\n"
    );
    assert_eq!(
        line(b"L123456789012345678901234567890L\n"),
        "{\"x\":123456789012345678901234567890}\n"
    );
    assert_eq!(line(b"\x8a\x00"), "{\"x\":0}\n");
    let mut long = b"\x8b\xd0\x07\0\0".to_vec();
    long.resize(5 + 2000, 0x11);
    assert_eq!(
        line(&long),
        format!("{{\"x\":\"0x{}\"}}\n", "1".repeat(4000))
    );
    let digits = format!("L{}L\n", "9".repeat(5000));
    assert_eq!(
        line(digits.as_bytes()),
        format!("{{\"x\":\"{}\"}}\n", "9".repeat(5000))
    );
}

#[test]
fn keys_become_text_as_json_dumps_has_it() {
    let pickle =
        b"(K\x01K\x00\x88K\x00NK\x00G?\xe0\0\0\0\0\0\0K\x00K\x01U\x01a\x86K\x00C\x01bK\x00d.";
    let expected = r#"{"1":0,"true":0,"null":0,"0.5":0,"[1,\"a\"]":0,"b'b'":0}"#;
    assert_eq!(line_of(pickle, 1000).unwrap().trim_end(), expected);
    assert_eq!(
        line_of(b"}]K\x00s.", 1000),
        Err(PickleError::Damaged("a key of a dict is no key"))
    );
}

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

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::I64),
        // What serde_json reads to the last bit.
        any::<i32>().prop_map(|halves| Value::F64(f64::from(halves) / 2.0)),
        ".*".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Tuple),
            prop::collection::btree_map(".*".prop_map(HashableValue::String), inner, 0..8)
                .prop_map(Value::Dict),
        ]
    })
}

fn expected(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(truth) => json!(truth),
        Value::I64(number) => json!(number),
        Value::F64(number) => json!(number),
        Value::String(text) => json!(text),
        Value::List(values) | Value::Tuple(values) => values.iter().map(expected).collect(),
        Value::Dict(pairs) => {
            let pair = |(key, value): (&HashableValue, &Value)| match key {
                HashableValue::String(key) => (key.clone(), expected(value)),
                other => panic!("{other}"),
            };
            pairs.iter().map(pair).collect()
        }
        _ => serde_json::Value::Null,
    }
}

fn pickled(value: Value, is_old: bool) -> Vec<u8> {
    let whole = Value::Dict(BTreeMap::from([(HashableValue::String("x".into()), value)]));
    let options = if is_old {
        SerOptions::new().proto_v2()
    } else {
        SerOptions::new()
    };
    serde_pickle::value_to_vec(&whole, options).unwrap()
}

proptest! {
    #[test]
    fn floats_are_written_to_the_last_bit(number in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL) {
        let mut pickle = b"}U\x01xG".to_vec();
        pickle.extend_from_slice(&number.to_be_bytes());
        pickle.extend_from_slice(b"s.");
        let line = line_of(&pickle, 100).unwrap();
        let text = line.trim_end().strip_prefix("{\"x\":").and_then(|line| line.strip_suffix('}'));
        prop_assert_eq!(text.unwrap().parse::<f64>().unwrap().to_bits(), number.to_bits());
    }

    #[test]
    fn what_another_library_writes_is_read(value in values(), is_old: bool) {
        let line = line_of(&pickled(value.clone(), is_old), 1 << 20).unwrap();
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&read["x"], &expected(&value));
    }

    #[test]
    fn damage_is_refused_or_harmless(
        value in values(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut pickle = pickled(value, true);
        for (at, byte) in damage {
            let at = at.index(pickle.len());
            pickle[at] = byte;
        }
        if let Ok(line) = line_of(&pickle, 1 << 20) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{}", line);
        }
    }

    #[test]
    fn any_bytes_are_refused_or_harmless(mut pickle in prop::collection::vec(any::<u8>(), 0..200)) {
        pickle.insert(0, b'}');
        pickle.push(b'.');
        if let Ok(line) = line_of(&pickle, 1 << 20) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{}", line);
        }
    }

    #[test]
    fn any_opcodes_are_refused_or_harmless(
        opcodes in prop::collection::vec(prop::sample::select(
            &b"(.012NK}])ae\x85\x86\x87std\x8f\x90\x91\x94lh\x00q\x00\x88R"[..]), 0..60),
    ) {
        let mut pickle = b"}".to_vec();
        pickle.extend(opcodes);
        pickle.push(b'.');
        if let Ok(line) = line_of(&pickle, 1 << 20) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{}", line);
        }
    }
}
