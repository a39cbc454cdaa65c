//! What `master tune` can be told to do otherwise, and the files that it writes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, process::Command};

use brigade_tests::{Output, master, within};
use serde_json::Value;

const IRIS: &str = include_str!("../data/bezdekIris.data");

#[track_caller]
fn tune(arguments: &str) -> Output {
    let words = format!("tune {arguments}");
    within(60, move || master(words.split_whitespace()).end())
}

#[track_caller]
fn json(arguments: &str) -> Value {
    let output = tune(&format!("{arguments} --format json"));
    output.assert_quiet_success();
    serde_json::from_str(&output.stdout).unwrap()
}

/// Scales, weighs and scores in plain Python; prints `k accuracy balanced f1` a line.
const REFERENCE: &str = r#"
import sys
from statistics import mean, pstdev
path, scale, weights = sys.argv[1:]
rows = [line.strip().split(",") for line in open(path) if line.strip()]
rows = [([float(x) for x in row[:-1]], row[-1]) for row in rows]
testing = [row for n, row in enumerate(rows) if n % 5 == 0]
training = sorted(row for n, row in enumerate(rows) if n % 5)
columns = list(zip(*(features for features, _ in training)))
shift, unit = {
    "none": ([0.0] * 4, [1.0] * 4),
    "standard": ([mean(c) for c in columns], [pstdev(c) for c in columns]),
    "minmax": ([min(c) for c in columns], [max(c) - min(c) for c in columns]),
}[scale]
scaled = lambda features: [(x - s) / u for x, s, u in zip(features, shift, unit)]
training = [(scaled(features), label) for features, label in training]
for k in 1, 4, 10, 25:
    right, said = [], []
    for features, label in testing:
        at = scaled(features)
        near = sorted((sum(abs(a - b) for a, b in zip(at, f)), f, l) for f, l in training)[:k]
        votes = {}
        exact = any(d == 0 for d, _, _ in near)
        for d, _, l in near:
            vote = 1.0 if weights == "uniform" else float(d == 0) if exact else 1 / d
            votes[l] = votes.get(l, 0.0) + vote
        right.append(label)
        said.append(max(votes, key=votes.get))
    pairs = list(zip(right, said))
    recall, f1 = [], []
    for label in sorted(set(right) | set(said)):
        hits = sum(r == s == label for r, s in pairs)
        if label in right:
            recall.append(hits / right.count(label))
        f1.append(2 * hits / (right.count(label) + said.count(label)))
    print(k, sum(r == s for r, s in pairs) / len(pairs), mean(recall), mean(f1))
"#;

#[test]
fn scales_weights_and_metrics_equal_a_plain_python_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("iris.csv");
    fs::write(&path, IRIS).unwrap();
    for (scale, weights) in [
        ("none", "distance"),
        ("standard", "uniform"),
        ("standard", "distance"),
        ("minmax", "uniform"),
    ] {
        let python = Command::new("python3")
            .args(["-c", REFERENCE, path.to_str().unwrap(), scale, weights])
            .output()
            .unwrap();
        let expected = String::from_utf8(python.stdout).unwrap();
        assert!(
            python.status.success(),
            "{}",
            String::from_utf8_lossy(&python.stderr)
        );
        for (column, metric) in [(1, "accuracy"), (2, "balanced-accuracy"), (3, "f1-macro")] {
            let report = json(&format!(
                "--k 1,4,10,25 --distance MD --scale {scale} --weights {weights} --metric {metric}"
            ));
            for (cell, line) in report["cells"]
                .as_array()
                .unwrap()
                .iter()
                .zip(expected.lines())
            {
                let words: Vec<f64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
                let (k, quality) = (
                    cell["k"].as_f64().unwrap(),
                    cell["quality"].as_f64().unwrap(),
                );
                assert!(
                    (k - words[0]).abs() < 0.5 && (quality - words[column]).abs() < 1e-9,
                    "{scale}, {weights}, {metric}: {cell} and {line}"
                );
            }
        }
    }
}

#[test]
fn folds_test_each_row_once_and_seeds_reproduce() {
    let report = json("--split kfold:5x3 --k 1:10 --distance ED,SD");
    let results = &report["cv_results_"];
    for (index, cell) in report["cells"].as_array().unwrap().iter().enumerate() {
        assert_eq!(cell["tested"], 450);
        let scores: Vec<f64> = (0..15)
            .map(|split| {
                results[format!("split{split}_test_score")][index]
                    .as_f64()
                    .unwrap()
            })
            .collect();
        let mean = scores.iter().sum::<f64>() / 15.0;
        let variance = scores
            .iter()
            .map(|score| (score - mean).powi(2))
            .sum::<f64>()
            / 15.0;
        for (key, expected) in [
            ("mean_test_score", mean),
            ("std_test_score", variance.sqrt()),
        ] {
            let found = results[key][index].as_f64().unwrap();
            assert!(
                (found - expected).abs() < 1e-12,
                "{key}: {found}, {expected}"
            );
        }
        // Folds of equal size: the mean is the share of all.
        let share = cell["passed"].as_f64().unwrap() / 450.0;
        assert!((share - mean).abs() < 1e-12);
    }
    // Each fold has its share of each class, so all of them are tested as often.
    let matrix = report["confusion"]["matrix"].as_array().unwrap();
    for row in matrix {
        let support: u64 = row
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_u64)
            .sum();
        assert_eq!(support, 150);
    }
    let again = |seed: u32, workers: u32| {
        tune(&format!(
            "--split kfold:5 --seed {seed} -j {workers} --format csv"
        ))
        .stdout
    };
    assert_eq!(again(7, 1), again(7, 3));
    assert_ne!(again(7, 2), again(8, 2));
    assert_eq!(
        again(7, 2),
        tune("--split kfold:5:seed=7 --format csv").stdout
    );
}

#[test]
fn keys_are_those_of_scikit_learn() {
    let report = json("--k 5,7 --distance SD,CD --weights distance");
    let keys: Vec<&String> = report["cv_results_"].as_object().unwrap().keys().collect();
    let expected = "mean_test_score param_metric param_n_neighbors param_weights params \
                    rank_test_score split0_test_score std_test_score";
    assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
    let best = usize::try_from(report["best_index_"].as_u64().unwrap()).unwrap();
    let results = &report["cv_results_"];
    assert_eq!(results["rank_test_score"][best], 1);
    assert_eq!(results["params"][best], report["best_params_"]);
    assert_eq!(results["mean_test_score"][best], report["best_score_"]);
    assert_eq!(results["param_metric"][0], "braycurtis");
    assert_eq!(report["class_report"][0]["class"], "Iris-setosa");
}

#[test]
fn samples_of_a_second_file_test() {
    let folder = tempfile::tempdir().unwrap();
    let (training, testing) = (
        folder.path().join("train.csv"),
        folder.path().join("test.csv"),
    );
    let pick = |is_test: bool| {
        let lines = IRIS.lines().filter(|line| !line.is_empty()).enumerate();
        let picked = lines.filter(|(row, _)| (row % 5 == 0) == is_test);
        picked.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
    };
    fs::write(&training, pick(false)).unwrap();
    fs::write(&testing, pick(true)).unwrap();
    let (training, testing) = (training.display(), testing.display());
    let files = format!("{training} --test {testing}");
    let output = tune(&format!("{files} --format lines"));
    output.assert_quiet_success();
    let expected = include_str!("../master/tests/fixtures/iris-grid.txt").trim_end();
    assert_eq!(output.sorted_lines().join("\n"), expected);

    fs::write(
        folder.path().join("test.csv"),
        "5,3,1.5,0.2,Iris-setosa\n1,1,1,1,Iris-nova\n",
    )
    .unwrap();
    let output = tune(&files);
    assert_eq!(output.code, 0);
    assert_eq!(
        output.stderr,
        "warning: class `Iris-nova` is tested without one training sample; it cannot be recognised\n"
    );
    let output = tune(&format!("{files} --split kfold:3"));
    assert_eq!(output.code, 2, "{}", output.stderr);
    fs::write(folder.path().join("test.csv"), "5,3,a\n").unwrap();
    let output = tune(&files);
    assert!(
        output.code == 2 && output.stderr.contains("has 4 features and"),
        "{}",
        output.stderr
    );
}

#[test]
fn features_are_chosen() {
    let lines = |options: &str| {
        let output = tune(&format!("{options} --format lines"));
        output.assert_quiet_success();
        output.stdout
    };
    assert_eq!(lines("--features 3,4"), lines("--drop 1,2"));
    assert_ne!(lines("--features 1"), lines(""));
    let output = tune("--features 5");
    assert_eq!(output.code, 2);
    assert!(
        output
            .stderr
            .contains("column 5 holds the class, which is no feature; expected 1, 2, 3, 4")
    );
    assert_eq!(lines("--no-prune"), lines(""));
}

#[test]
fn pictures_and_models_are_written_even_if_nobody_reads_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (png, svg, model) = (at("grid.png"), at("grid.svg"), at("model.json"));
    tune(&format!("--plot {png} --save {model} --drop 1")).assert_eq_code(0);
    tune(&format!("--plot {svg}")).assert_eq_code(0);
    let picture = fs::read(&png).unwrap();
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    let picture = fs::read_to_string(&svg).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert!(picture.contains("accuracy on bezdekIris.data"));
    let saved: Value = serde_json::from_str(&fs::read_to_string(&model).unwrap()).unwrap();
    assert_eq!(saved["format"], 1);
    assert_eq!(saved["data"]["path"], "shipped:bezdekIris.data");
    assert_eq!(saved["features"], serde_json::json!([2, 3, 4]));
    let sum = Command::new("sha256sum")
        .arg("../data/bezdekIris.data")
        .output()
        .unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    assert_eq!(saved["data"]["sha256"].as_str(), sum.split(' ').next());
    let output = tune(&format!("--save {}", at("none/model.json")));
    assert_eq!(output.code, 2);
    assert!(
        output.stderr.contains("cannot be written"),
        "{}",
        output.stderr
    );
    assert_eq!(tune("--plot grid.gif").code, 2);
}

trait AssertCode {
    fn assert_eq_code(&self, code: i32);
}

impl AssertCode for Output {
    #[track_caller]
    fn assert_eq_code(&self, code: i32) {
        assert_eq!(self.code, code, "{}", self.stderr);
    }
}
