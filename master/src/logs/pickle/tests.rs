//! Pickles by hand, and by another library. Those of Python's own pickler are read in `tests/logs.rs`.

mod harm;

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
