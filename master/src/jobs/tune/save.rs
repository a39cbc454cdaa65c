//! The best hyperparameter as a model.

use std::{io, path::Path};

use anyhow::Context;
use brigade_protocol::shm::Split;
use clap::ValueEnum;

use super::{Scored, Terms, TuneInput};
use crate::{
    model::{self, Column, Data, Model},
    table::{Header, Label, Table, iris},
};

/// The files that a model rests on. To be taken when they are read, so that the model tells when they change later.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    data: Data,
    test: Option<Data>,
}

impl Sources {
    /// Reads the files again, for their fingerprints.
    pub(super) fn of(args: &TuneInput) -> anyhow::Result<Self> {
        let data = |path: &Path, labels: Option<&Path>| {
            data(path, labels, args)
                .with_context(|| format!("{}: cannot be read again", path.display()))
        };
        let shipped = || {
            let (bytes, sha256) = model::fingerprint_of(iris::BYTES);
            Data {
                path: model::SHIPPED.to_owned(),
                bytes,
                sha256,
                labels: None,
                label: word(&args.label),
                header: header(args.header),
            }
        };
        Ok(Self {
            data: match args.file.as_deref() {
                Some(path) => data(path, args.labels.as_deref())?,
                None => shipped(),
            },
            test: args
                .test
                .as_deref()
                .map(|path| data(path, None))
                .transpose()?,
        })
    }
}

fn data(path: &Path, labels: Option<&Path>, args: &TuneInput) -> io::Result<Data> {
    let (bytes, sha256) = model::fingerprint(path)?;
    let absolute = |path: &Path| Ok::<_, io::Error>(path.canonicalize()?.display().to_string());
    Ok(Data {
        path: absolute(path)?,
        bytes,
        sha256,
        labels: labels.map(absolute).transpose()?,
        label: word(&args.label),
        header: header(args.header),
    })
}

/// As `--label` takes it.
fn word(label: &Label) -> String {
    match label {
        Label::Number(number) => number.to_string(),
        Label::Name(name) => name.clone(),
    }
}

/// As `--header` takes it.
fn header(header: Header) -> String {
    let value = header.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The classes of the rows that came from the data's own file.
fn own_classes<'a>(args: &TuneInput, table: &'a Table, terms: &Terms) -> &'a [u32] {
    match (&args.test, terms.split) {
        (Some(_), Split::HoldOut { training }) => {
            table.class_ids.get(..training as usize).unwrap_or_default()
        }
        _ => &table.class_ids,
    }
}

/// What is to be saved of this cell.
pub(super) fn model(
    best: &Scored,
    sources: Sources,
    args: &TuneInput,
    table: &Table,
    terms: &Terms,
) -> Model {
    let own = own_classes(args, table, terms);
    let known = own.iter().max().map_or(0, |&class| class as usize + 1);
    let is_chosen = args.features.is_some() || args.drop.is_some();
    let column = |feature: usize| match &table.feature_names {
        // A name that another column has too names nothing.
        Some(names) if !table.origin.has_repeated_names => Column::Name(names[feature].clone()),
        _ => Column::Number(u32::try_from(table.column(feature)).unwrap_or(u32::MAX)),
    };
    Model {
        format: model::FORMAT,
        brigade: env!("CARGO_PKG_VERSION").to_owned(),
        data: sources.data,
        test: sources.test,
        features: is_chosen.then(|| (0..table.width).map(column).collect()),
        // Those that the testing file alone has come after them, and can elect nobody.
        classes: table.class_names[..known.min(table.class_names.len())].to_vec(),
        rows_sha256: Some(model::fingerprint_of_classes(own)),
        k: best.k,
        distance: best.distance,
        weights: terms.weights,
        scale: terms.scale,
        split: terms.split,
        metric: args.metric.to_string(),
        quality: best.quality,
    }
}
