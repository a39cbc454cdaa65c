//! `master serve` when something is wrong: what is not whole does not look whole, and what has ended says so.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use brigade_tests::{
    children_of, eventually,
    site::{ENDLESS, FORM, Site, form},
    table, within,
};

#[test]
fn a_tune_that_has_lost_tasks_is_not_done_and_has_no_report() {
    within(120, || {
        let site = Site::start(&["--timeout", "1ms", "--retries", "0", "--grace", "60s"]);
        let id = site.tune(
            &[("k", "1:9:4"), ("split", "every:2")],
            Some(&table(6_000, 30)),
        );
        let tune = site.ended(id);
        assert_eq!(tune["state"], "failed", "{tune}");
        let why = tune["why"].as_str().unwrap();
        assert!(why.contains("tasks were lost"), "{why}");
        assert!(!tune["lost"].as_array().unwrap().is_empty());
        let report = site.get(&format!("/api/v1/tunes/{id}/report"));
        assert!(report.expect(409).body.contains("see its state"));
        let page = site.page(&format!("/tunes/{id}")).expect(200).body;
        assert!(page.contains("tasks were lost") && page.contains("failed"));
    });
}

#[test]
fn whoever_lists_the_tunes_watches_them() {
    within(120, || {
        let site = Site::start(&["--grace", "700ms"]);
        let id = site.tune(&ENDLESS, Some(&table(6_000, 30)));
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3) {
            let all = site.get("/api/v1/tunes").expect(200).json();
            assert_eq!(all["tunes"][0]["state"], "running");
            thread::sleep(Duration::from_millis(100));
        }
        thread::sleep(Duration::from_secs(2));
        assert_eq!(site.ended(id)["why"], "nobody watched it any more");
    });
}

#[test]
fn searches_that_have_ended_say_so_and_the_server_is_not_well() {
    within(120, || {
        let folder = tempfile::tempdir().unwrap();
        let worker = folder.path().join("worker");
        // Which may not be run.
        fs::write(&worker, "").unwrap();
        let (path, worker) = (folder.path().to_str().unwrap(), worker.to_str().unwrap());
        let mut site = Site::start(&["--search", path, "--worker-exe", worker]);
        assert!(eventually(60, || site.get("/healthz").status == 503));
        site.says("searches have ended: ");
        let answer = site.get("/api/v1/search?q=zebra").expect(503);
        assert!(answer.body.contains("searches have ended"), "{answer:?}");
    });
}

#[test]
fn a_server_that_is_asked_nothing_has_no_busy_workers() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "zebra\n").unwrap();
        let site = Site::start_in(folder.path(), &["--search", ".", "-j", "1"]);
        let pid = site.pid();
        assert!(eventually(20, || children_of(pid).len() == 1));
        let metrics = || site.get("/metrics").expect(200).body;
        // Pools of other tests may be at work beside; the unit test of `state_at_work` knows no others.
        let none_is_idle = || metrics().contains("brigade_workers{state=\"idle\"} 0");
        assert!(eventually(20, || !none_is_idle()), "{}", metrics());
    });
}

#[test]
fn a_compressed_table_and_a_worker_that_is_not_there_are_named_at_once() {
    within(60, || {
        let site = Site::start::<&str>(&[]);
        let mut gzip = form(&[], Some("@@"));
        let at = gzip.windows(2).position(|two| two == b"@@").unwrap();
        gzip[at..at + 2].copy_from_slice(&[0x1f, 0x8b]);
        let kind = [("Content-Type", FORM)];
        let answer = site.ask("POST", "/api/v1/tunes", &kind, &gzip).expect(422);
        assert!(
            answer.body.contains("the table is compressed"),
            "{answer:?}"
        );
        let run = brigade_tests::master(["serve", "--worker-exe", "/nowhere/worker"]).end();
        assert_eq!(run.code, 2);
        assert!(
            run.stderr
                .contains("/nowhere/worker: there is no such worker"),
            "{}",
            run.stderr
        );
    });
}
