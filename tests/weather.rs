//! `master weather`, through the binary, against a server on this machine.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on panics"
)]

use std::{
    fmt::Write as _,
    fs,
    io::Write,
    process::Command,
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use brigade_tests::{
    Reply, Running, Web, binary, eventually, fair_forecast, fair_server, forecast, kill, master,
    weather, weather_command, within, zone_of,
};
use flate2::{Compression, write::GzEncoder};
use nix::sys::signal::Signal;

/// The lines of standard error except the closing one, which is checked: so many of so many.
#[track_caller]
fn said(stderr: &str, got: &str) -> Vec<String> {
    let mut lines: Vec<String> = stderr.lines().map(str::to_owned).collect();
    let last = lines.pop().unwrap_or_default();
    let seconds = last
        .strip_prefix(&format!("Got {got} in "))
        .and_then(|rest| rest.strip_suffix(" seconds"))
        .unwrap_or_else(|| panic!("no closing line: {stderr}"));
    let (whole, part) = seconds.split_once('.').expect("a fraction");
    assert!(whole.parse::<u64>().is_ok() && part.len() == 3, "{last}");
    lines
}

#[test]
fn thirteen_zones_are_asked_at_once_and_shown_in_their_order() {
    within(60, || {
        // Nobody is answered before all have asked; then the last ones first.
        let gate = Arc::new((Mutex::new(0), Condvar::new()));
        let web = Web::start(move |asked| {
            let (count, all_here) = &*gate;
            let mut here = count.lock().unwrap();
            *here += 1;
            all_here.notify_all();
            let (here, wait) = all_here
                .wait_timeout_while(here, Duration::from_secs(20), |here| *here < 13)
                .unwrap();
            drop(here);
            assert!(!wait.timed_out(), "they do not come all at once");
            let number: u64 = zone_of(asked)[3..].parse().unwrap();
            Reply::text(fair_forecast(asked)).after(Duration::from_millis(10 * (543 - number)))
        });
        let output = weather(&format!("{}/marine/an", web.url()), "").end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert_eq!(said(&output.stderr, "13 forecasts"), [""; 0]);
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert_eq!(lines.len(), 13);
        assert_eq!(
            lines[0],
            "Chesapeake Bay from Pooles Island to Sandy Point, MD SMALL CRAFT ADVISORY FOR ANZ531"
        );
        assert_eq!(lines[9], "Eastern Bay SMALL CRAFT ADVISORY FOR ANZ540");
        for (number, line) in (531..).zip(&lines) {
            assert!(line.ends_with(&format!(" FOR ANZ{number}")), "{line}");
        }
        let asked = web.asked();
        assert_eq!(asked.len(), 13);
        assert!(
            asked
                .iter()
                .any(|asked| asked.path == "/marine/an/anz531.txt")
        );
        assert!(asked[0].headers["user-agent"].starts_with("brigade-master/"));
    });
}

#[test]
fn no_more_requests_are_on_their_way_than_are_allowed() {
    within(60, || {
        let web =
            Web::start(|asked| Reply::text(fair_forecast(asked)).after(Duration::from_millis(30)));
        let output = weather(&web.url(), "--concurrency 3").end();
        assert_eq!(said(&output.stderr, "13 forecasts"), [""; 0]);
        assert!(
            (2..=3).contains(&web.most_at_once()),
            "{}",
            web.most_at_once()
        );
    });
}

#[test]
fn zones_without_advisory_say_so_and_several_advisories_are_announced() {
    within(60, || {
        let web = Web::start(|asked| match zone_of(asked).as_str() {
            "ANZ540" => Reply::text(forecast("ANZ540", &[])),
            _ => Reply::text(forecast("ANZ541", &["GALE WARNING", "FLOOD WATCH"])),
        });
        let output = weather(&web.url(), "anz541 ANZ540").end();
        assert_eq!(output.code, 0);
        let river = "Choptank River to Cambridge MD and the Little Choptank River";
        let expected = format!("Eastern Bay (no advisory)\n{river} GALE WARNING\n");
        assert_eq!(output.stdout, expected);
        let lines = said(&output.stderr, "2 forecasts");
        assert_eq!(
            lines,
            ["warning: ANZ541: 1 more in force here: --all shows every advisory"]
        );
        let output = weather(&web.url(), "ANZ541 --all").end();
        assert_eq!(
            output.stdout,
            format!("{river} GALE WARNING\n{river} FLOOD WATCH\n")
        );
        assert_eq!(said(&output.stderr, "1 forecast"), [""; 0]);
    });
}

#[test]
fn json_csv_and_table_have_all_zones() {
    within(60, || {
        let web = Web::start(|asked| match zone_of(asked).as_str() {
            "ANZ540" => Reply::status("404 Not Found"),
            "ANZ541" => Reply::text(forecast("ANZ541", &[])),
            _ => Reply::text(fair_forecast(asked)),
        });
        let of = |format| {
            let output = weather(&web.url(), &format!("--format {format}")).end();
            assert_eq!(output.code, 3, "{}", output.stderr);
            output.stdout
        };
        let objects: Vec<serde_json::Value> = of("json")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(objects.len(), 13);
        assert_eq!(objects[0]["advisory"], "SMALL CRAFT ADVISORY FOR ANZ531");
        assert_eq!(objects[0]["expires"], "2126-11-25T21:15:00Z");
        assert_eq!(objects[0]["same_code"], "073531");
        assert_eq!(objects[9]["status"], "failed");
        let error = objects[9]["error"].as_str().unwrap();
        assert!(
            error.starts_with("the server answers 404 Not Found"),
            "{error}"
        );
        assert_eq!(
            (&objects[10]["status"], &objects[10]["from"]),
            (&"none".into(), &"server".into())
        );
        let csv = of("csv");
        assert_eq!(csv.lines().count(), 14);
        assert!(
            csv.contains("\nANZ540,073540,Eastern Bay,failed,,\n"),
            "{csv}"
        );
        let table = of("table");
        assert_eq!(table.lines().count(), 15, "{table}");
        assert!(table.lines().any(|line| {
            line.split_whitespace()
                .eq(["ANZ540", "Eastern", "Bay", "failed"])
        }));
    });
}

#[test]
fn packed_answers_odd_bytes_and_control_characters_do_no_harm() {
    within(60, || {
        let web = Web::start(|asked| {
            let zone = zone_of(asked);
            let mut body =
                forecast(&zone, &["GALE\u{1b}]0;owned\u{7} WARNING\u{9b}2J"]).into_bytes();
            if zone == "ANZ541" {
                body = body
                    .iter()
                    .map(|byte| if *byte == b'G' { 0xff } else { *byte })
                    .collect();
                return Reply::text(body);
            }
            let mut packed = GzEncoder::new(Vec::new(), Compression::default());
            packed.write_all(&body).unwrap();
            Reply::text(packed.finish().unwrap()).header("Content-Encoding", "gzip")
        });
        let output = weather(&web.url(), "ANZ540 ANZ541").end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert_eq!(lines[0], "Eastern Bay GALE?]0;owned? WARNING?2J");
        assert!(lines[1].contains(" \u{fffd}ALE?]0"), "{}", lines[1]);
        let warnings = said(&output.stderr, "2 forecasts");
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("warning: ANZ541: the forecast is not all UTF-8"));
        assert!(web.asked()[0].headers["accept-encoding"].contains("gzip"));
    });
}

#[test]
fn a_forecast_that_is_over_is_shown_with_a_warning() {
    within(60, || {
        let web = Web::start(|asked| {
            Reply::text(fair_forecast(asked).replace("Expires:2126", "Expires:2016"))
        });
        let output = weather(&web.url(), "ANZ540").end();
        assert_eq!(output.code, 0);
        let lines = said(&output.stderr, "1 forecast");
        assert!(lines[0].starts_with("warning: ANZ540: this forecast was to be replaced "));
        assert!(lines[0].contains(" days ago: "), "{lines:?}");
    });
}

#[test]
fn a_file_of_other_zones_is_used_in_its_order_and_mistakes_are_told_with_their_line() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.csv");
        fs::write(
            &path,
            "GMZ130,077130,\"Matagorda, TX\"\n# none\nanz540,073540,Bay\n",
        )
        .unwrap();
        let web = fair_server();
        let zones = format!("--zones {}", path.display());
        let output = weather(&web.url(), &zones).end();
        assert_eq!(
            output.stdout,
            "Matagorda, TX SMALL CRAFT ADVISORY FOR GMZ130\nBay SMALL CRAFT ADVISORY FOR ANZ540\n"
        );
        let output = weather(&web.url(), "--zones -")
            .input("GMZ130,077130,Bay\n")
            .end();
        assert_eq!(output.stdout, "Bay SMALL CRAFT ADVISORY FOR GMZ130\n");
        let refused = |content: &str, why: &str| {
            fs::write(&path, content).unwrap();
            let output = weather(&web.url(), &zones).end();
            assert_eq!((output.code, output.stdout.as_str()), (2, ""));
            assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
            assert!(output.stderr.contains(why), "{}", output.stderr);
        };
        let place = format!("error: {}, line 2: expected three fields", path.display());
        refused("ANZ540,073540,Bay\nANZ541,073541\n", &place);
        refused("", "has no zones");
        fs::remove_file(&path).unwrap();
        let output = weather(&web.url(), &zones).end();
        assert_eq!(output.code, 2);
        assert!(output.stderr.contains("No such file"), "{}", output.stderr);
    });
}

#[test]
fn what_is_asked_for_wrongly_is_refused_before_anything_is_sent() {
    within(60, || {
        let web = fair_server();
        for (arguments, why) in [
            ("ANZ999", "there is no zone `ANZ999` among ANZ531, ANZ532"),
            ("--timeout 0s", "above zero"),
            ("--max-age 1h", "--cache"),
            ("--concurrency 0", "1..=1024"),
        ] {
            let output = weather(&web.url(), arguments).end();
            assert_eq!(
                (output.code, output.stdout.as_str()),
                (2, ""),
                "{arguments}"
            );
            assert!(
                output.stderr.contains(why),
                "{arguments}: {}",
                output.stderr
            );
        }
        for url in ["ftp://localhost/", "localhost:80", "http://a:b@localhost/"] {
            let output = master(["weather", "--base-url", url]).end();
            assert_eq!(output.code, 2, "{url}");
            assert!(output.stderr.contains("--base-url"), "{}", output.stderr);
        }
        assert!(web.asked().is_empty());
    });
}

#[test]
fn ctrl_c_shows_what_is_there_and_says_what_is_missing() {
    within(60, || {
        let web = Web::start(|asked| {
            let is_slow = zone_of(asked) == "ANZ535";
            let delay = if is_slow { 50 } else { 0 };
            Reply::text(fair_forecast(asked)).after(Duration::from_secs(delay))
        });
        let mut run = weather(&web.url(), "--timeout 1m");
        let first: Vec<String> = (0..4).map(|_| run.stdout_line()).collect();
        assert!(first[3].ends_with("FOR ANZ534\n"));
        assert!(eventually(20, || web.asked().len() == 13 && web.most_at_once() > 0));
        let began = Instant::now();
        kill(run.pid(), Signal::SIGINT);
        let output = run.end();
        assert_eq!(output.code, 130, "{}", output.stderr);
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "it waits for the server"
        );
        let missing = output
            .stderr
            .lines()
            .find(|line| line.starts_with("interrupted: "));
        let missing = missing.expect("a word about what is missing");
        assert!(
            missing.ends_with(" of 13 forecasts were not waited for"),
            "{missing}"
        );
    });
}

#[test]
fn a_closed_output_is_a_quiet_end() {
    within(60, || {
        let web = fair_server();
        let script = format!(
            "NO_PROXY='*' {} weather --base-url {} 2>&1 >&3 3>&- | cat >&2",
            binary("master").display(),
            web.url()
        );
        let script = format!("{{ {script}; }} 3>&1 | head -n 1");
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("error"));
    });
}

#[test]
fn who_reads_slowly_makes_nothing_run_out_of_time() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("many.csv");
        let name = "a long name of a small bay ".repeat(8);
        let mut zones = String::new();
        for number in 0..600 {
            let _ = writeln!(zones, "QQZ{number:03},{number:06},{name}");
        }
        fs::write(&path, zones).unwrap();
        let web = fair_server();
        let arguments = format!(
            "--zones {} --timeout 3s --total-timeout 8s --retries 0",
            path.display()
        );
        let mut command = weather_command(&web.url(), &arguments);
        let reader = "sleep 9; cat";
        let script = format!("\"$@\" | {{ {reader}; }}; exit ${{PIPESTATUS[0]}}");
        let mut shell = Command::new("bash");
        shell.args(["-c", &script, "bash"]);
        shell.arg(command.get_program()).args(command.get_args());
        shell.env("NO_PROXY", "*");
        command = shell;
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 600);
    });
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    within(60, || {
        let proxy = fair_server();
        let mut command = weather_command("http://weather.invalid/an", "ANZ540");
        command.env_remove("NO_PROXY").env_remove("no_proxy");
        command.env("http_proxy", proxy.url());
        let output = Running::start(command).end();
        assert_eq!(
            output.stdout,
            "Eastern Bay SMALL CRAFT ADVISORY FOR ANZ540\n"
        );
        assert_eq!(
            proxy.asked()[0].path,
            "http://weather.invalid/an/anz540.txt"
        );
    });
}
