//! `master bench dispatch`: tasks that do nothing, each in a message of its own.

use brigade::{Chunks, TaskError};
use brigade_protocol::jobs::echo::Echo;

use super::{Answer, Ran, Work};
use crate::cli::{Common, Narrator, signals};

/// So many tasks.
pub(super) struct Dispatch {
    pub(super) tasks: u64,
}

impl Work for Dispatch {
    fn title(&self) -> String {
        format!("dispatch: {} tasks that do nothing", self.tasks)
    }

    fn run(&self, common: &Common, narrator: &Narrator) -> anyhow::Result<Ran> {
        let pool = Common::start(common.pool("dispatch", narrator))?;
        let (mut echoes, mut sum, mut failures) = (0_u64, 0_u64, 0_u64);
        let results = pool.map_unordered::<Echo, _>(0..self.tasks);
        for (position, outcome) in results.chunks(Chunks::SINGLE) {
            match outcome {
                Ok(echo) if echo == position => {
                    echoes += 1;
                    sum = sum.wrapping_add(echo);
                }
                Ok(echo) => anyhow::bail!("task {position} came back as {echo}"),
                Err(TaskError::Cancelled) if signals::caught().is_some() => failures += 1,
                Err(error) => {
                    failures += 1;
                    narrator.say(&format!("error: {error}"));
                }
            }
        }
        pool.join();
        Ok(Ran {
            answer: Answer {
                said: format!("{echoes} tasks came back as they went"),
                digest: sum,
            },
            failures,
        })
    }
}
