use proptest::prelude::*;

use super::*;

fn filled(word: &str, columns: &[&str]) -> Vec<String> {
    let record = Record {
        sequence: 7,
        slot: 2,
        columns: columns
            .iter()
            .map(|column| column.as_bytes().to_vec())
            .collect(),
    };
    let mut arguments = Vec::new();
    Word::parse(word.as_bytes(), &[b"size".to_vec()]).fill(&record, &mut arguments);
    arguments
        .into_iter()
        .map(|a| String::from_utf8(a).unwrap())
        .collect()
}

#[test]
fn every_hole_is_filled() {
    let path = "/a/b.d/c.tar.gz";
    for (word, expected) in [
        ("{}", path),
        ("{.}", "/a/b.d/c.tar"),
        ("{/}", "c.tar.gz"),
        ("{//}", "/a/b.d"),
        ("{/.}", "c.tar"),
        ("{#}", "7"),
        ("{%}", "2"),
        ("{1}", path),
        ("{1/.}", "c.tar"),
        ("{-1//}", "/a/b.d"),
        ("{size.}", "/a/b.d/c.tar"),
        ("-o{/.}.{#}!", "-oc.tar.7!"),
    ] {
        assert_eq!(filled(word, &[path]), [expected], "{word}");
    }
}

#[test]
fn paths_are_cut_as_their_names_are_meant() {
    for (path, stem, name, folder, name_stem) in [
        ("foo", "foo", "foo", ".", "foo"),
        ("a.b/c", "a.b/c", "c", "a.b", "c"),
        ("dir/x.y/", "dir/x.y/", "", "dir", ""),
        (".hidden", "", ".hidden", ".", ""),
        ("a.", "a", "a.", ".", "a"),
        ("/", "/", "", "/", ""),
        ("/a", "/a", "a", "/", "a"),
        ("a//b", "a//b", "b", "a", "b"),
        ("", "", "", ".", ""),
    ] {
        let expected = [stem, name, folder, name_stem];
        for (word, expected) in ["{.}", "{/}", "{//}", "{/.}"].into_iter().zip(expected) {
            assert_eq!(filled(word, &[path]), [expected], "{word} of {path}");
        }
    }
}

#[test]
fn columns_stand_apart_or_together() {
    assert_eq!(filled("{}", &["a b", "c"]), ["a b", "c"]);
    assert_eq!(filled("x{}", &["a b", "c"]), ["xa b c"]);
    assert_eq!(filled("{2}-{1}-{-2}", &["a", "b"]), ["b-a-a"]);
    assert!(filled("{3}", &["a", "b"]).is_empty());
    assert_eq!(filled("x{3}", &["a", "b"]), ["x"]);
    assert_eq!(filled("{1}", &[""]), [""]);
}

#[test]
fn other_braces_are_text() {
    for word in [
        "{",
        "}",
        "{a,b}",
        "{print $1}",
        "{0}",
        "{+1}",
        "{1 }",
        "{--1}",
        "{...}",
        "{{",
        "{#.}",
        "{99999999999999999999}",
    ] {
        assert_eq!(filled(word, &["x"]), [word]);
    }
    assert_eq!(filled("{{}}", &["x"]), ["{x}"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_word_is_one_argument_whatever_is_filled_in(
        before in "[a-z {}]{1,6}", value in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let record = Record { sequence: 1, slot: 1, columns: vec![value.clone()] };
        let mut arguments = Vec::new();
        let word = Word::parse(format!("{before}x{{}}").as_bytes(), &[]);
        word.fill(&record, &mut arguments);
        prop_assert_eq!(arguments.len(), 1);
        prop_assert!(arguments[0].ends_with(&value));
    }

    #[test]
    fn parsing_takes_any_bytes_and_loses_none_that_are_text(text in prop::collection::vec(any::<u8>(), 0..60)) {
        let word = Word::parse(&text, &[]);
        let record = Record { sequence: 1, slot: 1, columns: vec![] };
        if word.holes().next().is_none() {
            prop_assert_eq!(word.text(&record), text);
        }
    }
}
