//! From bytes that have arrived to lines: frames, pickles, and one line for each. Without any I/O.

use super::{
    batch::Batch,
    event::Refusal,
    frame::{self, HEADER, Next},
    json::JsonWriter,
    limits::Limits,
    pickle::{Machine, PickleError},
    template::Template,
};

/// What lines look like.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// One JSON object a line.
    Json,
    Text(Template),
}

/// Makes lines; keeps its memory from one record to the next.
#[derive(Debug, Default)]
pub(super) struct Intake {
    machine: Machine,
    json: JsonWriter,
}

/// How far some bytes were read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// How many bytes are done with.
    pub(super) bytes: usize,
    /// How many bytes the record takes that comes next, its length included; all of it is not there yet.
    pub(super) needs: usize,
    /// Records that were refused, and left out.
    pub(super) refused: Vec<PickleError>,
    /// Why nothing more can be read.
    pub(super) end: Option<Refusal>,
}

impl Intake {
    /// Reads all whole records at the beginning of `bytes`, and appends their lines to `batch`.
    ///
    /// A record that is refused is the last one, unless `skips`.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        form: &Form,
        limits: &Limits,
        skips: bool,
        batch: &mut Batch,
    ) -> Taken {
        let mut taken = Taken::default();
        loop {
            let record = match frame::next(&bytes[taken.bytes..], limits.record) {
                Ok(Next::Record(record)) => record,
                Ok(Next::Part(needs)) => {
                    taken.needs = needs;
                    return taken;
                }
                Err(error) => {
                    taken.end = Some(error.into());
                    return taken;
                }
            };
            match self.line(record, form, limits, batch) {
                Ok(()) => batch.end_record(),
                Err(error) if skips => taken.refused.push(error),
                Err(error) => {
                    taken.end = Some(error.into());
                    return taken;
                }
            }
            taken.bytes += HEADER + record.len();
        }
    }

    fn line(
        &mut self,
        record: &[u8],
        form: &Form,
        limits: &Limits,
        batch: &mut Batch,
    ) -> Result<(), PickleError> {
        let record = self.machine.read(record)?;
        match form {
            Form::Json => self.json.line(&record, limits.line(), &mut batch.bytes),
            Form::Text(template) => {
                template.line(&mut self.json, &record, limits.line(), &mut batch.bytes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &[u8] = b"\0\0\0\x08}U\x01aK\x01s.";
    const BAD: &[u8] = b"\0\0\0\x02N.";

    fn take(bytes: &[u8], skips: bool) -> (Taken, String) {
        let mut batch = Batch::default();
        let limits = Limits::default();
        let taken = Intake::default().take(bytes, &Form::Json, &limits, skips, &mut batch);
        let records = batch.ends.len();
        let lines = String::from_utf8(batch.bytes).unwrap();
        assert_eq!(lines.lines().count(), records);
        (taken, lines)
    }

    #[test]
    fn whole_records_become_lines_and_the_rest_is_left() {
        let (taken, lines) = take(&[ONE, ONE, &ONE[..7]].concat(), false);
        assert_eq!((taken.bytes, taken.needs), (2 * ONE.len(), ONE.len()));
        assert_eq!(lines, "{\"a\":1}\n{\"a\":1}\n");
    }

    #[test]
    fn a_refused_record_is_the_last_unless_it_is_skipped() {
        let bytes = [ONE, BAD, ONE].concat();
        let why = PickleError::NotRecord("None");
        let (taken, lines) = take(&bytes, false);
        assert_eq!(lines, "{\"a\":1}\n");
        assert_eq!(taken.end, Some(why.clone().into()));
        let (taken, lines) = take(&bytes, true);
        assert_eq!(lines, "{\"a\":1}\n{\"a\":1}\n");
        assert_eq!((taken.end, taken.refused), (None, vec![why]));
    }

    proptest! {
        #[test]
        fn however_a_stream_is_cut_its_lines_are_the_same(cuts in prop::collection::vec(1_usize..20, 1..40)) {
            let stream = ONE.repeat(10);
            let (mut rest, mut have) = (stream.as_slice(), Vec::new());
            let mut lines = String::new();
            for cut in cuts.into_iter().chain([stream.len()]) {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                rest = tail;
                have.extend_from_slice(head);
                let (taken, more) = take(&have, false);
                lines.push_str(&more);
                have.drain(..taken.bytes);
            }
            prop_assert_eq!(lines, "{\"a\":1}\n".repeat(10));
        }
    }
}
