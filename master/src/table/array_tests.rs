use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::*;

fn idx(code: u8, shape: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, u8::try_from(shape.len()).unwrap()];
    for length in shape {
        bytes.extend(length.to_be_bytes());
    }
    bytes.extend(elements);
    bytes
}

fn npy(descr: &str, fortran: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}   \n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(elements);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Reads the first of these files from a folder of their own.
fn read(files: &[(&str, Vec<u8>)], labels: Option<&str>) -> Result<Table, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let reading = Reading {
        labels: labels.map(|name| folder.path().join(name)),
        ..Reading::default()
    };
    let prefix = format!("{}/", folder.path().display());
    Table::read(&folder.path().join(files[0].0), &reading)
        .map_err(|error| error.to_string().replace(&prefix, ""))
}

#[test]
fn idx_finds_its_labels_compressed_or_not() {
    let images = idx(8, &[3, 2, 2], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255]);
    let labels = idx(8, &[3], &[7, 2, 7]);
    let (first, second) = labels.split_at(5);
    let members = [gzip(first), gzip(second)].concat();
    for (samples, beside) in [
        (
            ("train-images-idx3-ubyte", images.clone()),
            ("train-labels-idx1-ubyte", labels.clone()),
        ),
        (
            ("a-images.idx3-ubyte.gz", gzip(&images)),
            ("a-labels.idx1-ubyte", labels.clone()),
        ),
        (
            ("t10k-images-idx3-ubyte", images.clone()),
            ("t10k-labels-idx1-ubyte.gz", members),
        ),
    ] {
        let table = read(&[samples, beside], None).unwrap();
        assert_eq!(
            (table.rows(), table.width, table.origin.image),
            (3, 4, Some((2, 2)))
        );
        assert_eq!(
            table.features,
            Features::Bytes(vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255])
        );
        assert_eq!(
            (table.class_names.join(" "), table.class_ids),
            ("7 2".to_owned(), vec![0, 1, 0])
        );
    }
    let text = ("y.txt", b"cat\ndog\n cat \n".to_vec());
    assert_eq!(
        read(&[("x", images), text], Some("y.txt"))
            .unwrap()
            .class_names,
        ["cat", "dog"]
    );
}

#[test]
fn every_type_of_element_is_read() {
    let labels = (
        "y.npy",
        npy(
            "<i8",
            "False",
            "(2,)",
            &[[255; 8], [1, 0, 0, 0, 0, 0, 0, 0]].concat(),
        ),
    );
    let numbers = |of: &[u8]| of.to_vec();
    for (name, samples, expected) in [
        ("i8", idx(9, &[2, 1], &[0xff, 5]), [-1.0, 5.0]),
        (
            "i16",
            idx(0x0b, &[2, 1], &[0xff, 0xfe, 1, 0]),
            [-2.0, 256.0],
        ),
        (
            "i32",
            idx(0x0c, &[2, 1], &[0xff, 0xff, 0xff, 0xfd, 0, 1, 0, 0]),
            [-3.0, 65536.0],
        ),
        (
            "f32",
            idx(
                0x0d,
                &[2, 1],
                &[1.5_f32, -0.25].map(f32::to_be_bytes).concat(),
            ),
            [1.5, -0.25],
        ),
        (
            "f64",
            idx(
                0x0e,
                &[2, 1],
                &[1.5_f64, 1e300].map(f64::to_be_bytes).concat(),
            ),
            [1.5, 1e300],
        ),
        (
            "<u2",
            npy("<u2", "False", "(2, 1)", &numbers(&[1, 2, 3, 0])),
            [513.0, 3.0],
        ),
        (
            ">i4",
            npy(
                ">i4",
                "False",
                "(2, 1)",
                &numbers(&[255, 255, 255, 255, 0, 0, 0, 9]),
            ),
            [-1.0, 9.0],
        ),
        (
            "<f4",
            npy(
                "<f4",
                "False",
                "(2, 1)",
                &[0.5_f32, 2.0].map(f32::to_le_bytes).concat(),
            ),
            [0.5, 2.0],
        ),
        (
            "<f8",
            npy(
                "<f8",
                "True",
                "(2, 1)",
                &[0.1_f64, 2.0].map(f64::to_le_bytes).concat(),
            ),
            [0.1, 2.0],
        ),
    ] {
        let table = read(&[("X.npy", samples), labels.clone()], Some("y.npy")).unwrap();
        assert_eq!(
            table.features,
            Features::Numbers(expected.to_vec()),
            "{name}"
        );
        assert_eq!(table.class_names, ["-1", "1"]);
    }
}

#[test]
fn fortran_order_is_put_right() {
    let labels = ("y.npy", npy("|S2", "False", "(2,)", b"a\0bc"));
    // [[[0, 1], [2, 3]], [[4, 5], [6, 7]]] in either order.
    let c = npy("|u1", "False", "(2, 2, 2)", &[0, 1, 2, 3, 4, 5, 6, 7]);
    let fortran = npy("|u1", "True", "(2, 2, 2)", &[0, 4, 2, 6, 1, 5, 3, 7]);
    let expected = Features::Bytes((0..8).collect());
    for samples in [c, fortran] {
        let table = read(&[("X.npy", samples), labels.clone()], None).unwrap();
        assert_eq!(
            (table.features, table.class_names.join(" ")),
            (expected.clone(), "a bc".to_owned())
        );
    }
    let chars = "é\0zz"
        .chars()
        .flat_map(|one| u32::from(one).to_be_bytes())
        .collect::<Vec<_>>();
    let labels = ("y.npy", npy(">U2", "False", "(2,)", &chars));
    let (rows, width) = (2, 100);
    let many: Vec<u8> = (0..width)
        .flat_map(|column| (0..rows).map(move |row| row * width + column))
        .collect();
    let table = read(
        &[("X.npy", npy("|u1", "True", "(2, 100)", &many)), labels],
        None,
    )
    .unwrap();
    assert_eq!(
        (table.features, table.class_names.join(" ")),
        (Features::Bytes((0..200).collect()), "é zz".to_owned())
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn faults_are_named_with_the_file_and_the_remedy() {
    let x = |bytes: Vec<u8>| {
        vec![
            ("X.npy", bytes),
            ("y.npy", npy("|u1", "False", "(2,)", &[0, 1])),
        ]
    };
    let good = || npy("|u1", "False", "(2, 1)", &[0, 1]);
    let nan = [1.0_f32, f32::NAN].map(f32::to_le_bytes).concat();
    for (files, expected) in [
        (
            x(npy("|u1", "False", "(2, 3)", &[0; 5])),
            "X.npy: ends early: a header for 2 x 3 elements of 1 bytes",
        ),
        (
            x(npy("|u1", "False", "(2, 3)", &[0; 7])),
            "X.npy: goes on for 1 bytes behind the 2 x 3 elements",
        ),
        (
            x(npy("<f8", "False", "(9999999999, 9999999999)", &[0; 7])),
            "X.npy: ends early: a header for 9999999999 x",
        ),
        (
            x(idx(8, &[u32::MAX; 3], &[])),
            "X.npy: ends early: a header for 4294967295 x",
        ),
        (
            x(npy("|u1", "False", "(0, 3)", &[])),
            "X.npy: is of 0 x 3 elements, which is none",
        ),
        (
            x(npy("|u1", "False", "(3,)", &[0; 3])),
            "X.npy: has one axis, as labels have",
        ),
        (
            x(npy("|O", "False", "(2, 1)", &[0; 2])),
            "X.npy: its header is not understood: elements of type |O",
        ),
        (
            x(npy("<f2", "False", "(2, 1)", &[0; 4])),
            "X.npy: its header is not understood: elements of type <f2",
        ),
        (
            x(npy("|u1", "Maybe", "(2, 1)", &[0; 2])),
            "X.npy: its header is not understood: expected {'descr'",
        ),
        (
            x(npy("<U1", "False", "(2, 1)", &[0; 8])),
            "X.npy: holds text; expected numbers",
        ),
        (
            x(npy("<f4", "False", "(1, 2)", &nan)),
            "X.npy, row 1, column 2: expected a finite number, found NaN",
        ),
        (
            x(good()[..9].to_vec()),
            "X.npy: its header is not understood: it ends early",
        ),
        (
            x(gzip(&good())[..20].to_vec()),
            "X.npy: is a damaged or truncated gzip file",
        ),
        (x(b"1,a\n2,b\n".to_vec()), "X.npy: expected a NumPy file"),
        (
            vec![("a-images-idx3-ubyte", vec![9, 9])],
            "a-images-idx3-ubyte: expected an IDX file",
        ),
        (
            vec![("X", b"PAR1....".to_vec())],
            "X: is Parquet, which cannot be read",
        ),
        (
            vec![("X.npz", b"PK\x03\x04".to_vec())],
            "X.npz: is a zip archive",
        ),
        (
            vec![("X.npy", good())],
            "X.npy: no labels beside it: there is no y.npy and no y.npy.gz; give their file with --labels",
        ),
        (
            vec![("Z.npy", good())],
            "Z.npy: no labels; give their file with --labels",
        ),
        (
            vec![
                ("X.npy", good()),
                ("y.npy", npy("|u1", "False", "(3,)", &[0; 3])),
            ],
            "y.npy: 3 labels for the 2 samples of X.npy",
        ),
        (vec![("X.npy", good()), ("y.npy", good()[..].to_vec())], ""),
        (
            vec![
                ("X.npy", good()),
                ("y.npy", npy("|u1", "False", "(1, 2)", &[0; 2])),
            ],
            "y.npy: is of 1 x 2 elements; expected one label",
        ),
        (
            vec![
                ("X.npy", good()),
                ("y.npy", npy("<f4", "False", "(2,)", &nan)),
            ],
            "y.npy, label 2: expected a whole number",
        ),
    ] {
        match read(&files, None) {
            Err(found) => assert!(
                found.starts_with(expected) && !expected.is_empty(),
                "\n   found: {found}\nexpected: {expected}"
            ),
            Ok(_) => assert_eq!(expected, ""),
        }
    }
    let text = read(
        &[("t.csv", b"1,a\n".to_vec()), ("y", b"a\n".to_vec())],
        Some("y"),
    );
    assert!(
        text.unwrap_err()
            .starts_with("t.csv: a text table holds its classes itself")
    );
}

proptest! {
    #[test]
    fn any_bytes_behind_any_magic_give_a_table_or_an_error(
        format in 0..6_usize,
        shape in prop::collection::vec(0..4_u32, 0..4),
        code in 7..16_u8,
        tail in prop::collection::vec(any::<u8>(), 0..80),
        cut in 0..200_usize,
        dict in "[\\{\\}\\[\\]\\(\\)',: descrfotan_hpTFul<|i4U0-9]{0,60}",
    ) {
        let descr = ["<f8", "|u1", ">i2", "<U1", "|b1", "|S3"][format];
        let order = if cut % 2 == 0 { "True" } else { "False" };
        let bytes = match format {
            0 => idx(code, &shape, &tail),
            1 => gzip(&idx(8, &shape, &tail)),
            2 => [npy::MAGIC, &[1, 0, 60, 0], dict.as_bytes(), &tail].concat(),
            3 => [npy::MAGIC, &tail].concat(),
            _ => npy(descr, order, &format!("{shape:?}").replace('[', "(").replace(']', ",)"), &tail),
        };
        let bytes = bytes[..bytes.len().min(cut)].to_vec();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("y");
        fs::write(&path, &bytes).unwrap();
        let reading = Reading { labels: Some(path.clone()), ..Reading::default() };
        // The same bytes as samples and as labels.
        let _ = labels::read("x", None, 2, &reading);
        fs::write(&path, "a\nb\n").unwrap();
        if let Ok(table) = Table::from_bytes("x", None, bytes, &reading) {
            prop_assert_eq!((table.rows(), table.width > 0), (2, true));
            prop_assert!(table.segment().is_ok());
        }
    }
}
