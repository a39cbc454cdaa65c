//! The page of `master serve` in a real browser: with scripts and without, wide and narrow, light and dark.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{collections::BTreeSet, fs, io::Write, net::TcpStream, path::Path};

use brigade_tests::{
    LONG,
    browser::{Look, Page, browse},
    children_of, eventually, logs, master,
    site::Site,
    table, within,
};

/// How long a browser may take to start and to do what it is told.
const SECONDS: u64 = 120;

#[track_caller]
fn assert_quiet(errors: &[String]) {
    assert!(errors.is_empty(), "the console says: {errors:#?}");
}

/// Fills the form for a tune that lasts for minutes, and sends it.
async fn begin_long(page: &Page, file: &Path) {
    fs::write(file, table(6_000, 30)).unwrap();
    page.choose("#table", file.to_str().unwrap()).await;
    page.fill("#f-distance", LONG[1]).await;
    page.fill("#f-split", "kfold:5x20").await;
    page.click("form.grid button[type=submit]").await;
}

#[test]
fn a_tune_fills_the_map_and_names_the_best_cell() {
    within(SECONDS, || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wine.csv");
        fs::write(&file, table(300, 6)).unwrap();
        let site = Site::start_in(folder.path(), &["--search", "wine.csv"]);
        let path = file.to_str().unwrap().to_owned();
        let of_command = master(["tune", &path, "--k", "1:30:2"]).end().stdout;
        let best = of_command
            .lines()
            .find(|line| line.starts_with("best: "))
            .unwrap();
        browse(Look::default(), async |page: Page| {
            page.go(&site.url("/")).await;
            page.wait("#live-text", |text| text == "live").await;
            page.picture("home").await;
            // The shipped table.
            page.click("form.grid button[type=submit]").await;
            page.wait("#tune-status", |text| text.contains("done"))
                .await;
            assert_eq!(page.count("td.cell[class*=' h']").await, 80);
            assert_eq!(page.count("td.best").await, 1);
            page.picture("iris").await;
            // A table of one's own: the same best cell as of the command line.
            page.click("details summary").await;
            page.choose("#table", &path).await;
            page.fill("#f-k", "1:30:2").await;
            page.click("form.grid button[type=submit]").await;
            let status = page
                .wait("#tune-status", |text| text.contains("done"))
                .await;
            assert!(status.contains(best), "{status}: {best}");
            assert_eq!(page.count("td.cell[class*=' h']").await, 60);
            assert_quiet(&page.errors().await);
        });
    });
}

#[test]
fn cells_fill_while_the_tune_runs_and_cancel_ends_it() {
    within(SECONDS, || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large.csv");
        let site = Site::start(&["-j", "2"]);
        browse(Look::default(), async |page: Page| {
            page.go(&site.url("/")).await;
            begin_long(&page, &file).await;
            // Cells come, and are not final.
            page.find("td.part").await;
            // Pools of other programs may be shown as well.
            page.wait("#pools", |text| {
                let workers = children_of(site.pid());
                let are_shown = workers.iter().all(|pid| text.contains(&pid.to_string()));
                workers.len() == 2 && are_shown && text.contains("busy") && text.contains("tune 1")
            })
            .await;
            assert!(page.text("#tune-status").await.contains("running"));
            page.picture("running").await;
            page.click("#cancel").await;
            page.wait("#tune-status", |text| text.contains("cancelled"))
                .await;
            assert!(eventually(10, || children_of(site.pid()).is_empty()));
            assert_quiet(&page.errors().await);
        });
    });
}

#[test]
fn a_page_that_is_left_ends_its_tune() {
    within(SECONDS, || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large.csv");
        let site = Site::start(&["-j", "2", "--grace", "500ms"]);
        browse(Look::default(), async |page: Page| {
            page.go(&site.url("/")).await;
            begin_long(&page, &file).await;
            page.find("td.part").await;
            page.go("about:blank").await;
            // Looking at the tune would keep it alive; at its workers, it does not.
            assert!(eventually(30, || children_of(site.pid()).is_empty()));
            // Its end is told a moment after the last worker's: by now, nothing can bring it back.
            assert!(eventually(10, || site.tune_of(1)["state"] != "running"));
            assert_eq!(site.tune_of(1)["state"], "cancelled");
        });
    });
}

#[test]
fn the_search_box_counts_and_shows_lines() {
    within(SECONDS, || {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..20 {
            let lines: Vec<String> = (0..20)
                .map(|line| format!("line {line}: <b>needle</b> & thread\n"))
                .collect();
            let lines = lines.concat();
            fs::write(folder.path().join(format!("f{number}.txt")), lines).unwrap();
        }
        let site = Site::start_in(folder.path(), &["--search", "."]);
        browse(Look::default(), async |page: Page| {
            page.go(&site.url("/")).await;
            page.fill("#q", "needle</b> &").await;
            page.click("#search-form button[type=submit]").await;
            let counts = page.wait("#found-counts", |text| text.contains("ms")).await;
            assert!(counts.starts_with("400 lines in 20 files"), "{counts}");
            assert!(counts.contains("the first 100 are shown"), "{counts}");
            assert_eq!(page.count("#found li").await, 100);
            assert_eq!(page.text("#found mark").await, "needle</b> &");
            assert_eq!(page.count("#found b").await, 0, "text stays text");
            page.picture("search").await;
            // Nothing found, and a pattern that is none.
            page.fill("#q", "nothing like it").await;
            page.click("#search-form button[type=submit]").await;
            page.wait("#found-counts", |text| {
                text.starts_with("0 lines in 0 files")
            })
            .await;
            assert_quiet(&page.errors().await);
        });
    });
}

#[test]
fn logs_come_as_they_are_written() {
    within(SECONDS, || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.jsonl");
        let site = Site::start(&[
            "--logs",
            "127.0.0.1:0",
            "--logs-output",
            file.to_str().unwrap(),
        ]);
        let logs_at = site.get("/api/v1/logs").json()["address"]
            .as_str()
            .unwrap()
            .to_owned();
        browse(Look::default(), async |page: Page| {
            page.go(&site.url("/")).await;
            page.wait("#log", |text| text.contains("Nothing was logged yet"))
                .await;
            let mut client = TcpStream::connect(&logs_at).unwrap();
            client
                .write_all(&logs::record("hello <i>there</i>"))
                .unwrap();
            page.wait("#log", |text| text.contains("hello <i>there</i>"))
                .await;
            assert_quiet(&page.errors().await);
        });
    });
}

#[test]
fn everything_works_without_scripts() {
    within(SECONDS, || {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), "one needle\n").unwrap();
        let site = Site::start_in(
            folder.path(),
            &["--search", "a.txt", "--grace", "60s", "-j", "2"],
        );
        let large = folder.path().join("large.csv");
        let look = Look {
            has_scripts: false,
            ..Look::default()
        };
        browse(look, async |page: Page| {
            page.go(&site.url("/")).await;
            assert_eq!(page.text("#live-text").await, "as of now", "no script runs");
            page.click("form.grid button[type=submit]").await;
            page.wait("#tune-status", |text| {
                text.contains("best: k 7, CD, 1.000 (30 of 30 right)")
            })
            .await;
            assert_eq!(page.count("td.cell[class*=' h']").await, 80);
            page.fill("#q", "needle").await;
            page.click("#search-form button[type=submit]").await;
            page.wait("#found-counts", |text| text.starts_with("1 line in 1 file"))
                .await;
            assert_eq!(page.text("#found mark").await, "needle");
            // It looks again by itself, and cancel is a form.
            page.go(&site.url("/")).await;
            begin_long(&page, &large).await;
            page.find("td.part").await;
            page.click("#cancel").await;
            page.wait("#tune-status", |text| text.contains("cancelled"))
                .await;
        });
    });
}

/// What a page must have so that everybody can use it; names what has not.
const ACCESSIBILITY: &str = r#"
const bad = [];
if (document.documentElement.lang !== "en") bad.push("no language");
if (!document.title) bad.push("no title");
let level = 0;
for (const heading of document.querySelectorAll("h1,h2,h3,h4")) {
  const now = Number(heading.tagName[1]);
  if (now > level + 1) bad.push("heading out of order: " + heading.textContent);
  level = now;
}
if (document.querySelectorAll("h1").length !== 1) bad.push("not one h1");
for (const field of document.querySelectorAll("input,select,textarea")) {
  if (field.type !== "hidden" && field.labels.length === 0) bad.push("no label: " + field.name);
}
for (const button of document.querySelectorAll("button,a,summary")) {
  if (!(button.textContent.trim() || button.getAttribute("aria-label"))) bad.push("no name: " + button.outerHTML);
}
for (const image of document.querySelectorAll("img")) if (!image.hasAttribute("alt")) bad.push("no alt");
for (const image of document.querySelectorAll("svg")) if (!image.getAttribute("aria-label")) bad.push("svg without a name");
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => bad.push("id twice: " + id));
for (const table of document.querySelectorAll("table")) if (!table.caption) bad.push("table without a caption");
const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
const blend = (over, under) => { const a = over[3] ?? 1; return [0, 1, 2].map((at) => over[at] * a + under[at] * (1 - a)); };
function ground(element) {
  if (!element) return [255, 255, 255];
  const own = parts(getComputedStyle(element).backgroundColor);
  return (own[3] ?? 1) === 1 ? own : blend(own, ground(element.parentElement));
}
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let checked = 0;
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  const style = getComputedStyle(element);
  if (!texts.currentNode.textContent.trim() || style.visibility === "hidden" || element.closest(".hidden,.skip,noscript,script,[hidden]")) continue;
  if (element.getClientRects().length === 0) continue;
  const behind = ground(element);
  const [one, other] = [luminance(blend(parts(style.color), behind)), luminance(behind)].sort((a, b) => b - a);
  const ratio = (one + 0.05) / (other + 0.05);
  checked += 1;
  const isLarge = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  if (ratio < (isLarge ? 3 : 4.5)) bad.push("contrast " + ratio.toFixed(2) + ": " + element.outerHTML.slice(0, 120));
}
if (checked < 10) bad.push("hardly any text");
if (document.documentElement.scrollWidth > document.documentElement.clientWidth) bad.push("wider than the window: " + document.documentElement.scrollWidth);
return [...new Set(bad)];
"#;

#[test]
fn everybody_can_use_it_wide_and_narrow_light_and_dark() {
    within(SECONDS * 2, || {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("a.txt"),
            "one needle in a long line of hay\n".repeat(5),
        )
        .unwrap();
        let options = [
            "--search",
            "a.txt",
            "--logs",
            "127.0.0.1:0",
            "--logs-output",
            "log.jsonl",
            "--grace",
            "120s",
            "-j",
            "2",
            "--max-tunes",
            "8",
        ];
        let site = Site::start_in(folder.path(), &options);
        let done = site.tune(&[("keep", "yes")], None);
        site.ended(done);
        let long = [
            ("k", "1:40"),
            ("distance", LONG[1]),
            ("split", "kfold:5x20"),
            ("keep", "yes"),
        ];
        let running = site.tune(&long, Some(&table(6_000, 30)));
        for (name, size) in [("wide", (1280, 1600)), ("phone", (390, 1600))] {
            for is_dark in [false, true] {
                let look = Look {
                    size,
                    is_dark,
                    ..Look::default()
                };
                browse(look, async |page: Page| {
                    let mut bad = BTreeSet::new();
                    let scheme = if is_dark { "dark" } else { "light" };
                    let pages = [
                        "/".to_owned(),
                        format!("/tunes/{done}"),
                        format!("/tunes/{running}"),
                        "/search?q=needle".to_owned(),
                    ];
                    for (number, path) in pages.iter().enumerate() {
                        page.go(&site.url(path)).await;
                        page.wait("#live-text", |text| text == "live").await;
                        page.wait("#pools", |text| text.contains("busy")).await;
                        let found = page.script(ACCESSIBILITY).await;
                        bad.extend(
                            found
                                .as_array()
                                .unwrap()
                                .iter()
                                .map(|what| format!("{path}: {what}")),
                        );
                        page.picture(&format!("{name}-{scheme}-{number}")).await;
                    }
                    assert_quiet(&page.errors().await);
                    // An error is a page, too.
                    page.go(&site.url("/nowhere")).await;
                    let found = page
                        .script(&ACCESSIBILITY.replace("checked < 10", "checked < 3"))
                        .await;
                    bad.extend(
                        found
                            .as_array()
                            .unwrap()
                            .iter()
                            .map(|what| format!("/nowhere: {what}")),
                    );
                    page.picture(&format!("{name}-{scheme}-error")).await;
                    assert!(bad.is_empty(), "{name} {scheme}: {bad:#?}");
                });
            }
        }
    });
}

#[test]
fn a_token_is_asked_for_and_opens_the_page() {
    within(SECONDS, || {
        let site = Site::start(&["--token", "correct-horse-battery-staple"]);
        browse(Look::default(), async |page: Page| {
            page.go(&site.url("/")).await;
            page.fill("#token", "a wrong guess").await;
            page.click("button[type=submit]").await;
            page.wait(".problem", |text| text.contains("not the token"))
                .await;
            page.fill("#token", "correct-horse-battery-staple").await;
            page.click("button[type=submit]").await;
            page.wait("#live-text", |text| text == "live").await;
            page.click("form.grid button[type=submit]").await;
            page.wait("#tune-status", |text| text.contains("done"))
                .await;
            page.click("form[action='/logout'] button").await;
            page.find("#token").await;
        });
    });
}
