//! What `master ps` shows, in each format.

mod table;

use std::{
    io::{self, Write},
    time::Duration,
};

use brigade_protocol::{Task, jobs::search::SearchShard};
use serde::{Serialize, Serializer};

use super::Format;

/// All pools that there are.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PsReport {
    pub(crate) pools: Vec<PoolRow>,
}

/// One pool.
#[derive(Debug, Serialize)]
pub(crate) struct PoolRow {
    /// What it is for.
    pub(crate) title: String,
    /// Which of its master's pools it is, from 1.
    pub(crate) number: u32,
    /// Process id of its master.
    pub(crate) master: i32,
    /// How many workers it wants.
    pub(crate) wanted: usize,
    #[serde(rename = "age_seconds", serialize_with = "seconds")]
    pub(crate) age: Duration,
    pub(crate) workers: Vec<WorkerRow>,
}

/// One worker.
#[derive(Debug, Serialize)]
pub(crate) struct WorkerRow {
    /// Its number in the pool, from 1.
    pub(crate) number: usize,
    pub(crate) pid: u32,
    pub(crate) state: &'static str,
    /// Kind, number and attempt of the task it runs, and for how long.
    pub(crate) kind: Option<String>,
    pub(crate) task: Option<u64>,
    pub(crate) attempt: Option<u32>,
    #[serde(rename = "running_seconds", serialize_with = "some_seconds")]
    pub(crate) running: Option<Duration>,
    /// How many tasks have been done under this number.
    pub(crate) done: u64,
    /// Share of the pool's age with a task, in percent.
    #[serde(rename = "busy_percent")]
    pub(crate) busy: f64,
    /// Processor time in percent of one core.
    #[serde(rename = "cpu_percent")]
    pub(crate) cpu: Option<f64>,
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) private_bytes: Option<u64>,
}

impl WorkerRow {
    /// The state of what is at work. A worker that holds files for a search has one task for as long as it lives, and is
    /// busy with it only while it takes the processor's time.
    pub(crate) fn state_at_work(&self) -> &'static str {
        const QUIET_PERCENT: f64 = 1.0;
        let holds_files = self.kind.as_deref() == Some(SearchShard::KIND);
        let is_quiet = self.cpu.is_some_and(|percent| percent < QUIET_PERCENT);
        match self.state {
            "busy" if holds_files && is_quiet => "idle",
            state => state,
        }
    }
}

fn seconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

#[expect(clippy::ref_option, reason = "serde asks for it")]
fn some_seconds<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(to)
}

impl PsReport {
    /// Writes the report.
    ///
    /// # Errors
    /// What `out` returns.
    pub(crate) fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Table => table::write(self, out),
            Format::Lines => self.lines(out),
            // One object a line, so that --watch writes a stream of them.
            Format::Json => {
                serde_json::to_writer(&mut *out, self)?;
                writeln!(out)
            }
            Format::Csv => self.csv(out),
        }
    }

    fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        for pool in &self.pools {
            for worker in &pool.workers {
                write!(out, "{} {} ", pool.title, pool.master)?;
                write!(out, "worker {} OS PID {} ", worker.number, worker.pid)?;
                write!(out, "{}", worker.state)?;
                if let (Some(kind), Some(task)) = (&worker.kind, worker.task) {
                    write!(out, " {kind} {task}")?;
                }
                writeln!(out)?;
            }
        }
        Ok(())
    }

    fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record([
            "pool",
            "master",
            "worker",
            "pid",
            "state",
            "kind",
            "task",
            "running_seconds",
            "done",
            "busy_percent",
            "cpu_percent",
            "resident_bytes",
            "private_bytes",
        ])?;
        for pool in &self.pools {
            for worker in &pool.workers {
                writer.write_record([
                    pool.title.clone(),
                    pool.master.to_string(),
                    worker.number.to_string(),
                    worker.pid.to_string(),
                    worker.state.to_owned(),
                    worker.kind.clone().unwrap_or_default(),
                    text(worker.task),
                    text(worker.running.map(|time| time.as_secs_f64())),
                    worker.done.to_string(),
                    format!("{:.1}", worker.busy),
                    text(worker.cpu.map(|cpu| format!("{cpu:.1}"))),
                    text(worker.resident_bytes),
                    text(worker.private_bytes),
                ])?;
            }
        }
        writer.flush()
    }

    /// A small report for tests.
    #[cfg(test)]
    fn sample() -> Self {
        let worker = |number, pid, task: Option<u64>| WorkerRow {
            number,
            pid,
            state: if task.is_some() { "busy" } else { "idle" },
            kind: task.map(|_| "tune.block".to_owned()),
            task,
            attempt: task.map(|_| 1),
            running: task.map(|_| Duration::from_millis(1_500)),
            done: 41,
            busy: 97.25,
            cpu: Some(99.96),
            resident_bytes: Some(5 << 20),
            private_bytes: Some(1_400 << 10),
        };
        Self {
            pools: vec![PoolRow {
                title: "tune".into(),
                number: 1,
                master: 4711,
                wanted: 2,
                age: Duration::from_secs(75),
                workers: vec![worker(1, 4712, Some(83)), worker(2, 4713, None)],
            }],
        }
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(report: &PsReport, format: Format) -> String {
        let mut out = Vec::new();
        report.write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_worker_that_holds_files_is_at_work_while_it_takes_the_processors_time() {
        let mut report = PsReport::sample();
        let worker = &mut report.pools[0].workers[0];
        let mut state = |kind: &str, cpu| {
            (worker.kind, worker.cpu) = (Some(kind.to_owned()), cpu);
            worker.state_at_work()
        };
        assert_eq!(state(SearchShard::KIND, Some(0.0)), "idle");
        assert_eq!(state(SearchShard::KIND, Some(40.0)), "busy");
        assert_eq!(state(SearchShard::KIND, None), "busy");
        assert_eq!(state("tune.block", Some(0.0)), "busy");
    }

    #[test]
    fn a_line_a_worker() {
        insta::assert_snapshot!(written(&PsReport::sample(), Format::Lines), @r"
        tune 4711 worker 1 OS PID 4712 busy tune.block 83
        tune 4711 worker 2 OS PID 4713 idle
        ");
    }

    #[test]
    fn a_row_a_worker() {
        insta::assert_snapshot!(written(&PsReport::sample(), Format::Csv), @r"
        pool,master,worker,pid,state,kind,task,running_seconds,done,busy_percent,cpu_percent,resident_bytes,private_bytes
        tune,4711,1,4712,busy,tune.block,83,1.5,41,97.2,100.0,5242880,1433600
        tune,4711,2,4713,idle,,,,41,97.2,100.0,5242880,1433600
        ");
    }

    #[test]
    fn a_table_with_a_line_for_each_pool() {
        insta::assert_snapshot!(written(&PsReport::sample(), Format::Table), @r"
        tune, master 4711, 2 of 2 workers, for 1:15
          worker    pid   state            task      for   done   busy     cpu    memory   private
         ──────────────────────────────────────────────────────────────────────────────────────────
               1   4712    busy   tune.block 83   1.50 s     41   97 %   100 %   5.0 MiB   1.4 MiB
               2   4713    idle               -        -     41   97 %   100 %   5.0 MiB   1.4 MiB
        ");
    }

    #[test]
    fn without_pools_there_is_nothing_but_what_programs_need() {
        let nothing = PsReport { pools: vec![] };
        assert_eq!(written(&nothing, Format::Table), "");
        assert_eq!(written(&nothing, Format::Json), "{\"pools\":[]}\n");
        assert_eq!(written(&nothing, Format::Lines), "");
    }
}
