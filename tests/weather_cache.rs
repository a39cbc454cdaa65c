//! Forecasts that `master weather` keeps.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use brigade_tests::{
    Output, Reply, Web, fair_forecast, fair_server, forecast, weather, within, zone_of,
};

/// A server whose forecasts have versions; what is the newest is asked for with the version one has.
fn versioned(version: &Arc<AtomicUsize>) -> Web {
    let version = Arc::clone(version);
    Web::start(move |asked| {
        let version = version.load(Ordering::SeqCst);
        let tag = format!("\"v{version}\"");
        if asked.headers.get("if-none-match") == Some(&tag) {
            assert_eq!(
                asked.headers["if-modified-since"],
                "Wed, 25 Nov 2026 12:00:00 GMT"
            );
            return Reply::status("304 Not Modified");
        }
        Reply::text(forecast(&zone_of(asked), &[&format!("WARNING {version}")]))
            .header("ETag", tag)
            .header("Last-Modified", "Wed, 25 Nov 2026 12:00:00 GMT")
    })
}

fn run(web: &Web, folder: &Path, more: &str) -> Output {
    weather(
        &web.url(),
        &format!("ANZ540 -v --cache {} {more}", folder.display()),
    )
    .end()
}

#[track_caller]
fn assert_shows(output: &Output, warning: usize, origin: &str) {
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(output.stdout, format!("Eastern Bay WARNING {warning}\n"));
    assert!(output.stderr.contains(origin), "{}", output.stderr);
}

#[test]
fn a_young_forecast_is_not_asked_for_and_an_old_one_only_if_it_has_changed() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("kept/here");
        let version = Arc::new(AtomicUsize::new(1));
        let web = versioned(&version);
        assert_shows(&run(&web, &folder, ""), 1, "ANZ540: from the server");
        assert_shows(&run(&web, &folder, ""), 1, "ANZ540: from the cache, ");
        assert_eq!(web.asked().len(), 1);
        let still = "ANZ540: from the cache: the server says that it still holds";
        assert_shows(&run(&web, &folder, "--max-age 0"), 1, still);
        assert_eq!(web.asked().len(), 2);
        version.store(2, Ordering::SeqCst);
        assert_shows(
            &run(&web, &folder, "--max-age 1h"),
            1,
            "ANZ540: from the cache, ",
        );
        assert_shows(
            &run(&web, &folder, "--max-age 0"),
            2,
            "ANZ540: from the server",
        );
        assert_shows(&run(&web, &folder, ""), 2, "ANZ540: from the cache, ");
        assert_eq!(web.asked().len(), 3);
    });
}

#[test]
fn a_damaged_file_is_fetched_anew_without_its_tags() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let version = Arc::new(AtomicUsize::new(1));
        let web = versioned(&version);
        run(&web, folder.path(), "");
        let file = fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let content = fs::read(&file).unwrap();
        for damaged in [&content[..content.len() / 2], b"", b"{}\n", b"\0\xff"] {
            fs::write(&file, damaged).unwrap();
            assert_shows(&run(&web, folder.path(), ""), 1, "ANZ540: from the server");
        }
        assert!(
            web.asked()
                .iter()
                .all(|asked| !asked.headers.contains_key("if-none-match"))
        );
        assert_eq!(fs::read(&file).unwrap().len(), content.len());
    });
}

#[test]
fn a_failure_is_a_failure_although_there_is_an_old_forecast() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let web = Web::start(|asked| match asked.before {
            0 => Reply::text(fair_forecast(asked)),
            1 => Reply::text("<html>log in</html>"),
            _ => Reply::status("404 Not Found"),
        });
        assert_eq!(run(&web, folder.path(), "").code, 0);
        for why in ["a web page", "404"] {
            let output = run(&web, folder.path(), "--max-age 0");
            assert_eq!((output.code, output.stdout.as_str()), (3, ""));
            assert!(output.stderr.contains(why), "{}", output.stderr);
        }
        // And what was no forecast has not taken the place of one.
        assert!(run(&web, folder.path(), "").stdout.contains("FOR ANZ540"));
    });
}

#[test]
fn what_is_over_or_not_to_be_kept_is_asked_for_again() {
    within(60, || {
        let web = Web::start(|asked| {
            let text = fair_forecast(asked);
            match zone_of(asked).as_str() {
                "ANZ540" => Reply::text(text.replace("Expires:2126", "Expires:2016")),
                _ => Reply::text(text).header("Cache-Control", "private, no-store"),
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let arguments = format!("ANZ540 ANZ541 --cache {}", folder.path().display());
        for runs in 1..=2 {
            assert_eq!(weather(&web.url(), &arguments).end().code, 0);
            assert_eq!(web.asked().len(), 2 * runs);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    });
}

#[test]
fn many_runs_at_once_share_a_folder() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let web = fair_server();
        let arguments = format!("--max-age 0 --cache {}", folder.path().display());
        for _ in 0..3 {
            let runs: Vec<_> = (0..6).map(|_| weather(&web.url(), &arguments)).collect();
            for run in runs {
                let output = run.end();
                assert_eq!(output.code, 0, "{}", output.stderr);
                assert_eq!(output.stdout.lines().count(), 13);
                assert!(!output.stderr.contains("warning"), "{}", output.stderr);
            }
        }
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert_eq!(files.len(), 13, "drafts are left: {files:?}");
        let before = web.asked().len();
        let arguments = format!("--cache {}", folder.path().display());
        assert_eq!(
            weather(&web.url(), &arguments).end().stdout.lines().count(),
            13
        );
        assert_eq!(web.asked().len(), before, "a file was not whole");
    });
}

#[test]
fn a_folder_that_cannot_be_used_is_told_before_anything_is_sent() {
    within(60, || {
        let web = fair_server();
        let file = tempfile::NamedTempFile::new().unwrap();
        let output = run(&web, file.path(), "");
        assert_eq!(output.code, 2);
        assert!(
            output.stderr.contains("--cache: cannot use the folder"),
            "{}",
            output.stderr
        );
        assert!(web.asked().is_empty());
    });
}

#[test]
fn a_forecast_that_cannot_be_kept_is_shown_all_the_same() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let web = fair_server();
        run(&web, folder.path(), "");
        // A folder in the place of the file: not even root can write there.
        let file = fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        fs::write(file.join("full"), "").unwrap();
        let output = run(&web, folder.path(), "");
        assert_eq!(output.code, 0);
        assert!(output.stdout.contains("FOR ANZ540"));
        assert!(
            output
                .stderr
                .contains("warning: ANZ540: cannot keep the forecast: "),
            "{}",
            output.stderr
        );
    });
}
