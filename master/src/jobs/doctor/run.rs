//! `master doctor`, told from start to end.

use std::{
    io::{self, BufWriter, Write},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use nix::sys::resource::{Resource, setrlimit};

use super::{Check, Finding, Ward, checks, ward::answers};
use crate::{
    cli::{Done, Options},
    report::{
        Format,
        doctor::{DoctorReport, Row},
    },
};

/// The longest that one check may take.
const LIMIT: Duration = Duration::from_secs(6);

/// The longest that all of them may take; what is left then is not tried.
const LIMIT_OF_ALL: Duration = Duration::from_secs(22);

/// Shows fault after fault and writes the report.
pub(crate) fn run(options: &Options) -> anyhow::Result<Done> {
    // Crashes are on purpose here: no core files.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let began = Instant::now();
    let narrator = options.narrator();
    let ward = Ward::new(options.worker_exe());
    let first = Check {
        number: 0,
        fault: "none: a worker starts and answers",
        show: |ward| {
            answers(&ward.pool(1)?)?;
            Ok("it does".into())
        },
    };
    let all = checks();
    let count = all.len() + 1;
    let mut rows = vec![examine(first, &ward)];
    for check in all {
        let done = rows.len();
        narrator.progress(done as f64 / count as f64, done as u64, "checks");
        // Without a worker there is nothing to be shown, and without an end it would not be seen.
        if !rows[0].is_ok || began.elapsed() > LIMIT_OF_ALL {
            break;
        }
        rows.push(examine(check, &ward));
    }
    narrator.finish();
    let report = DoctorReport {
        untried: count - rows.len(),
        rows,
        elapsed: began.elapsed(),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    report
        .write(
            options.format_or(Format::Table),
            options.is_coloured(),
            &mut out,
        )
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    Ok(if report.is_ok() {
        Done::Well
    } else {
        Done::Short
    })
}

/// Carries out one check under its time limit.
fn examine(check: Check, ward: &Ward) -> Row {
    let began = Instant::now();
    let (tell, told) = mpsc::channel();
    let ward = ward.clone();
    let thread = thread::Builder::new().spawn(move || drop(tell.send((check.show)(&ward))));
    let finding: Finding = match thread {
        Err(error) => Err(error.to_string()),
        Ok(_) => told
            .recv_timeout(LIMIT)
            .unwrap_or_else(|error| match error {
                mpsc::RecvTimeoutError::Timeout => {
                    Err(format!("no end within {LIMIT:?}: it hangs"))
                }
                mpsc::RecvTimeoutError::Disconnected => Err("the check panicked".into()),
            }),
    };
    let is_ok = finding.is_ok();
    let (Ok(observed) | Err(observed)) = finding;
    Row {
        number: check.number,
        fault: check.fault,
        observed: observed.lines().collect::<Vec<_>>().join(" "),
        elapsed: began.elapsed(),
        is_ok,
    }
}
