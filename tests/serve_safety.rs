//! `master serve` and those who mean no good: other names, other sites, guessed tokens, markup, paths.

use std::fs;

use brigade_tests::{
    master,
    site::{Answer, FORM, Site, form},
    within,
};

const TOKEN: &str = "correct-horse-battery-staple";

/// Everything that must be in any answer.
#[track_caller]
fn assert_safe(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{answer:?}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
    assert!(answer.header("access-control-allow-origin").is_empty());
}

#[test]
fn every_answer_carries_what_keeps_browsers_safe() {
    within(30, || {
        let site = Site::start::<&str>(&[]);
        for path in [
            "/",
            "/nowhere",
            "/healthz",
            "/metrics",
            "/api/v1/workers",
            "/api/v1/tunes/7",
            "/assets/page.js",
            "/favicon.svg",
        ] {
            assert_safe(&site.get(path));
            assert_safe(&site.page(path));
        }
        assert_safe(&site.ask("PUT", "/", &[], b"x").expect(405));
        assert_safe(
            &site
                .ask("GET", "/", &[("Host", "evil.example")], b"")
                .expect(421),
        );
        // The policy would forbid scripts and styles in the page itself, so there are none.
        let page = site.page("/").body;
        for inline in ["style=", "<style", "onclick", "onload", "javascript:"] {
            assert!(!page.contains(inline), "{inline}");
        }
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script src=\"/").count()
        );
    });
}

#[test]
fn only_names_of_this_server_are_answered() {
    within(30, || {
        let site = Site::start(&["--host", "box.example"]);
        let port = site.address.port();
        let ask = |host: &str| site.ask("GET", "/", &[("Host", host)], b"").status;
        for host in ["127.0.0.1", "localhost", "[::1]", "box.example"] {
            assert_eq!(ask(&format!("{host}:{port}")), 200, "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "192.168.0.1",
            "x\u{e4}",
            "a b",
            "",
        ] {
            let status = ask(host);
            assert!([400, 421].contains(&status), "{host}: {status}");
        }
        let two =
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
        site.raw(two).expect(400);
        site.raw(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            .expect(400);
        site.raw(
            b"GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        )
        .expect(421);
    });
}

#[test]
fn other_sites_cannot_change_anything_or_look() {
    within(30, || {
        let site = Site::start(&["--search", "."]);
        let (own, body) = (
            format!("http://{}", site.address),
            form(&[("keep", "yes")], None),
        );
        let post = |path: &str, headers: &[(&str, &str)]| {
            let headers = [&[("Content-Type", FORM)], headers].concat();
            site.ask("POST", path, &headers, &body).status
        };
        for path in ["/tunes", "/api/v1/tunes", "/tunes/1/cancel", "/logout"] {
            for headers in [
                &[("Origin", "http://evil.example")][..],
                &[("Origin", "null")],
                &[("Origin", "http://127.0.0.1:1")],
                &[("Sec-Fetch-Site", "cross-site")],
                &[("Sec-Fetch-Site", "same-site")],
                &[
                    ("Sec-Fetch-Site", "cross-site"),
                    ("Sec-Fetch-Mode", "navigate"),
                    ("Sec-Fetch-Dest", "document"),
                ],
                &[("Origin", &own), ("Sec-Fetch-Site", "cross-site")],
            ] {
                assert_eq!(post(path, headers), 403, "{path} {headers:?}");
            }
        }
        for path in [
            "/api/v1/search?q=e",
            "/api/v1/events",
            "/search?q=e",
            "/api/v1/workers",
        ] {
            let image = [
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Mode", "no-cors"),
                ("Sec-Fetch-Dest", "image"),
            ];
            assert_eq!(site.ask("GET", path, &image, b"").status, 403, "{path}");
            let frame = [
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "iframe"),
            ];
            assert_eq!(site.ask("GET", path, &frame, b"").status, 403, "{path}");
        }
        assert_eq!(
            site.get("/api/v1/tunes").json()["tunes"]
                .as_array()
                .unwrap()
                .len(),
            0
        );
        assert_eq!(
            post(
                "/api/v1/tunes",
                &[("Origin", &own), ("Sec-Fetch-Site", "same-origin")]
            ),
            201
        );
        // A link from elsewhere leads here.
        let link = [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
        ];
        site.ask("GET", "/", &link, b"").expect(200);
    });
}

#[test]
fn other_machines_need_the_token() {
    within(60, || {
        let refused = master(["serve", "--listen", "0.0.0.0:0"]).end();
        assert_eq!(refused.code, 2);
        assert!(
            refused.stderr.contains("give --token"),
            "{}",
            refused.stderr
        );
        let refused = master(["serve", "--listen", "0.0.0.0:0", "--token", "secret"]).end();
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains("16 at least"), "{}", refused.stderr);

        let site = Site::start(&["--token", TOKEN]);
        let bearer = format!("Bearer {TOKEN}");
        for path in [
            "/",
            "/metrics",
            "/api/v1/workers",
            "/api/v1/events",
            "/search?q=x",
            "/tunes/1",
            "/nowhere",
        ] {
            let answer = site.get(path).expect(401);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            let wrong = [("Authorization", "Bearer correct-horse-battery-stapl")];
            site.ask("GET", path, &wrong, b"").expect(401);
            assert!(
                site.page(path)
                    .expect(401)
                    .body
                    .contains("action=\"/login\"")
            );
        }
        site.post("/api/v1/tunes", &[], None).expect(401);
        site.get("/healthz").expect(200);
        site.ask("GET", "/api/v1/workers", &[("Authorization", &bearer)], b"")
            .expect(200);
        assert!(
            site.page("/login")
                .expect(200)
                .body
                .contains("type=\"password\"")
        );

        let login = |body: &str| {
            let kind = [("Content-Type", "application/x-www-form-urlencoded")];
            site.ask("POST", "/login", &kind, body.as_bytes())
        };
        let wrong = login("token=guess").expect(401);
        assert!(wrong.header("set-cookie").is_empty());
        let right = login(&format!("token={TOKEN}")).expect(303);
        let cookie = right.header("set-cookie");
        for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains(TOKEN));
        let session = cookie.split(';').next().unwrap();
        let page = site
            .ask("GET", "/", &[("Cookie", session)], b"")
            .expect(200);
        assert!(page.body.contains("Log out"));
        site.ask(
            "GET",
            "/",
            &[("Cookie", &session[..session.len() - 2])],
            b"",
        )
        .expect(401);
        // The cookie does not help another site.
        let elsewhere = [("Cookie", session), ("Origin", "http://evil.example")];
        site.ask("POST", "/logout", &elsewhere, b"").expect(403);
    });
}

#[test]
fn what_comes_from_elsewhere_is_shown_as_text() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let evil = "<script>alert(1)</script>";
        fs::write(
            folder.path().join("<img src=x onerror=y>.txt"),
            format!("{evil}\n"),
        )
        .unwrap();
        let site = Site::start_in(folder.path(), &["--search", "."]);
        let table = format!("1,2,{evil}\n2,1,b\n").repeat(30);
        let body = String::from_utf8(form(&[("keep", "yes")], Some(&table))).unwrap();
        let body = body.replace("filename=\"t.csv\"", "filename=\"<b>x.csv\"");
        let answer = site
            .ask(
                "POST",
                "/api/v1/tunes",
                &[("Content-Type", FORM)],
                body.as_bytes(),
            )
            .expect(201);
        let id = answer.json()["id"].as_u64().unwrap();
        site.tune_of(id);
        site.ended(id);
        for path in [
            format!("/tunes/{id}"),
            "/search?q=%3Cscript%3E".to_owned(),
            "/%3Cscript%3E".to_owned(),
            "/search?q=%22%3E%3Cscript%3E".to_owned(),
        ] {
            let page = site.page(&path).body;
            for sign in ["<script>", "<img src=x", "<b>"] {
                assert!(!page.contains(sign), "{path}: {page}");
            }
        }
        assert!(
            site.page(&format!("/tunes/{id}"))
                .body
                .contains("&lt;script&gt;alert(1)")
        );
    });
}

#[test]
fn no_request_reaches_the_file_system() {
    within(30, || {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.txt"), "top secret\n").unwrap();
        fs::create_dir(folder.path().join("tree")).unwrap();
        fs::write(folder.path().join("tree/a.txt"), "open\n").unwrap();
        let site = Site::start_in(folder.path(), &["--search", "tree"]);
        for path in [
            "/../secret.txt",
            "/assets/../secret.txt",
            "/assets/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/assets/..%5c..%5csecret.txt",
            "//etc/passwd",
            "/etc/passwd",
            "/assets/%00",
            "/tunes/../../secret.txt",
            "/tunes/%2e%2e%2fsecret.txt",
            "/api/v1/tunes/..",
            "/secret.txt",
        ] {
            let answer = site.raw(
                format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    .as_bytes(),
            );
            assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
            assert!(!answer.body.contains("secret\n") && !answer.body.contains("root:"));
        }
        for field in ["file", "test", "labels", "save", "plot"] {
            let answer = site
                .post("/api/v1/tunes", &[(field, "secret.txt")], None)
                .expect(422);
            assert!(answer.body.contains("there is no field"), "{answer:?}");
        }
        site.get("/api/v1/search?q=x&path=..").expect(422);
        let answer = site.get("/api/v1/search?q=secret").expect(200).json();
        assert_eq!(answer["lines"], 0);
    });
}
