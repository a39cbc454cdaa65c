//! `master serve`, through the binaries: how tunes go on, are watched, and end.

use std::time::Duration;

use brigade_tests::{
    children_of, eventually, is_alive,
    site::{ENDLESS, Site, endless},
    within,
};

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
