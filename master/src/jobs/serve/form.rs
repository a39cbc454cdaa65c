//! What a form says that a table is to be tuned with.
//!
//! Fields have the names of the options of `master tune`, take the same values and have the same defaults. None of
//! them names a file: a table is sent, or it is the shipped one.

use std::{fmt::Display, str::FromStr};

use axum::{
    extract::{
        Multipart,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
};
use brigade_protocol::shm::Split;
use clap::{Parser, ValueEnum};

use crate::{
    jobs::tune::{Job, TuneInput},
    table::{Header, is_gzip},
    web::Problem,
};

/// Bytes of a field that is no table.
const LONGEST_FIELD: usize = 1 << 10;

/// More than there are.
const MOST_FIELDS: usize = 32;

/// The largest grid that a page has room for.
const MOST_CELLS: usize = 4_000;
const MOST_PARTITIONS: u32 = 1_000;
/// Scores and counts of pairs of classes that one tune may keep: about 50 bytes each.
const MOST_SCORES: usize = 2_000_000;

/// What is to be tuned.
#[derive(Debug)]
pub(super) struct Form {
    args: TuneInput,
    /// The table's name and text; none for the shipped one.
    table: Option<(String, Vec<u8>)>,
    pub(super) is_kept: bool,
}

/// All options at their defaults.
#[derive(Debug, Parser)]
struct Defaults {
    #[command(flatten)]
    tune: TuneInput,
}

impl Form {
    /// What a form says that nothing was filled into.
    pub(super) fn empty() -> Result<Self, Problem> {
        let defaults = Defaults::try_parse_from(["tune"]);
        Ok(Self {
            args: defaults
                .map_err(|error| Problem::unfit(error.to_string()))?
                .tune,
            table: None,
            is_kept: false,
        })
    }

    /// Reads a form, and the table in it up to a size.
    ///
    /// What is wrong is said when all has come: a browser that still sends hears nothing.
    pub(super) async fn read(mut parts: Multipart, upload_limit: usize) -> Result<Self, Problem> {
        let mut form = Self::empty()?;
        let mut wrong = None;
        let mut fields = 0;
        loop {
            let field = match parts.next_field().await {
                Ok(Some(field)) => field,
                Ok(None) => break,
                Err(error) => return Err(wrong.unwrap_or_else(|| broken(error))),
            };
            fields += 1;
            if fields > MOST_FIELDS {
                wrong.get_or_insert_with(|| {
                    Problem::unfit(format!("there are more than {MOST_FIELDS} fields"))
                });
            }
            let taken = match wrong {
                None => form.take(field, upload_limit).await,
                Some(_) => pass_over(field).await,
            };
            if let Err(problem) = taken {
                wrong.get_or_insert(problem);
            }
        }
        wrong.map_or(Ok(form), Err)
    }

    async fn take(&mut self, mut field: Field<'_>, upload_limit: usize) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "table" {
            let file = field.file_name().unwrap_or_default().to_owned();
            let bytes = bytes(&mut field, upload_limit, "the table").await?;
            // A form sends an empty file where none was chosen.
            if !(file.is_empty() && bytes.is_empty()) {
                self.table = Some((shown_name(&file), bytes));
            }
            return Ok(());
        }
        let text = bytes(&mut field, LONGEST_FIELD, &format!("the field {name:?}")).await?;
        let text = String::from_utf8(text)
            .map_err(|_| Problem::unfit(format!("the field {name:?} is no UTF-8")))?;
        self.set(&name, text.trim())
    }

    /// Sets one option; an empty one stays as it is.
    fn set(&mut self, name: &str, text: &str) -> Result<(), Problem> {
        let args = &mut self.args;
        if text.is_empty() {
            return Ok(());
        }
        match name {
            "k" => args.k = value(name, text)?,
            "distance" => args.distance = value(name, text)?,
            "weights" => args.weights = value(name, text)?,
            "scale" => args.scale = value(name, text)?,
            "metric" => args.metric = value(name, text)?,
            "split" => args.split = value(name, text)?,
            "seed" => args.seed = Some(value(name, text)?),
            "label" => args.label = value(name, text)?,
            "features" => args.features = Some(value(name, text)?),
            "drop" => args.drop = Some(value(name, text)?),
            "header" => {
                args.header = Header::from_str(text, true)
                    .map_err(|_| wrong(name, "expected auto, yes or no"))?;
            }
            "keep" => self.is_kept = true,
            other => {
                return Err(Problem::unfit(format!("there is no field {other:?}")));
            }
        }
        Ok(())
    }

    /// Reads the table and plans the work. It may take a while.
    pub(super) fn plan(self, workers: usize) -> Result<Job, Problem> {
        let args = self.args;
        args.check()
            .map_err(|error| Problem::unfit(error.to_string()))?;
        let cells = args.grid().cells();
        if cells > MOST_CELLS {
            return Err(too_much(&format!("{cells} cells"), &MOST_CELLS));
        }
        let partitions = match args.split {
            Split::KFold(_) => args.split.partitions(),
            _ => 1,
        };
        if partitions > MOST_PARTITIONS {
            return Err(too_much(
                &format!("{partitions} partitions"),
                &MOST_PARTITIONS,
            ));
        }
        if self.table.as_ref().is_some_and(|(_, bytes)| is_gzip(bytes)) {
            let detail =
                "the table is compressed: upload it unpacked, or give the file to `master tune`";
            return Err(Problem::unfit(detail));
        }
        let (table, terms) = match &self.table {
            Some((name, text)) => args.read_text(name, text),
            None => args.read(),
        }
        .map_err(|error| Problem::unfit(format!("{error:#}")))?;
        let classes = table.class_names.len();
        let pairs = classes.saturating_mul(classes).min(table.rows());
        let scores = cells.saturating_mul(pairs + partitions as usize);
        if scores > MOST_SCORES {
            let what = format!("{cells} cells with {partitions} partitions and {classes} classes");
            return Err(too_much(&what, &format!("{MOST_SCORES} scores")));
        }
        Job::new(&args, table, terms, workers).map_err(|error| Problem::unfit(error.to_string()))
    }
}

fn value<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| wrong(name, error))
}

fn wrong(name: &str, error: impl Display) -> Problem {
    Problem::unfit(format!("{name}: {error}"))
}

fn too_much(what: &str, most: &impl Display) -> Problem {
    Problem::unfit(format!(
        "{what} are more than the {most} that a page has room for; `master tune` has no such limit"
    ))
}

/// The bytes of a field, of which no more is kept than may be.
async fn bytes(field: &mut Field<'_>, most: usize, what: &str) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > most {
            while field.chunk().await.map_err(broken)?.is_some() {}
            let detail = format!("{what} has more than {most} bytes");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn pass_over(mut field: Field<'_>) -> Result<(), Problem> {
    while field.chunk().await.map_err(broken)?.is_some() {}
    Ok(())
}

/// Whatever is wrong with a body, it came from the client.
#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn broken(error: MultipartError) -> Problem {
    let status = match error.status() {
        status if status.is_server_error() => StatusCode::BAD_REQUEST,
        status => status,
    };
    Problem::new(status, error.body_text())
}

/// A file's name as a browser gives it, for people only: it is opened nowhere.
fn shown_name(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name
        .chars()
        .filter(|letter| !letter.is_control())
        .take(80)
        .collect();
    if name.is_empty() {
        return "table".to_owned();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)], table: Option<&str>) -> Result<Job, String> {
        let mut form = Form::empty().unwrap();
        form.table = table.map(|text| ("t.csv".to_owned(), text.as_bytes().to_owned()));
        for (name, text) in fields {
            form.set(name, text).map_err(|problem| problem.detail)?;
        }
        form.plan(2).map_err(|problem| problem.detail)
    }

    #[test]
    fn an_empty_form_is_the_default_of_the_command_line() {
        let job = form(&[("k", ""), ("features", "")], None).unwrap();
        assert_eq!((job.grid.cells(), job.table.rows()), (80, 150));
    }

    #[test]
    fn wrong_values_are_named_with_their_field() {
        for (name, text, expected) in [
            ("k", "x", "k: expected a number"),
            ("distance", "XX", "distance: unknown distance `XX`"),
            ("header", "perhaps", "header: expected auto, yes or no"),
            ("file", "/etc/passwd", "there is no field \"file\""),
            ("test", "/etc/passwd", "there is no field \"test\""),
            ("save", "/tmp/x", "there is no field \"save\""),
            ("k", "1:9000", "8999 cells are more than the 4000"),
            (
                "split",
                "kfold:2x1000",
                "2000 partitions are more than the 1000",
            ),
            ("k", "500", "only 120 training samples"),
            ("seed", "3", "--seed has no effect"),
        ] {
            let fields = [("distance", "ED"), (name, text)];
            let error = form(&fields, None).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let error = form(&[], Some("1,2\n")).unwrap_err();
        assert!(error.starts_with("t.csv"), "{error}");
    }

    #[test]
    fn many_classes_with_many_cells_are_too_much() {
        let rows: Vec<String> = (0..3000)
            .map(|row| format!("{row},c{}", row % 1500))
            .collect();
        let rows = rows.join("\n");
        let error = form(&[("k", "1:1000")], Some(&rows)).unwrap_err();
        assert!(error.contains("1500 classes are more than"), "{error}");
        assert!(form(&[("k", "1:10")], Some(&rows)).is_ok());
    }

    #[test]
    fn a_name_is_for_showing_only() {
        assert_eq!(shown_name("../../etc/passwd"), "passwd");
        assert_eq!(shown_name("C:\\x\\iris\n.csv"), "iris.csv");
        assert_eq!(shown_name("a/"), "table");
    }
}
