//! How jobs end, are counted, and are shown.

use anyhow::Context;
use brigade::TaskError;
use brigade_protocol::jobs::run::{Piece, Ran, Said};

use super::{
    super::{
        Ended, Status,
        ended::{nothing, outcome},
        halt::When,
    },
    Desk, Stop,
};
use crate::report::run::RunReport;

/// Output that waits for its turn is put into the spool from so many bytes on.
const MOST_WAITING: u64 = 64 << 20;

impl Desk {
    pub(super) fn take_piece(&mut self, piece: Piece) -> anyhow::Result<()> {
        let Some(running) = self.running.get_mut(&piece.job) else {
            return Ok(());
        };
        let (tag, narrator) = (running.tag.as_deref(), &self.narrator);
        let shown = match piece.said {
            Said::Out(lines) => self.report.lines(tag, &lines, false, narrator),
            Said::Error(lines) => self.report.lines(tag, &lines, true, narrator),
            Said::End => {
                running.has_said_all = true;
                return match running.result.take() {
                    Some(result) => self.take_result(piece.job, result),
                    None => Ok(()),
                };
            }
        };
        shown.context("cannot write the results")
    }

    pub(super) fn take_result(
        &mut self,
        sequence: u64,
        result: Result<Ran, TaskError>,
    ) -> anyhow::Result<()> {
        let Some(running) = self.running.get_mut(&sequence) else {
            return Ok(());
        };
        if !running.has_said_all && result.is_ok() {
            running.result = Some(result);
            return Ok(());
        }
        let end = outcome(result).map(|(status, ran)| (status, Some(ran)));
        self.end(sequence, end)
    }

    /// A job that ran has ended, or was called off.
    pub(super) fn end(
        &mut self,
        sequence: u64,
        end: Option<(Status, Option<Ran>)>,
    ) -> anyhow::Result<()> {
        let Some(running) = self.running.remove(&sequence) else {
            return Ok(());
        };
        self.free_slots.extend(running.slot);
        self.free_slots
            .sort_unstable_by(|one, other| other.cmp(one));
        let Some((status, ran)) = end else {
            return self.put(running.job.position, None);
        };
        let may_retry = !matches!(status, Status::NotStarted(_) | Status::NoCommand(_));
        if !status.is_success()
            && may_retry
            && self.stop.is_none()
            && running.job.attempts < self.plan.attempts
        {
            if let Some(ran) = &ran {
                self.spool.release(&ran.stdout);
                self.spool.release(&ran.stderr);
            }
            self.backlog.push_front(running.job);
            return Ok(());
        }
        let ran = ran.unwrap_or_else(nothing);
        self.pace = (self.pace * 3 + ran.took) / 4;
        let ended = Ended {
            sequence,
            command: running.command,
            tag: running.tag,
            status,
            began: ran.began,
            took: ran.took,
            attempts: running.job.attempts,
            stdout: ran.stdout,
            stderr: ran.stderr,
        };
        self.count(&ended)?;
        self.put(running.job.position, Some(ended))
    }

    fn count(&mut self, ended: &Ended) -> anyhow::Result<()> {
        if let Some(joblog) = &mut self.joblog {
            joblog.write(ended)?;
        }
        if ended.status.is_success() {
            self.tally.succeeded += 1;
        } else {
            self.tally.failed += 1;
            let failure = RunReport::failure(ended);
            if ended.status.is_untold() || self.narrator.is_verbose() {
                self.narrator.say(&format!("error: {failure}"));
            }
            let first = self.first_failure.as_ref();
            if first.is_none_or(|(first, _)| *first > ended.sequence) {
                self.first_failure = Some((ended.sequence, failure));
            }
        }
        let known = self.known();
        let halt = self
            .plan
            .halt
            .filter(|halt| halt.is_reached(self.tally, known));
        if let Some(halt) = halt.filter(|_| self.stop.is_none()) {
            self.stop = Some(Stop::Halt(halt.when()));
            if halt.when() == When::Now {
                self.pool.control().terminate();
            }
        }
        Ok(())
    }

    /// Shows a job that has ended, when it is its turn.
    fn put(&mut self, position: Option<u64>, ended: Option<Ended>) -> anyhow::Result<()> {
        let Some(position) = position else {
            return ended.map_or(Ok(()), |ended| self.show(&ended));
        };
        let mut ended = ended;
        if let Some(ended) = &mut ended {
            self.waiting_bytes += ended.stdout.tail.len() as u64 + ended.stderr.tail.len() as u64;
            if self.waiting_bytes > MOST_WAITING && self.order.first() != position {
                for stream in [&mut ended.stdout, &mut ended.stderr] {
                    self.waiting_bytes -= stream.tail.len() as u64;
                    self.spool
                        .put_away(stream)
                        .context("cannot keep output; TMPDIR names the folder for it")?;
                }
            }
        }
        self.order.put(position, ended);
        while let Some((_, ended)) = self.order.next() {
            if let Some(ended) = ended {
                let bytes = ended.stdout.tail.len() as u64 + ended.stderr.tail.len() as u64;
                self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
                self.show(&ended)?;
            }
        }
        Ok(())
    }

    fn show(&mut self, ended: &Ended) -> anyhow::Result<()> {
        self.report
            .write(ended, &self.spool, &self.narrator)
            .context("cannot write the results")?;
        self.spool.release(&ended.stdout);
        self.spool.release(&ended.stderr);
        Ok(())
    }

    pub(super) fn show_progress(&self) {
        let known = self.known();
        let done = self.tally.done();
        if known > 0 {
            self.narrator
                .progress(done as f64 / known as f64, done, "jobs");
        }
    }
}
