//! The samples that a model was tuned on, read again and made sure of.

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::ValueEnum;
use thiserror::Error;

use crate::{
    model::{Column, Data, Model, SHIPPED, fingerprint, fingerprint_of, fingerprint_of_classes},
    table::{Features, Header, Label, Reading, Table, TableError, iris},
};

use super::layout::{Class, Layout};

/// Why a model cannot be used.
#[derive(Debug, Error)]
pub(super) enum TrainingError {
    #[error(
        "{path}, which the model was tuned on, cannot be read: {cause}; say where it is now with --data, or tune anew"
    )]
    Missing { path: String, cause: io::Error },
    #[error(
        "{path} has changed since the model was tuned on it: {found_bytes} bytes with SHA-256 {found}, then {bytes} with {expected}; give the file as it was with --data, or tune anew"
    )]
    Changed {
        path: String,
        found_bytes: u64,
        found: String,
        bytes: u64,
        expected: String,
    },
    #[error("the samples that the model was tuned on cannot be read: {0}")]
    Table(#[from] TableError),
    #[error("the model does not fit its samples: {what}; tune and save it anew")]
    Misfit { what: String },
}

/// The samples a model votes with, and where in a row of input their features are.
#[derive(Debug)]
pub(super) struct Training {
    /// All rows, with the model's features only.
    pub(super) table: Table,
    pub(super) layout: Layout,
}

impl Training {
    /// Reads the samples of `model`, from `moved` if they are there now, and their classes from `labels` if those are.
    pub(super) fn read(
        model: &Model,
        moved: Option<&Path>,
        labels: Option<&Path>,
    ) -> Result<Self, TrainingError> {
        let table = table(&model.data, moved, labels)?;
        if table.class_names != model.classes {
            return Err(misfit("the classes are others"));
        }
        let classes = fingerprint_of_classes(&table.class_ids);
        if model
            .rows_sha256
            .as_ref()
            .is_some_and(|then| *then != classes)
        {
            return Err(misfit("some rows have other classes than then"));
        }
        if model.k == 0 || model.k as usize > table.rows() {
            return Err(misfit(&format!(
                "k is {} of {} samples",
                model.k,
                table.rows()
            )));
        }
        let label: Label = model.data.label.parse().unwrap_or_default();
        // None where the classes are in a file of their own.
        let class = table.origin.label.map(|column| column - 1);
        let chosen = chosen(&table, model.features.as_deref(), class)?;
        let layout = Layout::new(
            table.feature_names.as_deref(),
            Class {
                column: class,
                name: match label {
                    Label::Name(name) => Some(name),
                    Label::Number(_) => None,
                },
            },
            &chosen,
            table.width,
        );
        let layout = if model.data.path == SHIPPED && table.feature_names.is_none() {
            layout.called(&iris::FEATURES)
        } else {
            layout
        };
        Ok(Self {
            table: only(table, &chosen),
            layout,
        })
    }
}

fn misfit(what: &str) -> TrainingError {
    TrainingError::Misfit {
        what: what.to_owned(),
    }
}

/// The table as it was when the model was tuned.
fn table(data: &Data, moved: Option<&Path>, labels: Option<&Path>) -> Result<Table, TrainingError> {
    let reading = Reading {
        header: <Header as ValueEnum>::from_str(&data.header, true)
            .map_err(|cause| misfit(&cause))?,
        label: Label::from_str(&data.label).unwrap_or_default(),
        labels: match (labels, &data.labels) {
            (Some(now), _) => Some(now.to_owned()),
            // Samples that have moved have taken along what was found beside them, and what was named if it is gone.
            (None, Some(then)) if moved.is_none() || Path::new(then).exists() => {
                Some(PathBuf::from(then))
            }
            (None, _) => None,
        },
    };
    if moved.is_none() && data.path == SHIPPED {
        check(data, iris::NAME, fingerprint_of(iris::BYTES))?;
        return Ok(Table::parse(iris::NAME, iris::BYTES, &reading)?);
    }
    let path = moved.map_or_else(|| PathBuf::from(&data.path), Path::to_owned);
    let name = path.display().to_string();
    let found = fingerprint(&path).map_err(|cause| TrainingError::Missing {
        path: name.clone(),
        cause,
    })?;
    check(data, &name, found)?;
    Ok(Table::read(&path, &reading)?)
}

/// Makes sure that a file is what it was.
fn check(data: &Data, path: &str, (bytes, sha256): (u64, String)) -> Result<(), TrainingError> {
    if data.sha256.eq_ignore_ascii_case(&sha256) {
        return Ok(());
    }
    Err(TrainingError::Changed {
        path: path.to_owned(),
        found_bytes: bytes,
        found: sha256,
        bytes: data.bytes,
        expected: data.sha256.clone(),
    })
}

/// The places of the model's features among all.
fn chosen(
    table: &Table,
    columns: Option<&[Column]>,
    class: Option<usize>,
) -> Result<Vec<usize>, TrainingError> {
    let Some(columns) = columns else {
        return Ok((0..table.width).collect());
    };
    let place = |column: &Column| match column {
        Column::Name(wanted) => {
            let mut names = table.feature_names.iter().flatten();
            names.position(|name| name == wanted)
        }
        // The class has a number too.
        Column::Number(number) => {
            let at = usize::try_from(*number).ok()?.checked_sub(1)?;
            match class {
                Some(class) if class == at => None,
                Some(class) if class < at => Some(at - 1),
                _ => Some(at),
            }
        }
    };
    let places = columns.iter().map(|column| {
        let place = place(column).filter(|place| *place < table.width);
        place.ok_or_else(|| misfit(&format!("there is no feature {column:?}")))
    });
    let places: Vec<usize> = places.collect::<Result<_, _>>()?;
    if places.is_empty() {
        return Err(misfit("it has no features"));
    }
    Ok(places)
}

/// The table with these features alone.
fn only(table: Table, chosen: &[usize]) -> Table {
    if chosen.iter().copied().eq(0..table.width) {
        return table;
    }
    let width = table.width;
    let features = match &table.features {
        Features::Numbers(numbers) => Features::Numbers(pick(numbers, width, chosen)),
        Features::Bytes(bytes) => Features::Bytes(pick(bytes, width, chosen)),
    };
    let names = table.feature_names.as_ref();
    Table {
        width: chosen.len(),
        feature_names: names.map(|names| chosen.iter().map(|&at| names[at].clone()).collect()),
        features,
        ..table
    }
}

fn pick<T: Copy>(all: &[T], width: usize, chosen: &[usize]) -> Vec<T> {
    let rows = all.chunks_exact(width);
    rows.flat_map(|row| chosen.iter().map(|&at| row[at]))
        .collect()
}
