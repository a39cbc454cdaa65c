//! For people: a heading for each pool, and its workers below.

use std::{
    io::{self, Write},
    time::Duration,
};

use super::{PoolRow, PsReport, WorkerRow};
use crate::report::layout::{hide, printable, right, sheet, terminal_width, time};

pub(super) fn write(report: &PsReport, out: &mut dyn Write) -> io::Result<()> {
    for (position, pool) in report.pools.iter().enumerate() {
        if position > 0 {
            writeln!(out)?;
        }
        write_pool(pool, out)?;
    }
    Ok(())
}

fn write_pool(pool: &PoolRow, out: &mut dyn Write) -> io::Result<()> {
    let PoolRow {
        title,
        number,
        master,
        wanted,
        age,
        workers,
    } = pool;
    let which = if *number > 1 {
        format!(" {number}")
    } else {
        String::new()
    };
    writeln!(
        out,
        "{}{which}, master {master}, {} of {wanted} workers, for {}",
        printable(title),
        workers.len(),
        clock(*age)
    )?;
    if workers.is_empty() {
        return Ok(());
    }
    let mut table = sheet(&[
        "worker", "pid", "state", "task", "for", "done", "busy", "cpu", "memory", "private",
    ]);
    for worker in workers {
        table.add_row(row(worker).map(right));
    }
    hide(&mut table, terminal_width(), &DISPENSABLE);
    writeln!(out, "{}", table.trim_fmt())
}

/// Columns that a narrow terminal does without: memory, busy, private, done, cpu.
const DISPENSABLE: [usize; 5] = [8, 6, 9, 5, 7];

fn row(worker: &WorkerRow) -> [String; 10] {
    let nothing = || "-".to_owned();
    let task = match (&worker.kind, worker.task) {
        (Some(kind), Some(task)) => match worker.attempt {
            Some(attempt) if attempt > 1 => format!("{} {task} again", printable(kind)),
            _ => format!("{} {task}", printable(kind)),
        },
        _ => nothing(),
    };
    [
        worker.number.to_string(),
        worker.pid.to_string(),
        worker.state.to_owned(),
        task,
        worker.running.map_or_else(nothing, time),
        worker.done.to_string(),
        format!("{:.0} %", worker.busy),
        worker.cpu.map_or_else(nothing, |cpu| format!("{cpu:.0} %")),
        worker.resident_bytes.map_or_else(nothing, mebibytes),
        worker.private_bytes.map_or_else(nothing, mebibytes),
    ]
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// An age: `12 s`, `1:15`, `2:03:04`.
fn clock(age: Duration) -> String {
    let seconds = age.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest} s"),
        (0, _) => format!("{minutes}:{rest:02}"),
        _ => format!("{hours}:{minutes:02}:{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_readable() {
        for (seconds, expected) in [(12, "12 s"), (75, "1:15"), (7384, "2:03:04")] {
            assert_eq!(clock(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(printable("a\u{1b}[2J"), "a?[2J");
    }
}
