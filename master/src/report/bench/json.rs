//! One object with everything, each single time included.

use std::io;

use serde::Serialize;

use super::{BenchReport, name, words};
use crate::jobs::bench::{Advice, Fit, Law, Row, Verdict};

#[derive(Serialize)]
struct Whole<'a> {
    job: &'a str,
    cores: u32,
    warmup: u32,
    /// Whether all runs were done.
    complete: bool,
    elapsed_seconds: f64,
    result: Option<Result<'a>>,
    configurations: Vec<Configuration<'a>>,
    amdahl: Vec<Amdahl>,
    advice: Vec<Told>,
    verdict: Option<Use>,
}

/// What all runs came to.
#[derive(Serialize)]
struct Result<'a> {
    said: &'a str,
    digest: String,
}

#[derive(Serialize)]
struct Configuration<'a> {
    backend: &'static str,
    workers: u32,
    /// Of each run, in their order.
    seconds: &'a [f64],
    median: f64,
    spread: f64,
    mad: f64,
    mean: f64,
    deviation: f64,
    least: f64,
    most: f64,
    start: f64,
    speedup: Option<f64>,
    efficiency: Option<f64>,
    repeated: u32,
    given_up: u32,
}

#[derive(Serialize)]
struct Amdahl {
    backend: &'static str,
    serial: f64,
    limit: Option<f64>,
    points: usize,
    residual: f64,
}

#[derive(Serialize)]
struct Told {
    kind: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Use {
    backend: &'static str,
    workers: u32,
    speedup: Option<f64>,
    said: String,
}

pub(super) fn write(report: &BenchReport, out: &mut dyn io::Write) -> io::Result<()> {
    let judged = &report.judged;
    let whole = Whole {
        job: &report.title,
        cores: judged.cores,
        warmup: report.warmup,
        complete: report.is_whole,
        elapsed_seconds: report.elapsed.as_secs_f64(),
        result: report.answer.as_ref().map(|answer| Result {
            said: &answer.said,
            digest: format!("{:016x}", answer.digest),
        }),
        configurations: judged.rows.iter().map(Configuration::from).collect(),
        amdahl: judged.laws.iter().map(Amdahl::from).collect(),
        advice: judged.advice.iter().map(Told::from).collect(),
        verdict: judged.verdict.as_ref().map(Use::from),
    };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}

impl<'a> From<&'a Row> for Configuration<'a> {
    fn from(row: &'a Row) -> Self {
        let figures = &row.figures;
        Self {
            backend: name(row.config.backend),
            workers: row.config.workers,
            seconds: &figures.times,
            median: figures.median,
            spread: figures.spread(),
            mad: figures.mad,
            mean: figures.mean,
            deviation: figures.deviation,
            least: figures.least,
            most: figures.most,
            start: row.start.median,
            speedup: row.speedup,
            efficiency: row.efficiency,
            repeated: row.repeated,
            given_up: row.given_up,
        }
    }
}

impl From<&Law> for Amdahl {
    fn from(law: &Law) -> Self {
        let Law { backend, fit } = law;
        let Fit {
            serial,
            points,
            residual,
        } = *fit;
        Self {
            backend: name(*backend),
            serial,
            limit: fit.limit(),
            points,
            residual,
        }
    }
}

impl From<&Advice> for Told {
    fn from(advice: &Advice) -> Self {
        Self {
            kind: advice.kind(),
            message: advice.to_string(),
        }
    }
}

impl From<&Verdict> for Use {
    fn from(verdict: &Verdict) -> Self {
        Self {
            backend: name(verdict.config.backend),
            workers: verdict.config.workers,
            speedup: verdict.speedup,
            said: words::verdict(verdict),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BenchReport, Format, written};

    #[test]
    fn everything_is_in_one_object() {
        let text = written(&BenchReport::sample(), Format::Json);
        let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(whole["configurations"].as_array().unwrap().len(), 6);
        assert_eq!(whole["configurations"][1]["workers"], 2);
        assert_eq!(
            whole["configurations"][1]["seconds"]
                .as_array()
                .unwrap()
                .len(),
            5
        );
        assert_eq!(whole["amdahl"][0]["backend"], "processes");
        assert_eq!(whole["result"]["digest"], "00000000feedbeef");
        assert_eq!(whole["advice"][0]["kind"], "oversubscribed");
        assert_eq!(whole["verdict"]["workers"], 2);
    }
}
