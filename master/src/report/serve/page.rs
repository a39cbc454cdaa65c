//! The page, whole.

use std::sync::Arc;

use maud::{DOCTYPE, Markup, html};

use super::{activity, counted, logs, search, tune, workers};
use crate::jobs::serve::{Activity, Answer, LogView, SearchQuery, Tune};

/// All that a page shows.
pub(crate) struct View {
    pub(crate) activity: Arc<Activity>,
    pub(crate) logs: Option<LogView>,
    /// What can be searched; none if nothing can.
    pub(crate) roots: Option<String>,
    /// The newest first.
    pub(crate) tunes: Vec<Arc<Tune>>,
    /// The one that is looked at.
    pub(crate) tune: Option<Arc<Tune>>,
    pub(crate) query: SearchQuery,
    /// What came of the query.
    pub(crate) found: Option<Answer>,
    /// Whether there is something to log out from.
    pub(crate) has_token: bool,
}

/// The head of every page.
pub(super) fn head(title: &str, refresh: bool) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) }
            link rel="icon" href="/favicon.svg" type="image/svg+xml";
            link rel="stylesheet" href="/assets/page.css";
            script src="/assets/page.js" defer {}
            @if refresh {
                noscript { meta http-equiv="refresh" content="1"; }
            }
        }
    }
}

/// The page that shows everything.
pub(crate) fn page(view: &View) -> Markup {
    let running = view.tune.as_ref().filter(|tune| tune.is_running());
    let title = match &view.tune {
        Some(tune) => format!("Tune {} · Brigade", tune.id),
        None if !view.query.q.is_empty() => format!("{} · Brigade", view.query.q),
        None => "Brigade".to_owned(),
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&title, running.is_some()))
            body data-tune=[view.tune.as_ref().map(|tune| tune.id)] {
                a.skip href="#main" { "Skip to content" }
                (banner(view))
                main #main {
                    (tune::section(view))
                    (search::section(view))
                    section #workers aria-labelledby="workers-title" {
                        h2 #workers-title { "Pools and workers" }
                        div #activity { (activity::chart(&view.activity)) }
                        div #pools { (workers::pools(&view.activity)) }
                    }
                    @if let Some(view) = &view.logs {
                        section #logs aria-labelledby="logs-title" {
                            h2 #logs-title { "Logs" }
                            div #log { (logs::log(view)) }
                        }
                    }
                }
                (footer())
            }
        }
    }
}

fn banner(view: &View) -> Markup {
    let running = view.tunes.iter().filter(|tune| tune.is_running()).count();
    html! {
        header.banner {
            a.brand href="/" {
                img src="/favicon.svg" alt="" width="28" height="28";
                h1 { "Brigade" }
            }
            nav aria-label="Sections" {
                a href="#tune" { "Tune" }
                @if view.roots.is_some() { a href="#search" { "Search" } }
                a href="#workers" { "Workers" }
                @if view.logs.is_some() { a href="#logs" { "Logs" } }
            }
            p.live {
                span #live.dot data-state="still" {}
                span #live-text {
                    @if running > 0 { (counted(running as u64, "tune")) " running" }
                    @else { "as of now" }
                }
            }
            @if view.has_token {
                form method="post" action="/logout" { button.quiet type="submit" { "Log out" } }
            }
        }
    }
}

fn footer() -> Markup {
    html! {
        footer {
            p {
                "Brigade " (env!("CARGO_PKG_VERSION")) " · for programs: "
                a href="/api/v1/openapi.json" { "OpenAPI" } " · "
                a href="/metrics" { "metrics" } " · "
                a href="/healthz" { "health" }
            }
        }
    }
}

/// Asks for the token.
pub(crate) fn login_page(why: Option<&str>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head("Log in · Brigade", false))
            body.narrow {
                main #main {
                    h1 { "Brigade" }
                    p { "This server was started with a token. Whoever knows it may use the page." }
                    @if let Some(why) = why { p.problem role="alert" { (why) } }
                    form.stack method="post" action="/login" {
                        label for="token" { "Token" }
                        input #token name="token" type="password" required autocomplete="current-password" autofocus;
                        button type="submit" { "Log in" }
                    }
                }
            }
        }
    }
}
