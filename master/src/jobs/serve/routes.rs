//! Which request leads to which desk.

mod api;
mod pages;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Multipart},
    routing::{get, post},
};

use super::{form::Form, searches::NotAsked, site::Site, tune::Tune, tunes::NotBegun};
use crate::web::Problem;

/// What a body may have beside the table: names and values of fields.
const OTHER_FIELDS: usize = 64 << 10;

/// How many times as much as is taken may be sent: who hears nothing while it sends would not hear that it is too much.
const PASSED_OVER: usize = 4;

/// A body without a table.
const SMALL_BODY: usize = 4 << 10;

/// What is shown without the token: that the server lives, and how to log in.
pub(super) fn is_open(path: &str) -> bool {
    path == "/healthz" || path == "/login" || path == "/favicon.svg" || path.starts_with("/assets/")
}

/// All routes.
pub(super) fn routes(site: Arc<Site>) -> Router {
    let uploads = DefaultBodyLimit::max(PASSED_OVER * site.upload_limit + OTHER_FIELDS);
    Router::new()
        .route("/", get(pages::home))
        .route("/search", get(pages::search))
        .route("/tunes", post(pages::tune).layer(uploads))
        .route("/tunes/{id}", get(pages::show_tune))
        .route("/tunes/{id}/cancel", post(pages::cancel))
        .route("/login", get(pages::show_login).post(pages::login))
        .route("/logout", post(pages::logout))
        .route("/assets/page.css", get(pages::style))
        .route("/assets/page.js", get(pages::script))
        .route("/favicon.svg", get(pages::icon))
        .route("/healthz", get(api::health))
        .route("/metrics", get(api::metrics))
        .route("/api/v1/openapi.json", get(api::openapi))
        .route("/api/v1/workers", get(api::workers))
        .route("/api/v1/events", get(api::events))
        .route("/api/v1/logs", get(api::logs))
        .route("/api/v1/search", get(api::search))
        .route("/api/v1/search/events", get(api::search_events))
        .route(
            "/api/v1/tunes",
            get(api::tunes).post(api::tune).layer(uploads),
        )
        .route(
            "/api/v1/tunes/{id}",
            get(api::show_tune).delete(api::cancel),
        )
        .route("/api/v1/tunes/{id}/report", get(api::report))
        .fallback(|| async { Problem::not_found("there is nothing at this address") })
        .layer(DefaultBodyLimit::max(SMALL_BODY))
        .with_state(site)
}

/// Begins the tune that a form describes.
async fn begin(site: &Arc<Site>, parts: Multipart) -> Result<Arc<Tune>, Problem> {
    site.tunes.check().map_err(not_begun)?;
    let Ok(_permit) = site.uploads.try_acquire() else {
        return Err(Problem::busy("other tables are being read; try again"));
    };
    let form = Form::read(parts, site.upload_limit).await?;
    let (workers, is_kept) = (site.tunes.workers(), form.is_kept);
    let job = tokio::task::spawn_blocking(move || form.plan(workers))
        .await
        .map_err(|_| Problem::unfit("the table could not be read: reading it failed"))??;
    site.tunes.begin(job, is_kept).map_err(not_begun)
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn not_begun(why: NotBegun) -> Problem {
    Problem::busy(why.to_string())
}

/// The tune of this number, which somebody looks at now.
fn tune_of(site: &Site, id: &str) -> Result<Arc<Tune>, Problem> {
    let tune = id.parse().ok().and_then(|id| site.tunes.get(id));
    let tune = tune.ok_or_else(|| {
        Problem::not_found("there is no such tune; the oldest ones are forgotten")
    })?;
    tune.see();
    Ok(tune)
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn not_asked(why: NotAsked) -> Problem {
    match why {
        NotAsked::Busy | NotAsked::Over => Problem::busy(why.to_string()),
        NotAsked::NoTree => Problem::not_found(why.to_string()),
        NotAsked::Nothing | NotAsked::Long | NotAsked::Unfit(_) => Problem::unfit(why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::report::serve::OPENAPI;

    /// The routes as the source has them: method and path.
    fn routes() -> BTreeSet<(String, String)> {
        let source = include_str!("routes.rs");
        let source = source.split("#[cfg(test)]").next().unwrap();
        let mut routes = BTreeSet::new();
        for route in source.split(".route(").skip(1) {
            let route = route
                .split(".route(")
                .next()
                .unwrap()
                .split(".fallback")
                .next()
                .unwrap();
            let path = route.split('"').nth(1).unwrap();
            let handlers = &route[route.find(path).unwrap() + path.len()..];
            for method in ["get", "post", "delete"] {
                if handlers.contains(&format!("{method}(")) {
                    routes.insert((method.to_owned(), path.to_owned()));
                }
            }
        }
        routes
    }

    #[test]
    fn every_route_is_in_the_document_and_nothing_else() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let mut told = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                told.insert((method.clone(), path.clone()));
            }
        }
        let routes = routes();
        assert!(routes.len() > 20, "{routes:?}");
        assert_eq!(routes, told);
    }
}
