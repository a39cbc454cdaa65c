//! `master bench tune`.

use std::{io::Write, sync::Arc};

use super::{Answer, Digest, Ran, Work};
use crate::{
    cli::{Common, Narrator},
    jobs::tune::{Job, Outcome, Terms, TuneInput, score},
    table::Table,
};

/// A table that was read, and its grid.
pub(super) struct Tune<'a> {
    input: &'a TuneInput,
    table: Arc<Table>,
    terms: Terms,
}

impl<'a> Tune<'a> {
    pub(super) fn new(input: &'a TuneInput) -> anyhow::Result<Self> {
        input.check()?;
        let (table, terms) = input.read()?;
        Ok(Self {
            input,
            table: Arc::new(table),
            terms,
        })
    }
}

impl Work for Tune<'_> {
    fn title(&self) -> String {
        let (source, rows) = (&self.table.source, self.table.rows());
        let cells = self.input.grid().cells();
        format!("tune: {source}, {rows} rows, {cells} cells")
    }

    fn run(&self, common: &Common, narrator: &Narrator) -> anyhow::Result<Ran> {
        let table = Arc::clone(&self.table);
        let job = Job::new(self.input, table, self.terms, common.workers())?;
        let Outcome {
            gather, failures, ..
        } = score(&job, common, narrator)?;
        let mut digest = Digest::default();
        let cells = gather.finish();
        for cell in &cells {
            // Its scores, and the counts of right and wrong answers, to the last bit.
            write!(digest, "{cell:?}")?;
        }
        let best = cells.iter().find(|cell| cell.rank == 1);
        let said = best.map_or_else(
            || "no cells".to_owned(),
            |best| format!("best: k {}, {}, {:.3}", best.k, best.distance, best.quality),
        );
        let digest = digest.finish();
        Ok(Ran {
            answer: Answer { said, digest },
            failures: failures as u64,
        })
    }
}
