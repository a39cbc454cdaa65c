//! `master serve`, through the binaries: what programs and browsers without scripts are answered.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use brigade_tests::{
    LONG, children_of, eventually, is_alive, kill, logs, master, site::Site, table, within,
};
use nix::sys::signal::Signal;
use serde_json::Value;

/// A form that keeps its tune busy for minutes, unless it is cancelled.
const ENDLESS: [(&str, &str); 3] = [
    ("k", "1:40"),
    ("distance", LONG[1]),
    ("split", "kfold:5x20"),
];

fn endless() -> String {
    table(6_000, 30)
}

/// What of a report is the same each time.
fn lasting(mut report: Value) -> Value {
    let fields = report.as_object_mut().unwrap();
    for varying in ["seconds", "workers", "data"] {
        assert!(fields.remove(varying).is_some(), "{varying}");
    }
    report
}

#[test]
fn the_page_programs_and_the_command_line_find_the_same_in_a_table() {
    within(120, || {
        let site = Site::start::<&str>(&[]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.csv");
        let text = table(400, 6);
        fs::write(&file, &text).unwrap();
        let path = file.to_str().unwrap();
        let options = [
            "--k",
            "1:30:3",
            "--split",
            "kfold:4x2",
            "--scale",
            "standard",
            "--distance",
            "ED,CAN",
        ];
        let of_command = master([&["tune", path, "--format", "json"], &options[..]].concat()).end();
        of_command.assert_quiet_success();
        let of_command: Value = serde_json::from_str(&of_command.stdout).unwrap();

        let fields = [
            ("k", "1:30:3"),
            ("split", "kfold:4x2"),
            ("scale", "standard"),
            ("distance", "ED,CAN"),
            ("keep", "yes"),
        ];
        let id = site.tune(&fields, Some(&text));
        let state = site.ended(id);
        assert_eq!(state["state"], "done");
        let report = site
            .get(&format!("/api/v1/tunes/{id}/report"))
            .expect(200)
            .json();
        assert_eq!(lasting(report), lasting(of_command.clone()));
        // What the map shows is the same, cell by cell.
        let cells = of_command["cells"].as_array().unwrap();
        let live = state["cells"].as_array().unwrap();
        assert_eq!(cells.len(), live.len());
        for (cell, live) in cells.iter().zip(live) {
            for field in ["k", "distance", "quality", "tested"] {
                assert_eq!(cell[field], live[field]);
            }
            assert_eq!(live["is_complete"], true);
        }
        assert_eq!(state["best"]["k"], of_command["best"]["k"]);
        assert_eq!(state["best"]["distance"], of_command["best"]["distance"]);

        let page = site.page(&format!("/tunes/{id}")).expect(200).body;
        for cell in cells {
            let shown = format!(">{:.3}</td>", cell["quality"].as_f64().unwrap());
            assert!(page.contains(&shown), "{shown}");
        }
        let shown = master([&["tune", path], &options[..]].concat())
            .end()
            .stdout;
        let best = shown
            .lines()
            .find(|line| line.starts_with("best: "))
            .unwrap();
        // With an error of its own behind the quality, the command line tells more.
        let best = best["best: ".len()..].split(',').next().unwrap();
        assert!(page.contains(&format!("<strong>{best}, ")), "{best}");
    });
}

#[test]
fn a_form_without_scripts_leads_to_a_page_that_looks_again_until_the_end() {
    within(60, || {
        let site = Site::start(&["--grace", "60s"]);
        let home = site.page("/").expect(200).body;
        assert!(home.contains("<form class=\"grid\" method=\"post\" action=\"/tunes\""));
        let answer = site.post("/tunes", &ENDLESS, Some(&endless())).expect(303);
        let place = answer.header("location").to_owned();
        assert_eq!(place, "/tunes/1");
        let page = site.page(&place).expect(200).body;
        assert!(page.contains("<noscript><meta http-equiv=\"refresh\" content=\"1\"></noscript>"));
        assert!(page.contains("action=\"/tunes/1/cancel\""));
        site.ask("POST", "/tunes/1/cancel", &[], b"").expect(303);
        let page = site.page(&place).expect(200).body;
        assert!(page.contains("it was cancelled") && !page.contains("http-equiv"));

        let answer = site.post("/tunes", &[("k", "1:22:4")], None).expect(303);
        let place = answer.header("location").to_owned();
        assert!(eventually(20, || !site
            .page(&place)
            .body
            .contains("http-equiv")));
        let page = site.page(&place).body;
        assert!(
            page.contains("<strong>k 9, CD, 1.000 (30 of 30 right)</strong>"),
            "{page}"
        );
        assert!(page.contains("Iris-virginica"));
    });
}

#[test]
fn cells_come_as_events_while_the_tune_runs_and_a_page_that_closes_ends_it() {
    within(120, || {
        let site = Site::start(&["--grace", "300ms", "-j", "2"]);
        let id = site.tune(&ENDLESS, Some(&endless()));
        let mut events = site.events(&format!("/api/v1/events?tune={id}"));
        // The first one tells how it stands, others what has changed.
        let mut seen = 0;
        while seen == 0 {
            let event = events.next("tune").unwrap();
            assert_eq!(event["state"], "running");
            seen = event["cells"].as_array().unwrap().len();
        }
        let event = events.next("tune").unwrap();
        assert!(event["fraction"].as_f64().unwrap() > 0.0);
        let workers = children_of(site.pid());
        assert_eq!(workers.len(), 2);
        let status = events.next("status").unwrap();
        assert!(status["html"]["pools"].is_string());
        // As long as it is watched, it goes on.
        std::thread::sleep(Duration::from_millis(600));
        assert_eq!(events.next("tune").unwrap()["state"], "running");
        drop(events);
        let is_over = eventually(20, || workers.iter().all(|worker| !is_alive(*worker)));
        assert!(is_over, "the workers of a page that was closed live on");
        let tune = site.ended(id);
        assert_eq!(tune["state"], "cancelled");
        assert_eq!(tune["why"], "nobody watched it any more");
    });
}

#[test]
fn a_tune_that_is_to_be_kept_goes_on_unwatched_and_no_more_than_the_limit_run() {
    within(60, || {
        let site = Site::start(&["--grace", "100ms", "--max-tunes", "1"]);
        let kept = [&ENDLESS[..], &[("keep", "yes")]].concat();
        let id = site.tune(&kept, Some(&endless()));
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(site.tune_of(id)["state"], "running");
        let refused = site.post("/api/v1/tunes", &[], None).expect(503);
        assert_eq!(refused.header("retry-after"), "5");
        assert!(
            refused.json()["detail"]
                .as_str()
                .unwrap()
                .starts_with("as many tunes run as may at a time (1)")
        );
        let answer = site
            .ask("DELETE", &format!("/api/v1/tunes/{id}"), &[], b"")
            .expect(200);
        assert_eq!(answer.json()["state"], "cancelled");
        assert!(eventually(10, || children_of(site.pid()).is_empty()));
        let id = site.tune(&[("keep", "yes")], None);
        assert_eq!(site.ended(id)["state"], "done");
        assert_eq!(
            site.get("/api/v1/tunes").expect(200).json()["tunes"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
    });
}

#[test]
fn a_tune_that_takes_too_long_is_cancelled() {
    within(60, || {
        let site = Site::start(&["--tune-limit", "700ms"]);
        let kept = [&ENDLESS[..], &[("keep", "yes")]].concat();
        let id = site.tune(&kept, Some(&endless()));
        let tune = site.ended(id);
        assert_eq!(
            (&tune["state"], &tune["why"]),
            (&"cancelled".into(), &"it took longer than 700ms".into())
        );
    });
}

#[test]
fn searches_find_what_the_command_line_finds() {
    within(120, || {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..40 {
            let path = folder.path().join(format!("d{}", number % 4));
            fs::create_dir_all(&path).unwrap();
            let lines: Vec<String> = (0..50)
                .map(|line| format!("{line} needle <b>{}</b> Nädel\n", line % number.max(1)))
                .collect();
            let lines = lines.concat();
            fs::write(path.join(format!("f{number}.txt")), lines).unwrap();
        }
        let site = Site::start_in(
            folder.path(),
            &["--search", "d0", "--search", "d2", "--watch"],
        );
        for (query, options) in [
            ("q=needle", &["-e", "needle"][..]),
            ("q=%3Cb%3E7%3C/b%3E", &["-e", "<b>7</b>"]),
            ("q=N%C3%A4del", &["-e", "Nädel"]),
            ("q=NEEDLE&ignore_case=yes", &["-i", "-e", "NEEDLE"]),
            ("q=%5E1%5Cd%20&regex=yes", &["--regex", "-e", "^1\\d "]),
            ("q=eedle&word=yes", &["-w", "-e", "eedle"]),
        ] {
            let mut command = std::process::Command::new(brigade_tests::binary("master"));
            command
                .current_dir(folder.path())
                .args(["search", "d0", "d2"])
                .args(options);
            let of_command = brigade_tests::Running::start(command).end();
            let answer = site
                .get(&format!("/api/v1/search?limit=1000&{query}"))
                .expect(200)
                .json();
            let (lines, files) = (
                answer["lines"].as_u64().unwrap(),
                answer["files"].as_u64().unwrap(),
            );
            let summary = of_command
                .stderr
                .lines()
                .find(|line| line.starts_with("Found "))
                .unwrap();
            assert!(
                summary.starts_with(&format!("Found {lines} '")),
                "{query}: {summary}"
            );
            let noun = if files == 1 { "file" } else { "files" };
            assert!(
                summary.contains(&format!("' in {files} {noun} in ")),
                "{query}: {summary}"
            );
            let hits: Vec<String> = answer["hits"]
                .as_array()
                .unwrap()
                .iter()
                .map(|hit| {
                    format!(
                        "{}:{}:{}",
                        hit["path"].as_str().unwrap(),
                        hit["line"],
                        hit["text"].as_str().unwrap()
                    )
                })
                .collect();
            assert_eq!(
                hits,
                of_command.stdout.lines().collect::<Vec<_>>(),
                "{query}"
            );
            // The page without scripts, and the events, say the same.
            let mut events = site.events(&format!("/api/v1/search/events?limit=3&{query}"));
            for hit in hits.iter().take(3) {
                let event = events.next("hit").unwrap();
                assert!(hit.ends_with(event["text"].as_str().unwrap()));
            }
            let done = events.next("done").unwrap();
            assert_eq!(
                (done["lines"].as_u64(), done["files"].as_u64()),
                (Some(lines), Some(files))
            );
            assert_eq!(events.next("done"), None, "the stream ends");
            let page = site.page(&format!("/search?{query}")).expect(200).body;
            assert!(!page.contains("<b>"), "text of files is escaped");
            if lines > 0 {
                assert!(page.contains("<mark>"));
            }
        }
        // What has changed is read again.
        fs::write(folder.path().join("d0/new.txt"), "a brand-new needle\n").unwrap();
        let has_come = || site.get("/api/v1/search?q=brand-new").json()["lines"] == 1;
        assert!(eventually(20, has_come));
        site.get("/api/v1/search?q=").expect(422);
        site.get("/api/v1/search?q=(&regex=1").expect(422);
        site.get(&format!("/api/v1/search?q={}", "x".repeat(1001)))
            .expect(422);
    });
}

#[test]
fn pools_of_this_server_and_of_others_are_shown_with_their_workers() {
    within(60, || {
        let site = Site::start(&["-j", "2", "--grace", "60s"]);
        site.tune(&ENDLESS, Some(&endless()));
        let pool = || {
            let pools = site.get("/api/v1/workers").expect(200).json();
            let pools = pools["pools"].as_array().unwrap().clone();
            pools
                .into_iter()
                .find(|pool| pool["master"] == site.pid() && pool["workers"][1]["state"] == "busy")
        };
        let mut seen = None;
        assert!(eventually(20, || {
            seen = pool();
            seen.is_some()
        }));
        let pool = seen.unwrap();
        assert_eq!(pool["title"], "tune 1");
        let pids = pool["workers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|worker| worker["pid"].as_i64().unwrap());
        assert!(
            children_of(site.pid())
                .into_iter()
                .map(i64::from)
                .eq(pids.clone())
        );
        let page = site.page("/").expect(200).body;
        for pid in pids {
            assert!(
                page.contains(&format!("<th scope=\"row\">{pid}</th>")),
                "{pid}"
            );
        }
        assert!(page.contains("(this server)"));
        let metrics = site.get("/metrics").expect(200).body;
        assert!(metrics.contains("\nbrigade_tunes_running 1\n"), "{metrics}");
        assert!(metrics.contains("\nbrigade_tunes_total 1\n"));
    });
}

#[test]
fn logs_are_collected_and_their_tail_is_shown() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.jsonl");
        let site = Site::start(&[
            "--logs",
            "127.0.0.1:0",
            "--logs-output",
            file.to_str().unwrap(),
        ]);
        let address = site.get("/api/v1/logs").expect(200).json()["address"]
            .as_str()
            .unwrap()
            .to_owned();
        let mut client = TcpStream::connect(address).unwrap();
        for number in 0..250 {
            client
                .write_all(&logs::record(&format!("<i>{number}")))
                .unwrap();
        }
        let seen = || site.get("/api/v1/logs").json();
        assert!(eventually(20, || seen()["counters"]["lines"] == 250));
        let seen = seen();
        let tail = seen["tail"].as_array().unwrap();
        assert_eq!(tail.len(), 100);
        assert_eq!(tail[99], logs::line("<i>249"));
        assert_eq!(seen["counters"]["open"], 1);
        let page = site.page("/").body;
        assert!(page.contains("&lt;i&gt;249") && !page.contains("<i>249"));
        drop(client);
        let output = site.stop();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert_eq!(logs::records_of(&file).len(), 250);
    });
}

#[test]
fn sigterm_ends_streams_and_tunes_and_no_process_is_left() {
    within(60, || {
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            let site = Site::start(&["-j", "2", "--search", "."]);
            let id = site.tune(&ENDLESS, Some(&endless()));
            let mut events = site.events(&format!("/api/v1/events?tune={id}"));
            events.next("tune").unwrap();
            let workers = children_of(site.pid());
            assert!(workers.len() >= 2, "{workers:?}");
            let idle = site.connect();
            let began = Instant::now();
            kill(site.pid(), signal);
            events.rest();
            let output = site.end();
            assert_eq!(output.code, 0, "{}", output.stderr);
            assert!(
                began.elapsed() < Duration::from_secs(8),
                "{:?}",
                began.elapsed()
            );
            assert!(workers.iter().all(|worker| !is_alive(*worker)));
            drop(idle);
        }
    });
}

#[test]
fn a_port_that_is_taken_is_named() {
    within(30, || {
        let site = Site::start::<&str>(&[]);
        let output = master(["serve", "--listen", &site.address.to_string()]).end();
        assert_eq!(output.code, 2);
        assert!(
            output.stderr.contains("another program does"),
            "{}",
            output.stderr
        );
    });
}
