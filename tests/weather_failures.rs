//! What `master weather` makes of servers that fail, each in its own way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use brigade_tests::{
    Asked, Reply, Running, Web, fair_forecast, fair_server, free_port, weather, weather_command,
    within, zone_of,
};
use flate2::{Compression, write::GzEncoder};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivatePkcs8KeyDer};

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A way to fail for each zone, and none for two of them.
fn failing(asked: &Asked) -> Reply {
    let good = || Reply::text(fair_forecast(asked));
    match zone_of(asked).as_str() {
        "ANZ532" => Reply::status("404 Not Found"),
        "ANZ533" => Reply::status("500 Internal Server Error"),
        "ANZ534" => Reply::silence(),
        "ANZ535" => Reply::text("<!DOCTYPE html><title>Log in to the harbour's network</title>"),
        "ANZ536" => Reply::redirect(asked.path.clone()),
        "ANZ537" => Reply::text(vec![b'x'; 3 << 20]),
        "ANZ538" => Reply::text(packed(&vec![b'x'; 64 << 20])).header("Content-Encoding", "gzip"),
        "ANZ539" => good().cut_at(40),
        "ANZ540" => Reply::text(""),
        "ANZ541" => Reply::text("winds and waves\n".repeat(4096)).endless(),
        "ANZ542" => good().header("Content-Encoding", "gzip"),
        _ => good(),
    }
}

#[test]
fn each_zone_fails_for_itself_with_its_reason_and_the_others_are_shown() {
    within(90, || {
        let web = Web::start(failing);
        let output = weather(&web.url(), "--retries 1").end();
        assert_eq!(output.code, 3, "{}", output.stderr);
        let shown: Vec<&str> = output.stdout.lines().collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert!(shown[0].ends_with("FOR ANZ531") && shown[1].ends_with("FOR ANZ543"));
        let said: Vec<&str> = output.stderr.lines().collect();
        assert_eq!(said.len(), 12, "{said:#?}");
        assert!(said[11].starts_with("Got 2 of 13 forecasts in "));
        let reasons = [
            (
                532,
                "the server answers 404 Not Found: is there such a zone",
                1,
            ),
            (
                533,
                "the server answers 500 Internal Server Error (2 tries)",
                2,
            ),
            (
                534,
                "the connection broke before all of the answer was there",
                2,
            ),
            (535, "is a web page and no forecast", 1),
            (536, "more than 5 redirects", 6),
            (537, "larger than 1048576 bytes: --max-size allows more", 1),
            (538, "larger than 1048576 bytes: --max-size allows more", 1),
            (
                539,
                "the connection broke before all of the answer was there",
                2,
            ),
            (540, "the answer is empty", 1),
            (541, "larger than 1048576 bytes: --max-size allows more", 1),
            (
                542,
                "the connection broke before all of the answer was there",
                2,
            ),
        ];
        let asked = web.asked();
        for ((number, reason, requests), line) in reasons.into_iter().zip(said) {
            let start = format!("error: ANZ{number}: {}/anz{number}.txt: ", web.url());
            assert!(line.starts_with(&start) && line.contains(reason), "{line}");
            let path = format!("/anz{number}.txt");
            let count = asked.iter().filter(|asked| asked.path == path).count();
            assert_eq!(count, requests, "{line}");
        }
    });
}

#[test]
fn what_passes_by_itself_is_waited_for() {
    within(60, || {
        let web = Web::start(|asked| match (zone_of(asked).as_str(), asked.before) {
            ("ANZ540", 0) => Reply::status("503 Service Unavailable"),
            ("ANZ540", 1) => Reply::silence(),
            ("ANZ541", 0) => Reply::text(fair_forecast(asked)).cut_at(100),
            ("ANZ542", 0) => Reply::text(fair_forecast(asked)).after(Duration::from_secs(20)),
            _ => Reply::text(fair_forecast(asked)),
        });
        let arguments = "ANZ540 ANZ541 ANZ542 ANZ543 -v --timeout 2s --seed 7";
        let output = weather(&web.url(), arguments).end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert_eq!(output.stdout.lines().count(), 4);
        let again: Vec<&str> = output
            .stderr
            .lines()
            .filter(|line| line.contains("; again in 0.0"))
            .collect();
        assert_eq!(again.len(), 4, "{}", output.stderr);
        let has = |zone: &str, why: &str| {
            again
                .iter()
                .any(|line| line.starts_with(zone) && line.contains(why))
        };
        assert!(has("ANZ540", "503 Service Unavailable"), "{again:?}");
        assert!(has("ANZ542", "no answer within 2s"), "{again:?}");
        assert!(output.stderr.contains("ANZ543: from the server"));
    });
}

#[test]
fn a_server_that_is_not_there_is_told_for_each_zone() {
    within(60, || {
        let url = format!("http://127.0.0.1:{}", free_port());
        let output = weather(&url, "").end();
        assert_eq!((output.code, output.stdout.as_str()), (3, ""));
        let said: Vec<&str> = output.stderr.lines().collect();
        assert_eq!(said.len(), 14, "{said:#?}");
        assert!(
            said[0].contains("cannot connect: Connection refused"),
            "{}",
            said[0]
        );
        assert!(said[0].ends_with("(3 tries)"), "{}", said[0]);
        assert!(said[13].starts_with("Got 0 of 13 forecasts in "));
    });
}

#[test]
fn a_server_that_says_nothing_or_too_little_at_a_time_costs_the_limit_and_no_more() {
    within(60, || {
        let web = Web::start(|asked| match zone_of(asked).as_str() {
            "ANZ540" => Reply::text("").after(Duration::from_secs(40)),
            "ANZ541" => Reply::text(fair_forecast(asked)).dripping(Duration::from_millis(300)),
            _ => Reply::text(fair_forecast(asked)),
        });
        let zones = "ANZ540 ANZ541 ANZ543";
        let began = Instant::now();
        let output = weather(&web.url(), &format!("{zones} --timeout 1s --retries 0")).end();
        assert_eq!(output.code, 3);
        assert_eq!(
            output
                .stderr
                .matches("no answer within 1s: --timeout")
                .count(),
            2
        );
        let output = weather(&web.url(), &format!("{zones} --total-timeout 1s")).end();
        assert_eq!(output.code, 3);
        assert_eq!(
            output
                .stderr
                .matches("not done within 1s: --total-timeout")
                .count(),
            2
        );
        assert!(output.stdout.contains("FOR ANZ543"), "{}", output.stdout);
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            began.elapsed()
        );
    });
}

#[test]
fn a_server_may_ask_for_patience_but_not_for_any_patience() {
    within(60, || {
        let web = Web::start(|asked| match (zone_of(asked).as_str(), asked.before) {
            ("ANZ540", 0) => Reply::status("429 Too Many Requests").header("Retry-After", "1"),
            ("ANZ541", _) => Reply::status("503 Service Unavailable").header("Retry-After", "3600"),
            _ => Reply::text(fair_forecast(asked)),
        });
        let output = weather(&web.url(), "ANZ540 ANZ541").end();
        assert_eq!(output.code, 3);
        assert!(output.stdout.contains("FOR ANZ540"), "{}", output.stderr);
        let why = "the server answers 503 Service Unavailable and asks to come back in 3600 s";
        assert!(output.stderr.contains(why), "{}", output.stderr);
        let asked = web.asked();
        let of = |path| {
            asked
                .iter()
                .filter(|asked| asked.path == path)
                .collect::<Vec<_>>()
        };
        assert_eq!(of("/anz541.txt").len(), 1);
        let tries = of("/anz540.txt");
        assert!(tries[1].at - tries[0].at >= Duration::from_secs(1));
    });
}

#[test]
fn redirects_are_followed_within_reason() {
    within(60, || {
        let web = Web::start(|asked| {
            if asked.path.starts_with("/new/") {
                return Reply::text(fair_forecast(asked));
            }
            Reply::redirect(format!("/new{}", asked.path))
        });
        let output = weather(&web.url(), "ANZ540").end();
        assert_eq!(
            output.stdout,
            "Eastern Bay SMALL CRAFT ADVISORY FOR ANZ540\n"
        );
    });
}

/// A server with a certificate that it has signed itself, for `localhost`; the certificate as PEM.
fn encrypted(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> (Web, String) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key.into())
            .unwrap();
    let config = Arc::new(config);
    let wrap = move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        StreamOwned::new(connection, stream)
    };
    (Web::start_with(wrap, answer), own.cert.pem())
}

#[test]
fn a_server_is_asked_only_if_a_certificate_of_this_system_vouches_for_it() {
    within(60, || {
        let plain = fair_server();
        let elsewhere = format!("{}/anz541.txt", plain.url());
        let (web, pem) = encrypted(move |asked| match zone_of(asked).as_str() {
            "ANZ541" => Reply::redirect(elsewhere.clone()),
            _ => Reply::text(fair_forecast(asked)),
        });
        let folder = tempfile::tempdir().unwrap();
        let (own, other, none) = (
            folder.path().join("own.pem"),
            folder.path().join("other.pem"),
            folder.path().join("none.pem"),
        );
        fs::write(&own, pem).unwrap();
        fs::write(&other, encrypted(|_| Reply::silence()).1).unwrap();
        fs::write(&none, "").unwrap();
        let run = |trusted: &std::path::Path| {
            let url = format!("https://localhost:{}", web.port());
            let mut command = weather_command(&url, "ANZ540 ANZ541");
            command
                .env("SSL_CERT_FILE", trusted)
                .env_remove("SSL_CERT_DIR");
            Running::start(command).end()
        };
        let output = run(&own);
        assert_eq!(output.code, 3, "{}", output.stderr);
        assert_eq!(
            output.stdout,
            "Eastern Bay SMALL CRAFT ADVISORY FOR ANZ540\n"
        );
        assert!(
            output
                .stderr
                .contains("is not encrypted, and this request was"),
            "{}",
            output.stderr
        );
        assert!(plain.asked().is_empty(), "a secret way led into the open");
        let output = run(&other);
        assert_eq!((output.code, output.stdout.as_str()), (3, ""));
        assert_eq!(
            output
                .stderr
                .matches("the server cannot be trusted: ")
                .count(),
            2
        );
        assert!(!output.stderr.contains("tries)"), "{}", output.stderr);
        let output = run(&none);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""));
        assert!(
            output.stderr.contains("ca-certificates"),
            "{}",
            output.stderr
        );
    });
}
