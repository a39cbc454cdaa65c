//! A tune for programs.

use serde_json::{Value, json};

use super::heat;
use crate::jobs::serve::Tune;

/// What was asked for, and how it stands.
pub(crate) fn tune_json(tune: &Tune) -> Value {
    let (asked, now) = (&tune.asked, tune.snapshot());
    let columns = asked.grid.distances.len().max(1);
    let cell = |at: usize| {
        let (known, _) = now.cells.get(at)?;
        let k = asked.grid.ks.get(at / columns)?;
        let distance = asked.grid.distances.get(at % columns)?;
        Some(json!({
            "k": k,
            "distance": distance.to_string(),
            "quality": known.quality,
            "tested": known.tested,
            "is_complete": known.is_complete,
        }))
    };
    let cells: Vec<Value> = (0..now.cells.len())
        .filter(|at| {
            now.cells
                .get(*at)
                .is_some_and(|(known, _)| known.tested > 0)
        })
        .filter_map(cell)
        .collect();
    json!({
        "id": tune.id,
        "state": now.state,
        "why": now.why,
        "data": asked.data,
        "rows": asked.rows,
        "features": asked.features,
        "classes": asked.classes,
        "split": asked.split,
        "scale": asked.scale,
        "weights": asked.weights,
        "metric": asked.metric.to_string(),
        "fraction": now.fraction,
        "seconds": now.elapsed.as_secs_f64(),
        "lost": now.lost,
        "best": heat::best(&now).and_then(cell),
        "cells": cells,
    })
}
