//! `master bench burn`.

use brigade_protocol::jobs::burn::Burned;

use super::{Answer, Ran, Work};
use crate::{
    cli::{Common, Narrator},
    jobs::demo::burn::burn,
};

/// Sums that are shared by the workers, however many there are: a fixed amount of work.
pub(super) struct Burning {
    pub(super) tasks: u32,
    pub(super) count: u64,
}

impl Work for Burning {
    fn title(&self) -> String {
        format!("burn: {} sums of {} odd numbers", self.tasks, self.count)
    }

    fn run(&self, common: &Common, narrator: &Narrator) -> anyhow::Result<Ran> {
        let pool = Common::start(common.pool("burn", narrator))?;
        let counts = std::iter::repeat_n(self.count, self.tasks as usize);
        let (mut right, mut total) = (0_u64, 0_u64);
        burn(pool, counts, narrator, &mut |burned| {
            right += u64::from(burned.sum == Burned::expected(self.count));
            total = total.wrapping_add(burned.sum);
            Ok(())
        })?;
        Ok(Ran {
            answer: Answer {
                said: format!("{right} sums, all as they must be"),
                digest: total,
            },
            // Those that were lost, and those that came out wrong.
            failures: u64::from(self.tasks) - right,
        })
    }
}
