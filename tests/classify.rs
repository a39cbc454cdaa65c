//! `master classify`, through the binaries.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fmt::Write as _,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use brigade_tests::{
    Output, binary, eventually, is_alive, is_at_work, kill, kill_if_there, master, table, within,
    write,
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

const IRIS: &str = include_str!("../data/bezdekIris.data");

/// The size and the SHA-256 of a file.
fn fingerprint(path: &Path) -> (u64, String) {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let digest = text.split_whitespace().next().unwrap().to_owned();
    (fs::metadata(path).unwrap().len(), digest)
}

/// A model over a table whose classes these are, in a folder of its own with the table.
struct Model {
    folder: TempDir,
    value: Value,
}

impl Model {
    fn new(text: &str, classes: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("known.csv");
        write(&data, text);
        let (bytes, sha256) = fingerprint(&data);
        let value = json!({
            "format": 1, "brigade": "0.1.0",
            "data": {"path": data, "bytes": bytes, "sha256": sha256,
                     "labels": null, "label": "-1", "header": "auto"},
            "features": null, "classes": classes, "k": 5, "distance": "ED",
            "weights": "uniform", "scale": "none", "split": "every:5",
            "metric": "accuracy", "quality": 0.967,
        });
        Self { folder, value }
    }

    fn iris() -> Self {
        Self::new(IRIS, &["Iris-setosa", "Iris-versicolor", "Iris-virginica"])
    }

    /// A table that takes a while.
    fn long() -> Self {
        Self::new(&table(20_000, 20), &["red", "green", "blue"])
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.value[key] = value;
        self
    }

    /// The arguments that use it.
    fn arguments(&self, more: &str) -> Vec<String> {
        let path = self.folder.path().join("model.json");
        write(&path, &self.value.to_string());
        let path = path.display().to_string();
        let mut words = vec!["classify".to_owned(), "--model".to_owned(), path];
        words.extend(more.split_whitespace().map(str::to_owned));
        words
    }

    fn classify(&self, more: &str, input: &str) -> Output {
        master(self.arguments(more)).input(input).end()
    }
}

/// The plain program: the classes and the votes of the winner of each row.
fn reference(rows: &[Vec<f64>], k: usize, distance: fn(&[f64], &[f64]) -> f64) -> String {
    let known: Vec<(Vec<f64>, &str)> = IRIS.split_whitespace().map(row_of).collect();
    let mut text = String::new();
    for row in rows {
        let mut near: Vec<(f64, &Vec<f64>, &str)> = known
            .iter()
            .map(|(features, class)| (distance(row, features), features, *class))
            .collect();
        near.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let mut votes: Vec<(&str, u32)> = Vec::new();
        for (_, _, class) in &near[..k] {
            match votes.iter_mut().find(|(voted, _)| voted == class) {
                Some((_, votes)) => *votes += 1,
                None => votes.push((class, 1)),
            }
        }
        // The last of the greatest would win; the first met is to.
        let (class, votes) = votes.iter().rev().max_by_key(|(_, votes)| votes).unwrap();
        let _ = writeln!(text, "{class}\t{votes}/{k}");
    }
    text
}

fn row_of(line: &str) -> (Vec<f64>, &str) {
    let (features, class) = line.rsplit_once(',').unwrap();
    let features = features.split(',').map(|field| field.parse().unwrap());
    (features.collect(), class)
}

#[test]
fn iris_is_classified_as_by_the_plain_program() {
    within(60, || {
        let testing: Vec<&str> = IRIS.split_whitespace().step_by(5).collect();
        let rows: Vec<Vec<f64>> = testing.iter().map(|line| row_of(line).0).collect();
        let euclid: fn(&[f64], &[f64]) -> f64 = |a, b| {
            let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
            squares.sum::<f64>().sqrt()
        };
        let manhattan: fn(&[f64], &[f64]) -> f64 =
            |a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
        let input = testing.join("\n");
        for (name, distance) in [("ED", euclid), ("MD", manhattan)] {
            for k in [1, 4, 5, 17, 150] {
                let model = Model::iris()
                    .with("k", json!(k))
                    .with("distance", json!(name));
                let output = model.classify("-j 2", &input);
                output.assert_quiet_success();
                assert_eq!(output.stdout, reference(&rows, k, distance), "{name} {k}");
            }
        }
        let model = Model::iris();
        let output = model.classify("--check --format table", &input);
        assert_eq!(output.code, 0);
        assert_eq!(output.stderr, "accuracy: 0.967 (29 of 30 right)\n");
        assert!(output.stdout.ends_with("rows: 30\n"), "{}", output.stdout);
        let threads = model.classify("--backend threads", &input).stdout;
        assert_eq!(threads, model.classify("-j 3", &input).stdout);
    });
}

#[test]
fn formats_for_programs_and_weights() {
    within(30, || {
        let model = Model::iris().with("weights", json!("distance"));
        let output = model.classify("--format json", "5.1,3.5,1.4,0.2\n6,3,5,1.7\n");
        output.assert_quiet_success();
        let rows: Vec<Value> = output
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(rows[0]["class"], "Iris-setosa");
        assert_eq!(rows[0]["distance_of_nearest"].as_f64(), Some(0.0));
        assert_eq!(rows[1]["row"], 2);
        let votes = rows[1]["votes"].as_object().unwrap();
        let total: f64 = votes.values().map(|votes| votes.as_f64().unwrap()).sum();
        assert!(votes.len() == 2 && total > 5.0, "{votes:?}");
        let output = Model::iris().classify("--format csv", "6,3,5,1.7\n");
        assert_eq!(
            output.stdout,
            "row,class,votes Iris-setosa,votes Iris-versicolor,votes Iris-virginica\n\
             1,Iris-virginica,0,2,3\n"
        );
    });
}

#[test]
fn models_may_have_names_scales_and_few_features() {
    within(30, || {
        let text =
            "kind,size,noise,weight\nsmall,1,9,1\nlarge,8,1,900\nsmall,2,2,2\nlarge,9,5,950\n";
        let mut model = Model::new(text, &["small", "large"])
            .with("k", json!(1))
            .with("scale", json!("minmax"))
            .with("features", json!(["size", "weight"]));
        model.value["data"]["label"] = json!("1");
        let expected = "small\t1/1\nlarge\t1/1\n";
        for input in [
            "1,1\n9,900\n",
            "weight,size\n1,1\n900,9\n",
            "?,1,5,1\n?,9,5,900\n",
            "1,5,1\n9,5,900\n",
        ] {
            let output = model.classify("", input);
            assert_eq!(
                (output.code, &*output.stdout),
                (0, expected),
                "{input} {}",
                output.stderr
            );
        }
        model.value["data"]["label"] = json!("kind");
        model.value["features"] = json!([2, 4]);
        let output = model.classify("--check", "weight,kind,size\n1,small,1\n900,small,9\n");
        assert_eq!(
            (output.code, &*output.stdout),
            (0, expected),
            "{}",
            output.stderr
        );
        assert_eq!(output.stderr, "accuracy: 0.500 (1 of 2 right)\n");
        let output = model.classify("", "size,heft\n1,1\n");
        assert_eq!(output.code, 2);
        assert!(
            output.stderr.contains("line 1: the header lacks `weight`"),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn wrong_rows_are_told_with_their_lines_and_the_rest_is_done() {
    within(30, || {
        let model = Model::iris();
        let input = "5.1,3.5,1.4,0.2\n1,2\n\n5.1,x,1.4,0.2\n6,3,5,1.7,?\n";
        let output = model.classify("", input);
        assert_eq!(
            (output.code, &*output.stdout),
            (3, "Iris-setosa\t5/5\nIris-virginica\t3/5\n")
        );
        assert_eq!(
            output.stderr,
            "error: line 2: expected 4 features, or 5 columns with the class in column 5, found 2\n\
             error: line 4: column 2: expected a finite number such as 5.1, found `x`\n"
        );
        let output = model.classify("--check", "5.1,3.5,1.4,0.2\n");
        assert_eq!(output.code, 3);
        assert!(
            output
                .stderr
                .contains("expected 5 columns, the class in column 5, found 4")
        );
        // A number that overflows on the scale costs its row, not the rows beside it.
        let scaled = Model::iris().with("scale", json!("standard"));
        let output = scaled.classify("", "5.1,3.5,1.4,0.2\n1,1.7e308,1,1\n6,3,5,1.7\n");
        assert_eq!((output.code, output.stdout.lines().count()), (3, 2));
        assert!(
            output.stderr.starts_with("error: line 2: "),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn samples_that_changed_or_are_gone_are_refused_with_the_remedy() {
    within(30, || {
        let model = Model::iris();
        let known = model.folder.path().join("known.csv");
        let moved = model.folder.path().join("moved.csv");
        fs::rename(&known, &moved).unwrap();
        let output = model.classify("", "5.1,3.5,1.4,0.2\n");
        assert_eq!((output.code, &*output.stdout), (2, ""));
        assert!(
            output
                .stderr
                .contains("known.csv, which the model was tuned on, cannot be read")
        );
        assert!(output.stderr.contains("--data"), "{}", output.stderr);
        let data = format!("--data {}", moved.display());
        assert_eq!(
            model.classify(&data, "5.1,3.5,1.4,0.2\n").stdout,
            "Iris-setosa\t5/5\n"
        );
        write(&moved, &IRIS.replacen("5.1", "5.2", 1));
        let output = model.classify(&data, "5.1,3.5,1.4,0.2\n");
        assert_eq!((output.code, &*output.stdout), (2, ""));
        assert!(
            output
                .stderr
                .contains("has changed since the model was tuned on it")
        );
        let shipped = Model::iris().with(
            "data",
            json!({"path": "shipped:bezdekIris.data", "bytes": 0, "labels": null,
                   "sha256": fingerprint(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/bezdekIris.data"))).1,
                   "label": "-1", "header": "auto"}),
        );
        let output = shipped.classify("", "5.1,3.5\n5.1,3.5,1.4,0.2\n");
        assert_eq!(output.stdout, "Iris-setosa\t5/5\n");
        let names =
            "expected 4 features named sepal length, sepal width, petal length, petal width";
        assert!(output.stderr.contains(names), "{}", output.stderr);
    });
}

#[test]
fn a_pipe_that_does_not_end_is_answered_line_by_line() {
    within(30, || {
        let model = Model::iris();
        let mut run = master(model.arguments("-"));
        for (asked, answer) in [
            ("5.1,3.5,1.4,0.2\n", "Iris-setosa\t5/5\n"),
            ("6.3,3.3,6.0,2.5\n", "Iris-virginica\t5/5\n"),
            ("5.0,3.4,1.5,0.2\n", "Iris-setosa\t5/5\n"),
        ] {
            run.send(asked);
            assert_eq!(run.stdout_line(), answer);
        }
        assert_eq!(run.end().code, 0);
    });
}

/// The most memory that a process has had, in bytes.
fn peak_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    kilobytes.unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn endless_input_takes_no_more_memory_than_short_input() {
    within(120, || {
        let model = Model::iris();
        let mut child = Command::new(binary("master"))
            .args(model.arguments("--format table -j 2"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let rows = "5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n".repeat(2_000);
        let mut feed = |times: u32| {
            for _ in 0..times {
                input.write_all(rows.as_bytes()).unwrap();
            }
        };
        feed(20);
        let early = peak_bytes(child.id());
        feed(100);
        let late = peak_bytes(child.id());
        drop(input);
        assert!(child.wait().unwrap().success());
        assert!(late < early + (16 << 20), "{early} bytes grew to {late}");
    });
}

#[test]
fn workers_killed_in_the_middle_cost_nothing() {
    within(120, || {
        let model = Model::long();
        let input = table(3_000, 20);
        let undisturbed = model.classify("-j 2", &input);
        undisturbed.assert_quiet_success();
        let mut run = master(model.arguments("-j 2 -v --retries 20"));
        let pids = run.worker_pids(2);
        let killer = thread::spawn(move || {
            for pid in pids {
                assert!(eventually(30, || is_at_work(pid)));
                kill_if_there(pid, Signal::SIGKILL);
            }
        });
        let output = run.input(&input).end();
        killer.join().unwrap();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(
            output.stderr.contains("was killed by SIGKILL"),
            "{}",
            output.stderr
        );
        assert!(output.stdout == undisturbed.stdout, "results differ");
    });
}

#[test]
fn ctrl_c_ends_it_even_where_the_input_does_not_end() {
    within(60, || {
        let model = Model::iris();
        let mut run = master(model.arguments("-v -j 2"));
        let pids = run.worker_pids(2);
        run.send("5.1,3.5,1.4,0.2\n");
        assert_eq!(run.stdout_line(), "Iris-setosa\t5/5\n");
        kill(run.pid(), Signal::SIGINT);
        // Its input is open still.
        assert!(eventually(20, || !is_alive(run.pid())));
        assert!(pids.iter().all(|pid| !is_alive(*pid)));
        let code = run.end().code;
        assert!(code == 130 || code == -2, "{code}");
    });
}
