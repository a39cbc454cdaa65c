//! For people: one page, whole without any script.

use std::{sync::Arc, time::Duration};

use axum::{
    Form,
    extract::{
        Multipart, Path, Query, State, multipart::MultipartRejection, rejection::QueryRejection,
    },
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    api::{bad_form, bad_query},
    begin, not_asked, tune_of,
};
use crate::{
    jobs::serve::{searches::SearchQuery, site::Site, tune::Tune},
    report::serve::{self, View},
    web::{Problem, Token},
};

type Shared = State<Arc<Site>>;

/// How long somebody waits who has shown a wrong token.
const WRONG_TOKEN: Duration = Duration::from_millis(300);

/// How long an answer waits for a cancelled tune to end.
const CANCELLED: Duration = Duration::from_secs(2);

fn view(site: &Site) -> View {
    View {
        activity: site.activity(),
        logs: site.log_view(),
        roots: site.searches.roots.clone(),
        tunes: site.tunes.all(),
        tune: None,
        query: SearchQuery::default(),
        found: None,
        has_token: site.token.is_some(),
    }
}

fn shown(view: &View) -> Response {
    Html(serve::page(view).into_string()).into_response()
}

pub(super) async fn home(State(site): Shared) -> Response {
    shown(&view(&site))
}

pub(super) async fn search(
    State(site): Shared,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(bad_query)?;
    // A form sends what was left empty, too.
    let found = if query.q.is_empty() {
        None
    } else {
        Some(site.searches.answer(&query).await.map_err(not_asked)?)
    };
    Ok(shown(&View {
        query,
        found,
        ..view(&site)
    }))
}

pub(super) async fn tune(
    State(site): Shared,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Redirect, Problem> {
    let tune = begin(&site, parts.map_err(bad_form)?).await?;
    Ok(Redirect::to(&format!("/tunes/{}", tune.id)))
}

pub(super) async fn show_tune(
    State(site): Shared,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let tune = Some(tune_of(&site, &id)?);
    Ok(shown(&View {
        tune,
        ..view(&site)
    }))
}

pub(super) async fn cancel(
    State(site): Shared,
    Path(id): Path<String>,
) -> Result<Redirect, Problem> {
    let tune = tune_of(&site, &id)?;
    cancel_now(&tune).await;
    Ok(Redirect::to(&format!("/tunes/{}", tune.id)))
}

/// Cancels a tune, and waits a little for its end.
pub(super) async fn cancel_now(tune: &Arc<Tune>) {
    let mut changes = tune.changes();
    let cancelled = Arc::clone(tune);
    // Its workers are killed, which may take a moment.
    let _ = tokio::task::spawn_blocking(move || cancelled.cancel("it was cancelled")).await;
    let over = async { while tune.is_running() && changes.changed().await.is_ok() {} };
    let _ = tokio::time::timeout(CANCELLED, over).await;
}

/// What the login form sends.
#[derive(Deserialize)]
pub(super) struct Login {
    token: String,
}

pub(super) async fn show_login(State(site): Shared) -> Response {
    if site.token.is_none() {
        return Redirect::to("/").into_response();
    }
    Html(serve::login_page(None).into_string()).into_response()
}

pub(super) async fn login(
    State(site): Shared,
    Form(login): Form<Login>,
) -> Result<Response, Problem> {
    let Some(token) = &site.token else {
        return Ok(Redirect::to("/").into_response());
    };
    if !token.is(&login.token) {
        tokio::time::sleep(WRONG_TOKEN).await;
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "this is not the token",
        ));
    }
    Ok(([(header::SET_COOKIE, token.cookie())], Redirect::to("/")).into_response())
}

pub(super) async fn logout() -> Response {
    let cookie = [(header::SET_COOKIE, Token::no_cookie())];
    (cookie, Redirect::to("/login")).into_response()
}

pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", serve::STYLE)
}

pub(super) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", serve::SCRIPT)
}

pub(super) async fn icon() -> Response {
    asset("image/svg+xml", serve::ICON)
}

/// A file of this program; it may be kept, and is asked for again each time.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, text).into_response()
}
