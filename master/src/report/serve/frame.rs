//! Events as they travel.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::{activity, heat, logs, tune, workers};
use crate::jobs::serve::{Activity, Snapshot, Tune};

/// An event; JSON has no line ends of its own.
pub(super) fn event(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

/// What all pools do: numbers, and the parts of the page that show them.
pub(crate) fn status_frame(activity: &Activity) -> Bytes {
    let last = activity.samples.back().copied().unwrap_or_default();
    let mut html = json!({
        "activity": activity::chart(activity).into_string(),
        "pools": workers::pools(activity).into_string(),
    });
    if let (Some(view), Some(html)) = (&activity.logs, html.as_object_mut()) {
        html.insert("log".to_owned(), logs::log(view).into_string().into());
    }
    let status = json!({
        "tasks_per_second": last.rate,
        "queued": last.queued,
        "workers": last.workers,
        "busy": last.busy,
        "html": html,
    });
    event("status", &status)
}

/// How a tune stands: the cells that have changed since a version, all if there is none.
pub(crate) fn tune_frame(tune: &Tune, since: Option<u64>, now: &Snapshot) -> Bytes {
    let cells: Vec<Value> = now
        .cells
        .iter()
        .enumerate()
        .filter(|(_, (known, version))| {
            known.tested > 0 && since.is_none_or(|since| *version > since)
        })
        .map(|(at, (known, _))| json!([at, known.quality, heat::text(known), known.is_complete]))
        .collect();
    let status = json!({
        "id": tune.id,
        "state": now.state,
        "fraction": now.fraction,
        "cells": cells,
        "best": heat::best(now),
        "html": { "tune-status": tune::status(tune, now).into_string(), "tune-result": tune::result(now).into_string() },
    });
    event("tune", &status)
}
