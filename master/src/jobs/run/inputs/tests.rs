use std::io::Write;

use super::*;

fn cutting() -> Cutting {
    Cutting {
        delimiter: b'\n',
        columns: Columns::One,
        has_header: false,
        per_job: 1,
    }
}

fn list(line: &str) -> Source {
    let words = line.split(' ').filter(|word| !word.is_empty());
    Source::List(words.map(|word| word.as_bytes().to_vec()).collect())
}

/// Each job's columns with commas between them.
fn jobs(groups: &[Linked], cutting: &Cutting) -> Vec<String> {
    let inputs = Inputs::open(groups, cutting).unwrap();
    let jobs = inputs.jobs;
    let rows: Vec<String> = inputs
        .map(|row| String::from_utf8(row.unwrap().join(&b',')).unwrap())
        .collect();
    assert!(
        jobs.is_none_or(|jobs| jobs == rows.len() as u64),
        "{jobs:?}"
    );
    rows
}

fn file(content: &[u8]) -> (tempfile::NamedTempFile, Source) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    let source = Source::File(file.path().to_owned());
    (file, source)
}

#[test]
fn the_last_source_changes_fastest() {
    let groups = [vec![list("a b")], vec![list("1 2 3"), list("x y")]];
    let expected = ["a,1,x", "a,2,y", "b,1,x", "b,2,y"];
    let cut = cutting();
    let inputs = Inputs::open(&groups, &cut).unwrap();
    assert_eq!(inputs.jobs, Some(4));
    assert_eq!(jobs(&groups, &cut), expected);
    assert!(jobs(&[vec![list("a b")], vec![list("")]], &cut).is_empty());
}

#[test]
fn lines_and_what_else_ends_inputs() {
    let (_file, source) = file(b"a b\n\n\xff\r\nlast");
    let inputs = Inputs::open(&[vec![source]], &cutting()).unwrap();
    let rows: Vec<Row> = inputs.map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [
            [b"a b".to_vec()],
            [vec![]],
            [b"\xff\r".to_vec()],
            [b"last".to_vec()]
        ]
    );
    let (_file, source) = file(b"a\nb\0c\0");
    let cut = Cutting {
        delimiter: 0,
        ..cutting()
    };
    assert_eq!(jobs(&[vec![source]], &cut), ["a\nb", "c"]);
}

#[test]
fn columns_are_cut_by_an_expression_or_as_csv() {
    let columns = Columns::Between(Regex::new(r"\s*;\s*").unwrap());
    let cut = Cutting {
        columns,
        ..cutting()
    };
    assert_eq!(
        jobs(&[vec![Source::List(vec![b"a ; b;c".to_vec()])]], &cut),
        ["a,b,c"]
    );
    let cut = Cutting {
        columns: Columns::Csv,
        ..cutting()
    };
    let (_file, source) = file(b"\"a\nb\",\"say \"\"x\"\"\"\nc\n");
    assert_eq!(jobs(&[vec![source]], &cut), ["a\nb,say \"x\"", "c"]);
    assert_eq!(
        jobs(
            &[vec![Source::List(vec![b"\"a,b\",c".to_vec(), vec![]])]],
            &cut
        ),
        ["a,b,c", ""]
    );
}

#[test]
fn headers_name_columns_and_several_inputs_make_one_job() {
    let cut = Cutting {
        has_header: true,
        ..cutting()
    };
    let groups = [vec![list("size 1 2")], vec![list("colour red")]];
    let inputs = Inputs::open(&groups, &cut).unwrap();
    assert_eq!(inputs.names, [b"size".to_vec(), b"colour".to_vec()]);
    assert_eq!(jobs(&groups, &cut), ["1,red", "2,red"]);
    let cut = Cutting {
        per_job: 2,
        ..cutting()
    };
    assert_eq!(jobs(&[vec![list("a b c")]], &cut), ["a,b", "c"]);
}

#[test]
fn a_missing_file_is_named_and_a_line_without_an_end_refused() {
    let gone = Source::File("/no/such/file".into());
    let error = Inputs::open(&[vec![gone]], &cutting()).err().unwrap();
    assert!(
        error.to_string().starts_with("/no/such/file: no such file"),
        "{error}"
    );
    let (_file, source) = file(&vec![b'x'; usize::try_from(LONGEST).unwrap() + 5]);
    let mut inputs = Inputs::open(&[vec![source]], &cutting()).unwrap();
    let error = inputs.next().unwrap().unwrap_err();
    assert!(
        error.to_string().contains("input 1: longer than"),
        "{error}"
    );
    assert!(inputs.next().is_none());
}
