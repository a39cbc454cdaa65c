//! `master classify` of IDX and NumPy files, and of models whose files have moved, through the binaries.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, path::Path, process::Command};

use brigade_tests::{Output, master, within, write};
use tempfile::TempDir;

/// An IDX file of bytes.
fn idx(path: &Path, shape: &[u32], bytes: &[u8]) {
    let mut file = vec![0, 0, 8, u8::try_from(shape.len()).unwrap()];
    file.extend(shape.iter().flat_map(|length| length.to_be_bytes()));
    file.extend(bytes);
    fs::write(path, file).unwrap();
}

/// Images of 2 × 2 pixels, dark ones of class 3 and bright ones of class 7, and their labels.
fn images(folder: &Path, name: &str, count: u8) {
    let pixels: Vec<u8> = (0..count)
        .flat_map(|row| [if row % 2 == 0 { row } else { 255 - row }; 4])
        .collect();
    let labels: Vec<u8> = (0..count)
        .map(|row| if row % 2 == 0 { 3 } else { 7 })
        .collect();
    idx(
        &folder.join(format!("{name}-images-idx3-ubyte")),
        &[count.into(), 2, 2],
        &pixels,
    );
    idx(
        &folder.join(format!("{name}-labels-idx1-ubyte")),
        &[count.into()],
        &labels,
    );
}

/// A folder with images, and a model tuned on them.
fn tuned() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    images(folder.path(), "known", 40);
    images(folder.path(), "unknown", 5);
    let output = run(
        &folder,
        "tune known-images-idx3-ubyte --k 3 --distance ED --save m.json",
    );
    assert_eq!(output.code, 0, "{}", output.stderr);
    folder
}

/// Runs a command whose names of files are those of the folder's.
fn run(folder: &TempDir, words: &str) -> Output {
    let place = |word: &str| {
        let path = folder.path().join(word);
        let is_file = word.contains(['.', '_']) || word.contains("ubyte");
        if is_file {
            path.display().to_string()
        } else {
            word.to_owned()
        }
    };
    let words: Vec<String> = words.split_whitespace().map(place).collect();
    master(words).end()
}

const CLASSES: &str = "3\t3/3\n7\t3/3\n3\t3/3\n7\t3/3\n3\t3/3\n";

#[test]
fn idx_files_are_classified_compressed_or_not() {
    within(30, || {
        let folder = tuned();
        let output = run(&folder, "classify --model m.json unknown-images-idx3-ubyte");
        assert_eq!(
            (output.code, &*output.stdout),
            (0, CLASSES),
            "{}",
            output.stderr
        );
        let output = run(
            &folder,
            "classify --model m.json unknown-images-idx3-ubyte --check",
        );
        assert!(output.stderr.contains("5 of 5"), "{}", output.stderr);
        let images = folder.path().join("unknown-images-idx3-ubyte");
        assert!(
            Command::new("gzip")
                .arg(&images)
                .status()
                .unwrap()
                .success()
        );
        let output = run(
            &folder,
            "classify --model m.json unknown-images-idx3-ubyte.gz --check",
        );
        assert_eq!(
            (output.code, &*output.stdout),
            (0, CLASSES),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn numpy_files_and_compressed_text_are_classified() {
    within(30, || {
        let folder = tuned();
        let mut header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 4), }".to_owned();
        header += &" ".repeat(117 - header.len());
        header.push('\n');
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        file.extend(header.as_bytes());
        let numbers = [1.5_f64, 0.0, 2.0, 1.0, 250.0, 240.0, 255.0, 251.5];
        file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        fs::write(folder.path().join("x.npy"), file).unwrap();
        let output = run(&folder, "classify --model m.json x.npy");
        assert_eq!(
            (output.code, &*output.stdout),
            (0, "3\t3/3\n7\t3/3\n"),
            "{}",
            output.stderr
        );
        write(&folder.path().join("x.csv"), "1,1,1,1\n250,250,250,250\n");
        let text = folder.path().join("x.csv");
        assert!(Command::new("gzip").arg(&text).status().unwrap().success());
        let output = run(&folder, "classify --model m.json x.csv.gz");
        assert_eq!(
            (output.code, &*output.stdout),
            (0, "3\t3/3\n7\t3/3\n"),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn arrays_that_do_not_fit_are_refused_by_what_was_expected() {
    within(30, || {
        let folder = tuned();
        let file = |name: &str| folder.path().join(name);
        idx(&file("wide-ubyte"), &[2, 3], &[1; 6]);
        let output = run(&folder, "classify --model m.json wide-ubyte");
        assert_eq!((output.code, &*output.stdout), (2, ""));
        let expected = "expected 4 features, found rows of 3";
        assert!(output.stderr.contains(expected), "{}", output.stderr);
        idx(&file("cut-ubyte"), &[9, 2, 2], &[1; 7]);
        let output = run(&folder, "classify --model m.json cut-ubyte");
        assert_eq!((output.code, &*output.stdout), (2, ""));
        assert!(output.stderr.contains("9 x 2 x 2"), "{}", output.stderr);
        idx(&file("alone-ubyte"), &[1, 2, 2], &[1; 4]);
        let output = run(&folder, "classify --model m.json alone-ubyte --check");
        assert_eq!((output.code, &*output.stdout), (2, ""));
    });
}

#[test]
fn samples_that_moved_with_labels_of_another_name_are_pointed_at() {
    within(30, || {
        let folder = tuned();
        let file = |name: &str| folder.path().join(name);
        fs::rename(file("known-images-idx3-ubyte"), file("moved-ubyte")).unwrap();
        fs::rename(file("known-labels-idx1-ubyte"), file("classes-ubyte")).unwrap();
        let to_do = "classify --model m.json unknown-images-idx3-ubyte --data moved-ubyte";
        assert_eq!(run(&folder, to_do).code, 2);
        let output = run(&folder, &format!("{to_do} --labels classes-ubyte"));
        assert_eq!(
            (output.code, &*output.stdout),
            (0, CLASSES),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn a_model_tested_on_classes_of_its_own_classifies_by_those_it_knows() {
    within(30, || {
        let folder = tempfile::tempdir().unwrap();
        write(
            &folder.path().join("a.csv"),
            "1,1,low\n2,1,low\n9,9,high\n8,9,high\n",
        );
        write(&folder.path().join("b.csv"), "1,2,low\n99,99,new\n");
        let output = run(&folder, "tune a.csv --test b.csv --k 1 --save m.json");
        assert_eq!(output.code, 0, "{}", output.stderr);
        write(&folder.path().join("x.csv"), "0,0\n70,70\n");
        let output = run(&folder, "classify --model m.json x.csv");
        assert_eq!(
            (output.code, &*output.stdout),
            (0, "low\t1/1\nhigh\t1/1\n"),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn a_first_row_without_numbers_is_said_to_be_taken_for_names() {
    within(30, || {
        let folder = tuned();
        write(&folder.path().join("x.csv"), "a,b,c,d\n1,1,1,1\n");
        let output = run(&folder, "classify --model m.json x.csv");
        assert_eq!((output.code, &*output.stdout), (0, "3\t3/3\n"));
        assert!(
            output.stderr.contains("line 1: no number in it"),
            "{}",
            output.stderr
        );
        assert!(output.stderr.contains("--header no"), "{}", output.stderr);
        let output = run(&folder, "classify --model m.json x.csv --header no");
        assert_eq!(output.code, 3);
    });
}

#[test]
fn features_with_the_same_name_are_chosen_by_number() {
    within(30, || {
        let folder = tempfile::tempdir().unwrap();
        write(
            &folder.path().join("a.csv"),
            "x,x,kind\n1,9,low\n2,8,low\n9,1,high\n8,2,high\n",
        );
        let output = run(&folder, "tune a.csv --k 1 --features x");
        assert_eq!(output.code, 2);
        assert!(
            output.stderr.contains("2 columns are named `x`"),
            "{}",
            output.stderr
        );
        let output = run(&folder, "tune a.csv --k 1 --features 2 --save m.json");
        assert_eq!(output.code, 0, "{}", output.stderr);
        write(&folder.path().join("q.csv"), "9\n1\n");
        let output = run(&folder, "classify --model m.json q.csv");
        assert_eq!(output.stdout, "low\t1/1\nhigh\t1/1\n", "{}", output.stderr);
    });
}
