//! `master stats`, through the binary.

use std::fmt::Write as _;

use brigade_tests::{Output, master, within};
use serde_json::Value;

fn stats(arguments: &str, input: &str) -> Output {
    let arguments = format!("stats {arguments}");
    master(arguments.split_whitespace()).input(input).end()
}

#[test]
fn iris_is_as_its_description_says_but_for_the_rows_that_were_corrected() {
    within(30, || {
        let output = stats("--format json", "");
        output.assert_quiet_success();
        let report: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(report["rows"], 150);
        assert_eq!(report["classes"][2]["name"], "Iris-virginica");
        assert_eq!(report["classes"][2]["rows"], 50);
        let rounded = |feature: &Value| {
            let number = |key: &str| feature[key].as_f64().unwrap();
            format!(
                "{} {:.1} {:.1} {:.2} {:.2} {:.4} {:.4}",
                feature["name"].as_str().unwrap(),
                number("min"),
                number("max"),
                number("mean"),
                number("sd"),
                number("class_correlation"),
                number("eta_squared")
            )
        };
        let features: Vec<String> = report["features"]
            .as_array()
            .unwrap()
            .iter()
            .map(rounded)
            .collect();
        // iris.names: sepal width 3.05 0.43 -0.4194, petal length 1.76; its rows 35 and 38 have errors.
        assert_eq!(
            features,
            [
                "sepal length 4.3 7.9 5.84 0.83 0.7826 0.6187",
                "sepal width 2.0 4.4 3.06 0.44 -0.4267 0.4008",
                "petal length 1.0 6.9 3.76 1.77 0.9490 0.9414",
                "petal width 0.1 2.5 1.20 0.76 0.9565 0.9289",
            ]
        );
        assert_eq!(report["ranking"][0], "petal length");
        let hint = "petal length and petal width carry the class (eta² 0.94, 0.93)";
        assert_eq!(report["hint"], hint);
        assert!(stats("", "").stdout.contains(hint));
    });
}

#[test]
fn pictures_are_summed_up() {
    within(60, || {
        let mut text = String::new();
        for row in 0..200_u32 {
            for pixel in 0..784_u32 {
                let bright = if pixel < 100 {
                    0
                } else {
                    (row * pixel + row % 10 * pixel) % 256
                };
                let _ = write!(text, "{bright},");
            }
            let _ = writeln!(text, "{}", row % 10);
        }
        let output = stats("-", &text);
        output.assert_quiet_success();
        assert!(
            output.stdout.contains("764 more features with --all"),
            "{}",
            output.stdout
        );
        assert!(
            output
                .stdout
                .contains("the same in all rows: column 1, column 2, "),
            "{}",
            output.stdout
        );
        let all = stats("- --all", &text);
        assert!(all.stdout.lines().count() > 784);
        assert_eq!(stats("- --format csv", &text).stdout.lines().count(), 785);
    });
}

#[test]
fn labels_are_found_as_tune_finds_them_and_faults_are_named() {
    within(30, || {
        let output = stats("- --label kind --format lines", "x,kind,y\n1,a,5\n3,b,5\n");
        output.assert_quiet_success();
        assert_eq!(
            output.stdout,
            "x: 1  3  2.000  1.414  1.0000  1.0000\ny: 5  5  5.000  0.0  -  -\n"
                .replace("0.0  -", "0  -")
        );
        let output = stats(
            "- --label 1 --header no --format lines",
            "a,1e308,2\nb,-1e308,2\n",
        );
        assert_eq!(
            output.stdout,
            "column 2: -1.000e308  1.000e308  0  1.414e308  -1.0000  1.0000\ncolumn 3: 2  2  2.000  0  -  -\n"
        );
        let output = stats("/nowhere.csv", "");
        assert_eq!(output.code, 2);
        assert!(output.stderr.contains("no such file"), "{}", output.stderr);
    });
}
