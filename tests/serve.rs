//! `master serve`, through the binaries: what programs and browsers without scripts are answered.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use brigade_tests::{
    children_of, eventually, is_alive, kill, logs, master,
    site::{ENDLESS, Site, endless},
    table, within,
};
use nix::sys::signal::Signal;
use serde_json::Value;

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
