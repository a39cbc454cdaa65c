use super::{super::layout::Class, *};

fn wanted(header: Header, needs_class: bool) -> Wanted {
    let names = ["x".to_owned(), "y".to_owned()];
    let class = Class {
        column: Some(2),
        name: (header == Header::Auto).then(|| "kind".to_owned()),
    };
    Wanted {
        layout: Layout::new(Some(&names), class, &[0, 1], 2),
        header,
        needs_class,
        batch_rows: 2,
    }
}

fn read(wanted: Wanted, text: &[u8]) -> (Vec<Batch>, Result<(), Stopped>) {
    let mut all = Vec::new();
    let send = |batch| {
        all.push(batch);
        Ok(())
    };
    let end = Cutter::new(wanted, send).feed(text);
    (all, end)
}

fn features(text: &str) -> Vec<f64> {
    let (all, end) = read(wanted(Header::Auto, false), text.as_bytes());
    assert!(
        end.is_ok() && all.iter().all(|batch| batch.complaints.is_empty()),
        "{all:?}"
    );
    all.into_iter().flat_map(|batch| batch.features).collect()
}

#[test]
fn every_dialect_with_and_without_a_class() {
    let expected = [1.0, 2.5, -3.0, 40.0];
    for text in [
        "1,2.5\n-3,4e1\n",
        "1,2.5,a\n-3,4e1,b",
        "\u{feff}1;2.5\r\n\r\n-3;4e1\r\n",
        "1\t2.5\n-3\t 4e1\n",
        "x,y\n1,2.5\n-3,4e1\n",
        "y,kind,x\n2.5,a,1\n4e1,b,-3\n",
        "\"1\",\"2.5\",\"a, b\"\n-3,4e1,b\n",
    ] {
        assert_eq!(features(text), expected, "{text:?}");
    }
}

#[test]
fn batches_are_cut_and_rows_are_numbered() {
    let (all, end) = read(wanted(Header::No, true), b"1,1,a\n\n2,2,b\nx,2,c\n3,3,d\n");
    assert!(end.is_ok());
    assert_eq!(all.len(), 2);
    let known = |row, line, class: &str| Known {
        row,
        line: Some(line),
        class: Some(class.to_owned()),
    };
    assert_eq!(all[0].rows, [known(1, 1, "a"), known(2, 3, "b")]);
    assert_eq!(all[1].rows, [known(4, 5, "d")]);
    assert_eq!(
        all[1].complaints,
        ["line 4: column 1: expected a finite number such as 5.1, found `x`"]
    );
}

#[test]
fn faults_are_told_and_the_rest_is_done() {
    let (all, end) = read(
        wanted(Header::No, false),
        b"1\n1,2,3,4\n1,nan\n\xff,1\n1e999,1\n5,6\n",
    );
    assert!(end.is_ok());
    let complaints: Vec<&String> = all.iter().flat_map(|batch| &batch.complaints).collect();
    assert_eq!(complaints.len(), 5);
    assert_eq!(
        complaints[0],
        "line 1: expected 2 features named x, y, or 3 columns with the class in column 3, found 1"
    );
    assert!(complaints[3].contains("is not UTF-8"), "{complaints:?}");
    assert_eq!(all[0].features, [5.0, 6.0]);
    let (_, end) = read(wanted(Header::Auto, false), b"x,z\n1,2\n");
    assert!(
        end.unwrap_err()
            .to_string()
            .starts_with("line 1: the header lacks `y`; expected 2")
    );
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let text = format!("{}\n1,2\n", "9".repeat(LONGEST_LINE + 100_000));
    let (all, _) = read(wanted(Header::No, false), text.as_bytes());
    let complaints: Vec<&String> = all.iter().flat_map(|batch| &batch.complaints).collect();
    assert!(complaints[0].starts_with("line 1: longer than"));
    assert_eq!(all[all.len() - 1].features, [1.0, 2.0]);
}
