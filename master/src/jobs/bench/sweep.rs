//! The runs: all configurations in turn, round after round, so that what changes on the machine hits all alike.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use brigade::Event;
use brigade_protocol::jobs::echo::Echo;

use super::{
    Config,
    args::SweepArgs,
    work::{Answer, Ran, Work},
};
use crate::cli::{Common, Narrator, Options, Progress, signals};

/// How long all measured runs may take together, if nobody said how many there are to be, and how many are then.
const PATIENCE: Duration = Duration::from_secs(10);
const LEAST_RUNS: u32 = 5;
const MOST_RUNS: u32 = 30;

/// A run in which workers died or tasks failed is done again at once, so often at most.
const TRIES: u32 = 4;

/// What was measured with one configuration.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) config: Config,
    /// Of each run, in their order.
    pub(crate) times: Vec<Duration>,
    /// What it takes to start so many workers, have one empty task done, and end them; beside each run.
    pub(crate) starts: Vec<Duration>,
    /// Runs that were done again because a worker died or a task failed.
    pub(crate) repeated: u32,
    /// Runs that were left out because that happened every time.
    pub(crate) given_up: u32,
}

/// All that was measured.
#[derive(Debug)]
pub(super) struct Swept {
    pub(super) cells: Vec<Cell>,
    /// What all runs came to.
    pub(super) answer: Option<Answer>,
    /// Runs that came to something else end the sweep.
    pub(super) mismatch: Option<Mismatch>,
}

/// Two runs that do not agree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found_with} came to another result than {expected_with}: `{found}` instead of `{expected}`{unseen}; \
     times of different work say nothing, so there is no report",
    unseen = if found == expected { ", and differing in what this does not show" } else { "" }
)]
pub(super) struct Mismatch {
    expected_with: Config,
    expected: String,
    found_with: Config,
    found: String,
}

/// Does the job round after round. Ends early, with what there is, on a signal.
///
/// # Errors
/// When the job cannot be done at all.
pub(super) fn sweep(
    work: &dyn Work,
    configs: &[Config],
    args: &SweepArgs,
    narrator: &Narrator,
) -> anyhow::Result<Swept> {
    let empty = |&config| Cell {
        config,
        times: Vec::new(),
        starts: Vec::new(),
        repeated: 0,
        given_up: 0,
    };
    let mut sweep = Sweep {
        work,
        options: &args.options,
        part: narrator.part(|_| {}),
        cells: configs.iter().map(empty).collect(),
        first: None,
    };
    let mut mismatch = None;
    let mut rounds = args.warmup + args.runs.unwrap_or(LEAST_RUNS);
    let mut round = 0;
    let mut done = 0_u64;
    'rounds: while round < rounds {
        let began = Instant::now();
        for at in turns(configs.len(), round) {
            match sweep.turn(at, round >= args.warmup)? {
                Turn::Done => {}
                Turn::Interrupted => break 'rounds,
                Turn::Differs(found) => {
                    mismatch = Some(found);
                    break 'rounds;
                }
            }
            done += 1;
            let all = f64::from(rounds) * configs.len() as f64;
            narrator.progress(done as f64 / all, done, "runs");
        }
        // The first round knows how long one takes.
        if round == 0 && args.runs.is_none() {
            rounds = args.warmup + runs_in_time(began.elapsed());
        }
        round += 1;
    }
    Ok(Swept {
        cells: sweep.cells,
        answer: sweep.first.map(|(_, answer)| answer),
        mismatch,
    })
}

/// The order of a round: there and back in turn, so that none always comes after the same one, and a machine that
/// becomes slower and slower does not always meet the last one last.
fn turns(count: usize, round: u32) -> Box<dyn Iterator<Item = usize>> {
    if round.is_multiple_of(2) {
        Box::new(0..count)
    } else {
        Box::new((0..count).rev())
    }
}

/// How many rounds there is time for.
fn runs_in_time(round: Duration) -> u32 {
    let fitting = PATIENCE.as_secs_f64() / round.as_secs_f64().max(1e-6);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a few"
    )]
    let runs = fitting.clamp(LEAST_RUNS.into(), MOST_RUNS.into()) as u32;
    runs
}

struct Sweep<'a> {
    work: &'a dyn Work,
    options: &'a Options,
    /// Tells what happens in a run, in words that were not used before.
    part: Narrator,
    cells: Vec<Cell>,
    /// The first answer, and who gave it.
    first: Option<(Config, Answer)>,
}

enum Turn {
    Done,
    Interrupted,
    Differs(Mismatch),
}

/// What became of one run.
enum Run {
    Whole(Answer, Duration),
    /// Workers died or tasks failed: its time says nothing.
    Disturbed,
    Interrupted,
}

impl Sweep<'_> {
    /// Has the job done by one of the configurations, again if need be.
    fn turn(&mut self, at: usize, is_measured: bool) -> anyhow::Result<Turn> {
        let Some(config) = self.cells.get(at).map(|cell| cell.config) else {
            return Ok(Turn::Done);
        };
        for attempt in 1..=TRIES {
            let run = self.run(config)?;
            let Some(cell) = self.cells.get_mut(at) else {
                break;
            };
            match run {
                Run::Interrupted => return Ok(Turn::Interrupted),
                Run::Disturbed if attempt < TRIES => cell.repeated += 1,
                Run::Disturbed if is_measured => cell.given_up += 1,
                // Of a run that only warms up, nothing is missing.
                Run::Disturbed => {}
                Run::Whole(answer, took) => {
                    if let Some(mismatch) = differs(&mut self.first, config, answer) {
                        return Ok(Turn::Differs(mismatch));
                    }
                    if is_measured {
                        let Some(start) = start_up(config, self.options)? else {
                            return Ok(Turn::Interrupted);
                        };
                        cell.times.push(took);
                        cell.starts.push(start);
                    }
                    break;
                }
            }
        }
        Ok(Turn::Done)
    }

    /// Does the job once.
    fn run(&self, config: Config) -> anyhow::Result<Run> {
        let deaths = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&deaths);
        let narrator = self.part.part(move |event| {
            if matches!(event, Event::WorkerDied { .. } | Event::StartFailed { .. }) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        let common = Common::new(config.workers, config.backend, self.options);
        let began = Instant::now();
        let ran = self.work.run(&common, &narrator);
        let took = began.elapsed();
        if signals::caught().is_some() {
            // Cut short, or made to fail by the end of its pool.
            return Ok(Run::Interrupted);
        }
        let Ran { answer, failures } = ran?;
        if failures > 0 || deaths.load(Ordering::Relaxed) > 0 {
            return Ok(Run::Disturbed);
        }
        Ok(Run::Whole(answer, took))
    }
}

/// What is wrong with an answer that is not that of the runs before.
fn differs(
    first: &mut Option<(Config, Answer)>,
    config: Config,
    answer: Answer,
) -> Option<Mismatch> {
    let (expected_with, expected) = first.get_or_insert_with(|| (config, answer.clone()));
    (*expected != answer).then(|| Mismatch {
        expected_with: *expected_with,
        expected: expected.said.clone(),
        found_with: config,
        found: answer.said,
    })
}

/// How long it takes to start workers, have one empty task done, and end them; `None` after a signal.
fn start_up(config: Config, options: &Options) -> anyhow::Result<Option<Duration>> {
    // Nothing is to be said of workers that have nothing to do.
    let silent = Narrator::new(false, Progress::none());
    let common = Common::new(config.workers, config.backend, options);
    let began = Instant::now();
    let pool = Common::start(common.pool("bench", &silent))?;
    // It fails after a signal; and what becomes of it says nothing about the job.
    let handle = pool.submit::<Echo>(0);
    let _ = handle.map(brigade::Handle::wait);
    pool.join();
    Ok(signals::caught().is_none().then(|| began.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Backend;

    #[test]
    fn rounds_go_there_and_back() {
        assert!(turns(3, 0).eq([0, 1, 2]));
        assert!(turns(3, 1).eq([2, 1, 0]));
        assert!(turns(3, 2).eq([0, 1, 2]));
    }

    #[test]
    fn short_jobs_are_done_often_and_long_ones_seldom() {
        let runs = |ms| runs_in_time(Duration::from_millis(ms));
        assert_eq!(
            (runs(0), runs(10), runs(1_000), runs(60_000)),
            (30, 30, 10, 5)
        );
    }

    #[test]
    fn another_answer_is_told_with_both_and_who_gave_them() {
        let answer = |said: &str, digest| Answer {
            said: said.to_owned(),
            digest,
        };
        let config = |workers| Config {
            backend: Backend::Threads,
            workers,
        };
        let mut first = None;
        assert_eq!(differs(&mut first, config(1), answer("7 lines", 7)), None);
        assert_eq!(differs(&mut first, config(2), answer("7 lines", 7)), None);
        let found = differs(&mut first, config(2), answer("8 lines", 8)).unwrap();
        assert!(
            found.to_string().starts_with(
                "2 threads came to another result than 1 thread: `8 lines` instead of `7 lines`;"
            ),
            "{found}"
        );
        let hidden = differs(&mut first, config(2), answer("7 lines", 9)).unwrap();
        assert!(
            hidden
                .to_string()
                .contains("differing in what this does not show")
        );
    }
}
