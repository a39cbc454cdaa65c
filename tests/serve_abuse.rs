//! `master serve` under abuse: nonsense, too much, too slow; and then everything must be as before.

use std::{
    fs,
    io::{Read, Write},
    net::Shutdown,
    time::{Duration, Instant},
};

use brigade_tests::{
    eventually, open_descriptors,
    site::{FORM, Site, form},
    within,
};

#[test]
fn slow_clients_are_cut_off_and_hold_nobody_up() {
    within(60, || {
        let site = Site::start(&["--request-limit", "1s", "--max-connections", "64"]);
        // Half a head, half a body, nothing at all.
        let mut slow: Vec<_> = (0..30).map(|_| site.connect()).collect();
        for stream in &mut slow[..10] {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
        }
        for stream in &mut slow[10..20] {
            let head = format!(
                "POST /api/v1/tunes HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 500\r\n\r\n------edge\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
        }
        site.get("/healthz").expect(200);
        let began = Instant::now();
        for mut stream in slow {
            let mut text = Vec::new();
            let _ = stream.read_to_end(&mut text);
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{:?}",
            began.elapsed()
        );
        site.get("/healthz").expect(200);
    });
}

/// Everything at once, and then all must be as before.
#[test]
fn a_run_of_abuse_changes_nothing_and_crashes_nothing() {
    within(120, || {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), "one needle\n").unwrap();
        let options = [
            "--search",
            "a.txt",
            "--upload-limit",
            "100K",
            "--request-limit",
            "2s",
        ];
        let site = Site::start_in(folder.path(), &options);
        let reference = site.tune(&[("keep", "yes")], None);
        site.ended(reference);
        let cells = site.tune_of(reference)["cells"].clone();
        let descriptors = open_descriptors(site.pid());

        oversized(&site);
        malformed(&site);
        site.get("/api/v1/search?q=needle&limit=99999999999999999999")
            .expect(422);
        site.get("/api/v1/search?q=needle&limit=-1").expect(422);
        site.get("/api/v1/tunes/18446744073709551616").expect(404);
        site.get("/api/v1/events?tune=99").expect(404);
        site.get("/api/v1/events?nonsense=1").expect(422);
        for regex in ["(a%7B1000%7D)%7B1000%7D", "(((((", "%5Cp%7BX%7D", "a**"] {
            let status = site
                .get(&format!("/api/v1/search?regex=1&q={regex}"))
                .status;
            // A machine that is busy with other things may need too long for the first.
            assert!([200, 408, 422].contains(&status), "{regex}: {status}");
        }
        // Who goes in the middle of an answer.
        for _ in 0..50 {
            let mut stream = site.connect();
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .unwrap();
            let _ = stream.shutdown(Shutdown::Both);
        }

        site.get("/healthz").expect(200);
        assert_eq!(
            site.get("/api/v1/search?q=needle").expect(200).json()["lines"],
            1
        );
        let again = site.tune(&[("keep", "yes")], None);
        site.ended(again);
        assert_eq!(site.tune_of(again)["cells"], cells);
        assert_eq!(site.tune_of(reference)["cells"], cells);
        let is_even = eventually(10, || open_descriptors(site.pid()) <= descriptors + 2);
        assert!(
            is_even,
            "{} descriptors instead of {descriptors}",
            open_descriptors(site.pid())
        );
        let files: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(files, ["a.txt"]);
        let output = site.stop();
        assert_eq!(output.code, 0);
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    });
}

/// Too much of everything.
fn oversized(site: &Site) {
    let large = "1,2,a\n".repeat(40_000);
    site.post("/api/v1/tunes", &[], Some(&large)).expect(413);
    site.post("/tunes", &[("k", &"1,".repeat(5_000))], None)
        .expect(413);
    let many: Vec<(&str, &str)> = std::iter::repeat_n(("k", "1"), 200_000 / 60).collect();
    site.post("/api/v1/tunes", &many, None).expect(422);
    site.ask(
        "POST",
        "/login",
        &[("Content-Type", "application/x-www-form-urlencoded")],
        &vec![b'a'; 100_000],
    );
    let long = format!(
        "GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "x".repeat(100_000)
    );
    let status = site.raw(long.as_bytes()).status;
    assert!([0, 400, 414, 431].contains(&status), "{status}");
    let header = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    let status = site.raw(header.as_bytes()).status;
    assert!([0, 400, 431].contains(&status), "{status}");
    let headers = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
        "X: y\r\n".repeat(500)
    );
    let status = site.raw(headers.as_bytes()).status;
    assert!([0, 400, 431].contains(&status), "{status}");
    // A body that is announced larger than anything, and one that is not announced.
    let huge = format!(
        "POST /api/v1/tunes HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 99999999999\r\n\r\n"
    );
    let status = site.raw(huge.as_bytes()).status;
    assert!([0, 400, 408, 413].contains(&status), "{status}");
    for field in [
        ("k", "1:999999"),
        ("split", "kfold:2x4000000000"),
        ("split", "kfold:4000000000"),
        ("distance", "minkowski:1e308"),
        ("features", "1-99999999999"),
    ] {
        site.post("/api/v1/tunes", &[field], None).expect(422);
    }
}

/// Nonsense in all places.
fn malformed(site: &Site) {
    for bytes in [
        &b"\0\0\0\0"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/tunes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/tunes HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX\0: y\r\n\r\n",
        b"\r\n\r\n\r\n",
    ] {
        let status = site.raw(bytes).status;
        assert!(status == 0 || (400..600).contains(&status), "{bytes:?}: {status}");
    }
    let kinds = [
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "application/json",
        "",
    ];
    for kind in kinds {
        let status = site
            .ask("POST", "/api/v1/tunes", &[("Content-Type", kind)], b"{}")
            .status;
        assert!((400..500).contains(&status), "{kind}: {status}");
    }
    for body in [
        &b""[..],
        b"------edge",
        b"------edge\r\n\r\n",
        &[0xff; 1000],
        &form(&[("k", "\0")], None),
        &form(&[], Some("\0\u{1}\u{2}")),
    ] {
        let status = site
            .ask("POST", "/api/v1/tunes", &[("Content-Type", FORM)], body)
            .status;
        assert!((400..500).contains(&status), "{body:?}: {status}");
    }
    for table in [
        "",
        "a",
        "1,2\n",
        "1,a\n2\n",
        "\"",
        "nan,a\ninf,b\n",
        &"1,".repeat(20_000),
    ] {
        let status = site
            .post("/api/v1/tunes", &[("k", "1")], Some(table))
            .status;
        assert!(status == 422 || table.is_empty(), "{table:.20}: {status}");
    }
}
