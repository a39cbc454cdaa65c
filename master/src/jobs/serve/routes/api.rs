//! For programs: JSON, events and metrics.

use std::sync::Arc;

use axum::{
    Json,
    extract::{
        Multipart, Path, Query, State, multipart::MultipartRejection, rejection::QueryRejection,
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{begin, not_asked, tune_of};
use crate::{
    jobs::serve::{
        events,
        searches::{Answer, SearchQuery},
        site::Site,
        tune::{State as TuneState, Watcher},
    },
    report::serve::{self, OPENAPI},
    web::Problem,
};

type Shared = State<Arc<Site>>;

/// Which tune is watched as well.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    tune: Option<String>,
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
pub(super) fn bad_query(error: QueryRejection) -> Problem {
    Problem::unfit(error.body_text())
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
pub(super) fn bad_form(error: MultipartRejection) -> Problem {
    Problem::new(
        error.status(),
        format!("{}; send multipart/form-data", error.body_text()),
    )
}

pub(super) async fn health(State(site): Shared) -> Result<&'static str, Problem> {
    if site.control.is_ending() {
        return Err(Problem::busy("the server is about to end"));
    }
    if site.searches.have_failed() {
        return Err(Problem::busy(
            "searches have ended; the server's standard error says why",
        ));
    }
    Ok("ok\n")
}

pub(super) async fn metrics(State(site): Shared) -> Response {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let text = serve::metrics(&site.meters());
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

pub(super) async fn openapi() -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], OPENAPI).into_response()
}

/// The same object as of `master ps --format json`.
pub(super) async fn workers(State(site): Shared) -> Json<Value> {
    Json(json!(site.activity().ps))
}

pub(super) async fn events(
    State(site): Shared,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(bad_query)?;
    let watcher = match query.tune {
        Some(id) => Some(Watcher::new(tune_of(&site, &id)?)),
        None => None,
    };
    events::all(&site, watcher)
}

pub(super) async fn logs(State(site): Shared) -> Result<Json<Value>, Problem> {
    let Some(view) = site.log_view() else {
        let detail = "no log server runs inside; start this one with --logs";
        return Err(Problem::not_found(detail));
    };
    Ok(Json(json!({
        "address": view.address,
        "file": view.file,
        "counters": view.counts,
        "tail": view.lines,
    })))
}

pub(super) async fn search(
    State(site): Shared,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Json<Answer>, Problem> {
    let Query(query) = query.map_err(bad_query)?;
    site.searches
        .answer(&query)
        .await
        .map(Json)
        .map_err(not_asked)
}

pub(super) async fn search_events(
    State(site): Shared,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(bad_query)?;
    let news = site.searches.ask(&query).map_err(not_asked)?;
    events::of_search(&site, news)
}

pub(super) async fn tunes(State(site): Shared) -> Json<Value> {
    let tunes = site.tunes.all();
    // Who lists them asks for the state of each.
    for tune in &tunes {
        tune.see();
    }
    let tunes: Vec<Value> = tunes.iter().map(|tune| serve::tune_json(tune)).collect();
    Json(json!({ "tunes": tunes }))
}

pub(super) async fn tune(
    State(site): Shared,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let tune = begin(&site, parts.map_err(bad_form)?).await?;
    let place = format!("/api/v1/tunes/{}", tune.id);
    let answer = Json(serve::tune_json(&tune));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], answer).into_response())
}

pub(super) async fn show_tune(
    State(site): Shared,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let tune = tune_of(&site, &id)?;
    Ok(Json(serve::tune_json(&tune)))
}

pub(super) async fn cancel(
    State(site): Shared,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let tune = tune_of(&site, &id)?;
    super::pages::cancel_now(&tune).await;
    Ok(Json(serve::tune_json(&tune)))
}

/// The same object as of `master tune --format json`.
pub(super) async fn report(
    State(site): Shared,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let tune = tune_of(&site, &id)?;
    let now = tune.snapshot();
    let Some(report) = now.report.filter(|_| now.state != TuneState::Failed) else {
        let detail = "this tune has no report yet, or failed; see its state";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    let mut text = Vec::new();
    report
        .write(crate::report::Format::Json, false, &mut text)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let kind = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
