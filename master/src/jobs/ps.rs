//! `master ps`: what every pool and worker of this user on this host is doing.
//!
//! There is no work here, so there are only two rooms: this one finds out, `report/ps.rs` shows.

mod process;

use std::{
    collections::HashMap,
    io::{self, BufWriter, IsTerminal, Write},
    thread,
    time::Duration,
};

use anyhow::Context;
use brigade_protocol::{
    clock::monotonic_ns,
    shm::{BoardView, LineView, WorkerState, boards, sweep_boards},
};
use brigade_worker::kill_marked;
use clap::Args;

use crate::{
    cli::{Done, complain, duration},
    report::{
        Format,
        ps::{PoolRow, PsReport, WorkerRow},
    },
};
use process::Usage;

/// Show every live pool and worker of this user on this host
///
/// Reads the status boards that pools of processes keep in shared memory; pools of threads (--backend threads)
/// have none and are not shown. Boards whose master is dead are removed. The exit code is 1 when there is no
/// pool.
#[derive(Debug, Clone, Args)]
pub(crate) struct PsArgs {
    /// How pools and workers are shown
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    /// Show them again and again, until interrupted
    #[arg(short, long)]
    watch: bool,

    /// How often --watch shows them, such as 500ms or 2s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration, requires = "watch")]
    interval: Duration,
}

/// Processor time of a worker at a time of the monotonic clock.
type Seen = (Duration, u64);

/// Looks at all boards, and remembers what it saw, for the load of the time between.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    /// What was seen of each process the last time.
    before: HashMap<u32, Seen>,
}

/// Takes a look, or one after another.
pub(crate) fn run(args: &PsArgs) -> anyhow::Result<Done> {
    let mut lookout = Lookout::default();
    let is_screen = args.watch && args.format == Format::Table && io::stdout().is_terminal();
    loop {
        let report = lookout.look();
        let mut out = BufWriter::new(io::stdout().lock());
        show(&report, args, is_screen, &mut out).context("cannot write the report")?;
        if !args.watch {
            return Ok(if report.pools.is_empty() {
                Done::WithNothing
            } else {
                Done::Well
            });
        }
        drop(out);
        thread::sleep(args.interval);
    }
}

fn show(report: &PsReport, args: &PsArgs, is_screen: bool, out: &mut dyn Write) -> io::Result<()> {
    if is_screen {
        // To the upper left corner, and nothing below.
        write!(out, "\x1b[H\x1b[J")?;
    }
    report.write(args.format, out)?;
    if report.pools.is_empty() && args.format == Format::Table {
        let nothing = "nothing found: no pool of this user is at work";
        if is_screen {
            writeln!(out, "{nothing}")?;
        } else {
            complain(nothing);
        }
    }
    out.flush()
}

impl Lookout {
    /// Reads all boards, and removes those whose master is dead.
    pub(crate) fn look(&mut self) -> PsReport {
        let abandoned = sweep_boards();
        if !abandoned.is_empty() {
            // Nobody was left to end what their workers had started.
            kill_marked(&abandoned);
        }
        let mut now = HashMap::new();
        let pools = boards()
            .iter()
            .map(|board| pool(board, &self.before, &mut now))
            .collect();
        self.before = now;
        PsReport { pools }
    }
}

fn pool(board: &BoardView, before: &HashMap<u32, Seen>, now: &mut HashMap<u32, Seen>) -> PoolRow {
    let kinds = board.kinds();
    let now_ns = monotonic_ns();
    let age_ns = now_ns.saturating_sub(board.started_ns());
    let workers = board.lines().map(|line| {
        let usage = Usage::of(line.pid);
        let cpu = usage.and_then(|usage| {
            now.insert(line.pid, (usage.cpu, now_ns));
            usage.load(before.get(&line.pid), now_ns)
        });
        worker(&line, &kinds, usage, cpu, age_ns, now_ns)
    });
    PoolRow {
        title: board.title(),
        number: board.number() + 1,
        master: board.master(),
        wanted: board.workers(),
        age: Duration::from_nanos(age_ns),
        workers: workers.collect(),
    }
}

fn worker(
    line: &LineView,
    kinds: &[String],
    usage: Option<Usage>,
    cpu: Option<f64>,
    age_ns: u64,
    now_ns: u64,
) -> WorkerRow {
    let is_busy = line.state == WorkerState::Busy;
    let running_ns = now_ns.saturating_sub(line.started_ns);
    let busy_ns = line
        .busy_ns
        .saturating_add(if is_busy { running_ns } else { 0 });
    let kind = usize::try_from(line.kind)
        .ok()
        .and_then(|kind| kinds.get(kind));
    WorkerRow {
        number: line.index + 1,
        pid: line.pid,
        state: match (usage, line.state) {
            (None, _) => "gone",
            (_, WorkerState::Absent) => "absent",
            (_, WorkerState::Starting) => "starting",
            (_, WorkerState::Idle) => "idle",
            (_, WorkerState::Busy) => "busy",
        },
        kind: is_busy.then(|| {
            kind.cloned()
                .unwrap_or_else(|| format!("kind {}", line.kind))
        }),
        task: is_busy.then_some(line.task),
        attempt: is_busy.then_some(line.attempt),
        running: is_busy.then(|| Duration::from_nanos(running_ns)),
        done: line.done,
        busy: (100.0 * busy_ns as f64 / age_ns.max(1) as f64).min(100.0),
        cpu,
        resident_bytes: usage.map(|usage| usage.resident_bytes),
        private_bytes: usage.and_then(|usage| usage.private_bytes),
    }
}
