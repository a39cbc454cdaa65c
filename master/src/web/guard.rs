//! Looks at every request before a route does, and at every answer after.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{self, AsHeaderName},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};

use super::{Hosts, Limits, Problem, Token, Traffic};

/// How long somebody waits who has shown a wrong token.
const WRONG_TOKEN: Duration = Duration::from_millis(300);

/// The longest text of an error that a route has not made up itself.
const LONGEST_DETAIL: usize = 2 << 10;

/// What all answers carry. No script, style or picture but the server's own; no frame around it; nothing for other
/// sites; nothing kept.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Without any referrer, browsers would not say of a form where it comes from.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), usb=()",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// Who may ask for what.
pub(crate) struct Guard {
    pub(crate) hosts: Hosts,
    pub(crate) token: Option<Arc<Token>>,
    /// What may be asked for without the token.
    pub(crate) is_open: fn(&str) -> bool,
    pub(crate) limits: Limits,
    pub(crate) traffic: Arc<Traffic>,
    /// How a problem looks to people.
    pub(crate) page: fn(&Problem) -> String,
}

/// The routes, behind a guard.
pub(crate) fn guarded(routes: Router, guard: Arc<Guard>) -> Router {
    routes.layer(from_fn_with_state(guard, pass))
}

async fn pass(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let reads_pages = reads_pages(&request);
    let answer = if let Err(problem) = guard.check(&request) {
        let has_guessed = request.headers().contains_key(header::AUTHORIZATION);
        if problem.status == StatusCode::UNAUTHORIZED && has_guessed {
            tokio::time::sleep(WRONG_TOKEN).await;
        }
        problem.into_response()
    } else {
        let limit = guard.limits.request;
        let late = |_| {
            let seconds = limit.as_secs();
            let detail = format!("the request was not complete and answered within {seconds} s");
            Problem::new(StatusCode::REQUEST_TIMEOUT, detail).into_response()
        };
        tokio::time::timeout(limit, next.run(request))
            .await
            .unwrap_or_else(late)
    };
    guard.traffic.answered(answer.status());
    let mut answer = guard.show(answer, reads_pages).await;
    for (name, value) in HEADERS {
        answer
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    answer
}

impl Guard {
    fn check(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let host = self.check_host(headers, request.uri())?;
        check_site(request.method(), headers, host)?;
        self.check_token(request.uri().path(), headers)
    }

    /// The host that a request names, which must be this one.
    fn check_host<'a>(&self, headers: &'a HeaderMap, uri: &Uri) -> Result<&'a str, Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            let detail = "a request must name one host, in one Host header";
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        };
        let host = host.to_str().unwrap_or_default();
        let is_here = self.hosts.allows(host)
            && uri
                .authority()
                .is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(host));
        if is_here {
            return Ok(host);
        }
        let detail = format!(
            "this server is not called `{}`; ask by its address, or start it with --host",
            host.escape_debug()
        );
        Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail))
    }

    fn check_token(&self, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(token) = &self.token else {
            return Ok(());
        };
        let cookies: Vec<&str> = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        if (self.is_open)(path) || token.admits(text(headers, header::AUTHORIZATION), &cookies) {
            return Ok(());
        }
        let detail = "the token that this server was started with is needed";
        Err(Problem::new(StatusCode::UNAUTHORIZED, detail))
    }

    /// Says what went wrong in a way that the client reads.
    async fn show(&self, answer: Response, reads_pages: bool) -> Response {
        let status = answer.status();
        if !status.is_client_error() && !status.is_server_error() {
            return answer;
        }
        let (mut parts, body) = answer.into_parts();
        let problem = match parts.extensions.remove::<Problem>() {
            Some(problem) => problem,
            None => of_framework(status, body).await,
        };
        let (kind, text) = if reads_pages {
            ("text/html; charset=utf-8", (self.page)(&problem))
        } else {
            let details = serde_json::to_string(&problem.details()).unwrap_or_default();
            ("application/problem+json", details)
        };
        let headers = &mut parts.headers;
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(seconds) = problem.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        Response::from_parts(parts, Body::from(text))
    }
}

/// An error that comes from the framework has its reason as its body.
async fn of_framework(status: StatusCode, body: Body) -> Problem {
    let text = to_bytes(body, LONGEST_DETAIL).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    let detail = match (status, text.is_empty()) {
        (StatusCode::METHOD_NOT_ALLOWED, _) => {
            "this address knows other methods; see the header Allow".to_owned()
        }
        (_, true) => "the request cannot be answered".to_owned(),
        (_, false) => text,
    };
    Problem::new(status, detail)
}

/// Browsers say where a request comes from, and no page can make them say otherwise. Another site's may lead people
/// here, and nothing else; programs that are no browsers say nothing.
fn check_site(method: &Method, headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let refused = || {
        let detail = "requests from other sites are not answered";
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    };
    let is_visit = *method == Method::GET
        && text(headers, "sec-fetch-mode") == Some("navigate")
        && text(headers, "sec-fetch-dest") == Some("document");
    match text(headers, "sec-fetch-site") {
        None | Some("same-origin" | "none") => {}
        Some(_) if is_visit => {}
        Some(_) => return refused(),
    }
    for origin in headers.get_all(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let place = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        if place.is_none_or(|place| !place.eq_ignore_ascii_case(host)) {
            return refused();
        }
    }
    Ok(())
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether who asks is a browser that shows a page.
fn reads_pages(request: &Request) -> bool {
    text(request.headers(), header::ACCEPT).is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value): &(&'static str, &'static str)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn other_sites_may_lead_here_and_do_nothing_else() {
        let check = |method: &Method, pairs: &[(&'static str, &'static str)]| {
            check_site(method, &headers(pairs), "127.0.0.1:8642").is_ok()
        };
        let (get, post) = (&Method::GET, &Method::POST);
        assert!(check(post, &[]), "curl");
        assert!(check(
            post,
            &[
                ("origin", "http://127.0.0.1:8642"),
                ("sec-fetch-site", "same-origin")
            ]
        ));
        for origin in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:9999",
            "http://127.0.0.1:8642.evil.example",
            "file://127.0.0.1:8642",
        ] {
            assert!(!check(post, &[("origin", origin)]), "{origin}");
            assert!(!check(get, &[("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site", "whatever"] {
            let visit = [
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ];
            assert!(check(get, &visit), "{site}");
            assert!(!check(post, &visit), "{site}");
            assert!(!check(get, &visit[..1]), "{site}");
            let frame = [visit[0], visit[1], ("sec-fetch-dest", "iframe")];
            assert!(!check(get, &frame), "{site}");
        }
    }
}
