//! Tables as they are written and read, and damaged ones.

use proptest::{collection::vec, prelude::*};

use super::{
    super::{BuildError, SamplesBuilder, Segment, Split},
    *,
};

const _: () = assert!(
    size_of::<Sample<'_>>() == 16,
    "a flyweight is a row number and a reference"
);

type Rows = Vec<(Vec<f64>, u32)>;

fn table() -> impl Strategy<Value = (Vec<String>, usize, Rows)> {
    (
        1_usize..5,
        proptest::collection::btree_set("\\PC{0,9}", 1..5),
    )
        .prop_flat_map(|(width, names)| {
            let classes = u32::try_from(names.len()).unwrap();
            let rows = vec((vec(-1e300..1e300, width), 0..classes), 0..20);
            (Just(names.into_iter().collect()), Just(width), rows)
        })
}

fn build(names: &[String], width: usize, rows: &Rows, with_header: bool) -> Segment {
    let columns: Vec<String> = (0..width).map(|index| format!("länge {index}")).collect();
    let builder = SamplesBuilder::new(width, names, with_header.then_some(&columns[..])).unwrap();
    let write = |writer: &mut super::super::RowWriter<'_>| {
        rows.iter()
            .try_for_each(|(features, class_id)| writer.push(features, *class_id))
    };
    builder.segment("test", rows.len(), write).unwrap()
}

proptest! {
    #[test]
    fn round_trip((names, width, rows) in table(), with_header: bool) {
        let segment = build(&names, width, &rows, with_header);
        let samples = Samples::parse(segment.bytes()).unwrap();
        let read: Rows = samples.iter().map(|sample| (sample.features().to_vec(), sample.class_id())).collect();
        prop_assert_eq!(&read, &rows);
        prop_assert!(samples.class_names().iter().eq(names.iter().map(String::as_str)));
        prop_assert_eq!(samples.feature_names().map(|names| names.len()), with_header.then_some(width));
        prop_assert!(samples.iter().all(|sample| sample.class() == names[sample.class_id() as usize]));
    }

    #[test]
    fn damage_is_an_error((names, width, rows) in table(), at: prop::sample::Index, bit in 0..8_u32) {
        let segment = build(&names, width, &rows, true);
        let mut copy = vec![0_u64; segment.bytes().len().div_ceil(8)];
        let bytes = &mut bytemuck::cast_slice_mut::<u64, u8>(&mut copy)[..segment.bytes().len()];
        bytes.copy_from_slice(segment.bytes());
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(Samples::parse(bytes).is_err());
        prop_assert!(Samples::parse(&bytes[..at]).is_err());
    }

    /// A header that is plausible up to the checksum: whoever writes it can compute that as well.
    #[test]
    fn forged_headers_never_panic(words in vec(prop_oneof![0..300_u64, any::<u64>()], 11), body in vec(any::<u8>(), 0..400)) {
        let mut bytes = vec![0_u8; 128];
        bytes.extend_from_slice(&body);
        let layout = Layout::new(super::super::Shape { rows: 0, features: 1, ..Default::default() }).unwrap();
        layout.encode(&mut bytes[..128]).unwrap();
        for (slot, word) in bytes[16..104].chunks_exact_mut(8).zip(&words) {
            slot.copy_from_slice(&word.to_ne_bytes());
        }
        let _ = Samples::parse(&bytes);
        let length = bytes.len() as u64;
        bytes[96..104].copy_from_slice(&length.to_ne_bytes());
        let _ = Samples::parse(&bytes);
    }

    #[test]
    fn forged_name_tables_never_panic(words in vec(0..12_u32, 0..6), text in "\\PC{0,8}", count in 0..6_usize) {
        let mut aligned = words.clone();
        aligned.extend(text.bytes().map(u32::from));
        if let Ok(names) = NameTable::parse(bytemuck::cast_slice(&aligned), count, "class") {
            prop_assert_eq!(names.iter().count(), count);
        }
    }
}

#[test]
fn training_and_testing_are_views() {
    let rows: Rows = (0..10).map(|row| (vec![f64::from(row)], 0)).collect();
    let segment = build(&["only".to_owned()], 1, &rows, false);
    let samples = Samples::parse(segment.bytes()).unwrap();
    let partition = Split::default().partition(0, samples.class_ids());
    assert_eq!(
        samples
            .testing(&partition)
            .map(|sample| sample.row())
            .collect::<Vec<_>>(),
        [0, 5]
    );
    assert_eq!(
        samples
            .training(&partition)
            .map(|sample| sample.row())
            .collect::<Vec<_>>(),
        [1, 2, 3, 4, 6, 7, 8, 9]
    );
}

#[test]
fn wrong_rows_are_named() {
    let builder = SamplesBuilder::new(2, &["a", "b"], None).unwrap();
    let error = builder
        .segment("test", 1, |rows| rows.push(&[1.0], 0))
        .unwrap_err();
    assert!(matches!(
        error,
        BuildError::Width {
            row: 0,
            expected: 2,
            found: 1
        }
    ));
    let error = builder
        .segment("test", 1, |rows| rows.push(&[1.0, 2.0], 2))
        .unwrap_err();
    assert!(matches!(
        error,
        BuildError::Layout(LayoutError::ClassId { class_id: 2, .. })
    ));
    let error = builder
        .segment("test", 2, |rows| rows.push(&[1.0, 2.0], 1))
        .unwrap_err();
    assert!(matches!(
        error,
        BuildError::Rows {
            expected: 2,
            found: 1
        }
    ));
    let twice = SamplesBuilder::new(1, &["a", "a"], None).unwrap_err();
    assert!(matches!(twice, BuildError::RepeatedClass { name } if name == "a"));
}

#[test]
fn parts_make_the_same_segment_and_name_the_rows_of_the_whole() {
    let rows: Vec<[u8; 3]> = (0..10).map(|row| [row, row + 1, 255]).collect();
    let builder = SamplesBuilder::new(3, &["a", "b"], None).unwrap().bytes();
    let in_parts = |parts| {
        builder.segment_in_parts("test", rows.len(), parts, |to| {
            to.range()
                .try_for_each(|row| to.push_bytes(&rows[row], u32::from(row % 2 == 0)))
        })
    };
    let whole = in_parts(1).unwrap();
    for parts in [0, 2, 3, 9, 10, 11] {
        assert_eq!(in_parts(parts).unwrap().bytes(), whole.bytes(), "{parts}");
    }
    let error = |wrong: usize| {
        let written = builder.segment_in_parts("test", rows.len(), 3, |to| {
            to.range()
                .try_for_each(|row| to.push_bytes(&rows[row][usize::from(row == wrong)..], 0))
        });
        written.unwrap_err()
    };
    for wrong in [0, 7, 9] {
        assert!(matches!(error(wrong), BuildError::Width { row, .. } if row == wrong));
    }
    let too_few = builder.segment_in_parts("test", 4, 2, |to| to.push_bytes(&[1, 2, 3], 0));
    let found = too_few.unwrap_err();
    assert!(matches!(
        found,
        BuildError::Rows {
            expected: 4,
            found: 2
        }
    ));
}
