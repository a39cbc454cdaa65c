use super::*;

fn read(text: &str) -> Result<Table, TableError> {
    read_as(text, Header::Auto, "-1")
}

fn read_as(text: &str, header: Header, label: &str) -> Result<Table, TableError> {
    let reading = Reading {
        header,
        label: label.parse().unwrap(),
        ..Reading::default()
    };
    Table::parse("t.csv", text.as_bytes(), &reading)
}

fn message(result: Result<Table, TableError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn every_dialect_gives_the_same_table() {
    let plain = read("1,2.5,a\n-3,4e1,b\n").unwrap();
    assert_eq!(
        plain.features,
        Features::Numbers(vec![1.0, 2.5, -3.0, 40.0])
    );
    assert_eq!((plain.width, plain.class_ids.as_slice()), (2, &[0, 1][..]));
    assert_eq!(plain.class_names, ["a", "b"]);
    for text in [
        "1\t2.5\ta\n-3\t4e1\tb",
        "1;2.5;a\r\n-3;4e1;b\r\n\r\n",
        "\u{feff}1, 2.5, a\n\n\n-3 , 4e1 , b\n\n  \n",
        "\"1\",\"2.5\",\"a\"\n\"-3\",\"4e1\",\"b\"\n",
    ] {
        assert_eq!(read(text).unwrap(), plain, "{text:?}");
    }
}

#[test]
fn blanks_in_quotes_make_another_class() {
    let table = read("1,\" a\"\n2,\"a\"\n3, a\n\" 4 \",\"a\"\n").unwrap();
    assert_eq!(table.class_names, [" a", "a"]);
    assert_eq!(table.class_ids, [0, 1, 1, 1]);
}

#[test]
fn a_bad_first_row_is_no_header() {
    for text in [
        "5.l,a\n1,b\n",
        "?,a\n1,b\n",
        ",a\n1,b\n",
        "x,a\n1,b\n2,a\n",
        "x,y,a\n1,2,b\n1,3,a\n",
    ] {
        let found = message(read(text));
        assert!(
            found.starts_with("t.csv, line 1, column 1: expected a number")
                && found.contains("--header yes"),
            "{text:?}: {found}"
        );
        assert!(read_as(text, Header::Yes, "-1").is_ok());
    }
    assert_eq!(read("x,kind\n1,a\n2,b\n").unwrap().rows(), 2);
}

#[test]
fn whole_numbers_up_to_255_are_bytes() {
    assert_eq!(
        read("0,255,a\n1,2.0,b\n").unwrap().features,
        Features::Bytes(vec![0, 255, 1, 2])
    );
    for text in ["256,a\n1,b\n", "-1,a\n1,b\n", "0.5,a\n1,b\n", "-0,a\n1,b\n"] {
        assert!(
            matches!(read(text).unwrap().features, Features::Numbers(_)),
            "{text}"
        );
    }
}

#[test]
fn headers_are_recognised() {
    let table = read("length,width,kind\n1,2,a\n3,4,b\n").unwrap();
    assert_eq!(
        table.feature_names.as_deref(),
        Some(&["length".to_owned(), "width".to_owned()][..])
    );
    assert_eq!(table.rows(), 2);
    assert_eq!(read("1,2,kind\n3,4,a\n").unwrap().rows(), 2);
    assert_eq!(
        read_as("1,2,kind\n3,4,a\n", Header::Yes, "-1")
            .unwrap()
            .rows(),
        1
    );
    let by_name = read_as("kind,1,2\na,3,4\n", Header::Auto, "kind").unwrap();
    assert_eq!(
        (by_name.rows(), by_name.features),
        (1, Features::Bytes(vec![3, 4]))
    );
    assert_eq!(
        read_as("a,1,2\nb,3,4\n", Header::Auto, "1")
            .unwrap()
            .class_names,
        ["a", "b"]
    );
    assert_eq!(
        read_as("1,a,2\n3,b,4\n", Header::Auto, "-2")
            .unwrap()
            .class_names,
        ["a", "b"]
    );
}

#[test]
fn quoted_names_may_hold_anything() {
    let table = read("1,\"a, \"\"b\"\"\"\n2,\"two\nlines\"\n3,c\n").unwrap();
    assert_eq!(table.class_names, ["a, \"b\"", "two\nlines", "c"]);
}

#[test]
fn faults_are_named_with_their_place() {
    let cases = [
        (
            message(read("1,2,a\n3,x,b\n")),
            "t.csv, line 2, column 2: expected a number such as 5.1, found `x`",
        ),
        (
            message(read("h,w,kind\n1,2,a\n\n3,,b\n")),
            "t.csv, line 4, column 2 (`w`): expected a number such as 5.1, found ``",
        ),
        (
            message(read("1,NaN,a\n")),
            "t.csv, line 1, column 2: expected a finite number, found `NaN`",
        ),
        (
            message(read("1,2,a\n1,-inf,a\n")),
            "t.csv, line 2, column 2: expected a finite number, found `-inf`",
        ),
        (
            message(read("1e999,2,a\n")),
            "t.csv, line 1, column 1: expected a finite number, found `1e999`",
        ),
        (
            message(read("1,2,a\n\n\r\n3,b\n")),
            "t.csv, line 4: expected 3 columns as in line 1, found 2",
        ),
        (
            message(read("1,2,a\n3,4,\n")),
            "t.csv, line 2, column 3: expected the name of a class, found nothing",
        ),
        (
            message(read("1,5;2,5;a\n")),
            "t.csv, line 1, column 1: expected a number such as 5.1, found `1,5`; write decimals with a point",
        ),
        (message(read("a\nb\n")), "t.csv, line 1: only one column"),
        (message(read(" \n\n")), "t.csv: is empty"),
        (message(read("")), "t.csv: is empty"),
        (
            message(read("1,2,a\n3,\0,b\n")),
            "t.csv, line 2, byte 3: a NUL byte",
        ),
        (
            message(read_as("a,b,c\n", Header::Yes, "-1")),
            "t.csv: only a header in line 1",
        ),
        (
            message(read("a,b,c\n")),
            "t.csv, line 1, column 1: expected a number such as 5.1, found `a`; for a first row of names",
        ),
        (
            message(read_as("1,2,a\n", Header::Auto, "4")),
            "t.csv: no label column 4; --label takes a number from 1 to 3",
        ),
        (
            message(read_as("h,w\n1,a\n", Header::Auto, "x")),
            "t.csv: no label column `x`; --label takes a number from 1 to 2, or a name in the first row, which is h, w",
        ),
        (
            message(read_as("h,w\n1,a\n", Header::No, "w")),
            "t.csv: no label column `w`; --label takes a number from 1 to 2, since --header no",
        ),
        (
            message(Table::parse("t.csv", b"1,a\n\xff,b\n", &Reading::default())),
            "t.csv, line 2, byte 1: not UTF-8",
        ),
        (
            message(Table::read(
                Path::new("/nowhere/x.csv"),
                &Reading::default(),
            )),
            "/nowhere/x.csv: no such file",
        ),
        (
            message(Table::read(Path::new("/"), &Reading::default())),
            "/: is a directory",
        ),
        (
            message(Table::read(Path::new("/dev/null"), &Reading::default())),
            "/dev/null: is empty",
        ),
    ];
    for (found, expected) in cases {
        assert!(
            found.starts_with(expected),
            "\n   found: {found}\nexpected: {expected}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_give_a_table_or_an_error(bytes in "[0-9a,;\t\"\r\n .-]{0,60}", label in -4..5_i64) {
        let reading = Reading { label: Label::Number(label), ..Reading::default() };
        if let Ok(table) = Table::parse("t", bytes.as_bytes(), &reading) {
            let count = match &table.features {
                Features::Numbers(numbers) => numbers.len(),
                Features::Bytes(bytes) => bytes.len(),
            };
            proptest::prop_assert_eq!(count, table.rows() * table.width);
            proptest::prop_assert!(table.segment().is_ok());
        }
    }
}
