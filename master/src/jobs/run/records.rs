//! What one job is given, and how rows become that.

/// The inputs of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The number of the job, from 1 on.
    pub(super) sequence: u64,
    /// Which of those that run at the same time, from 1 on.
    pub(super) slot: usize,
    pub(super) columns: Vec<Vec<u8>>,
}

impl Record {
    /// A column by its number, from 1 on or from the end.
    pub(super) fn column(&self, number: i64) -> Option<&Vec<u8>> {
        let count = i64::try_from(self.columns.len()).ok()?;
        let at = if number < 0 {
            count + number
        } else {
            number - 1
        };
        self.columns.get(usize::try_from(at).ok()?)
    }
}
