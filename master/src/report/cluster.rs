//! What `master cluster status` shows, in each format.

use std::io::{self, Write};

use brigade::cluster::{HostSeen, JobSeen, Survey};
use serde::Serialize;

use super::{
    Format,
    layout::{printable, right, sheet},
};

/// What there is on a server.
#[derive(Debug, Serialize)]
pub(crate) struct ClusterReport<'a> {
    hosts: Vec<HostRow<'a>>,
    jobs: Vec<JobRow<'a>>,
}

#[derive(Debug, Serialize)]
struct HostRow<'a> {
    host: &'a str,
    pid: u32,
    slots: u32,
    chunks: usize,
    done: u64,
    allows_run: bool,
    is_draining: bool,
    refusal: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct JobRow<'a> {
    job: &'a str,
    /// Tasks, as far as its master is there to say.
    done: Option<u64>,
    submitted: Option<u64>,
    tasks_per_second: Option<f64>,
    chunks_waiting: u64,
    chunks_running: u64,
    result_messages: u64,
    result_bytes: u64,
    master_host: Option<&'a str>,
    master_pid: Option<u32>,
}

impl<'a> ClusterReport<'a> {
    pub(crate) fn new(survey: &'a Survey) -> Self {
        Self {
            hosts: survey.hosts.iter().map(host_row).collect(),
            jobs: survey.jobs.iter().map(job_row).collect(),
        }
    }

    /// Writes the report.
    ///
    /// # Errors
    /// What `out` returns.
    pub(crate) fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Table => self.table(out),
            Format::Lines => self.lines(out),
            Format::Json => {
                serde_json::to_writer(&mut *out, self)?;
                writeln!(out)
            }
            Format::Csv => self.csv(out),
        }
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.hosts.is_empty() {
            writeln!(out, "no host has joined")?;
        } else {
            let mut table = sheet(&["host", "pid", "slots", "chunks", "done", "state"]);
            for host in &self.hosts {
                let cells = [
                    printable(host.host),
                    host.pid.to_string(),
                    host.slots.to_string(),
                    host.chunks.to_string(),
                    host.done.to_string(),
                    printable(&host.state()),
                ];
                table.add_row(cells.map(right));
            }
            writeln!(out, "{}", table.trim_fmt())?;
        }
        if self.jobs.is_empty() {
            return writeln!(out, "no job is there");
        }
        let mut table = sheet(&[
            "job", "done", "of", "tasks/s", "waiting", "running", "results", "master",
        ]);
        for job in &self.jobs {
            let or_dash =
                |number: Option<u64>| number.map_or("-".into(), |number| number.to_string());
            let rate = job
                .tasks_per_second
                .map_or("-".into(), |rate| format!("{rate:.0}"));
            let cells = [
                printable(job.job),
                or_dash(job.done),
                or_dash(job.submitted),
                rate,
                job.chunks_waiting.to_string(),
                job.chunks_running.to_string(),
                job.result_messages.to_string(),
                printable(&job.master()),
            ];
            table.add_row(cells.map(right));
        }
        writeln!(out, "{}", table.trim_fmt())
    }

    fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        for host in &self.hosts {
            let (name, state) = (printable(host.host), host.state());
            let HostRow {
                pid, slots, done, ..
            } = host;
            writeln!(
                out,
                "host {name} pid {pid} slots {slots} done {done} {}",
                printable(&state)
            )?;
        }
        for job in &self.jobs {
            let (done, submitted) = (job.done.unwrap_or(0), job.submitted.unwrap_or(0));
            let (name, master) = (printable(job.job), job.master());
            let JobRow {
                chunks_waiting,
                chunks_running,
                ..
            } = job;
            writeln!(
                out,
                "job {name} done {done} of {submitted} waiting {chunks_waiting} running {chunks_running} master {}",
                printable(&master)
            )?;
        }
        Ok(())
    }

    /// One table for both, told apart by the first column.
    fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record([
            "what",
            "name",
            "pid",
            "slots",
            "done",
            "submitted",
            "waiting",
            "running",
        ])?;
        for host in &self.hosts {
            let chunks = host.chunks.to_string();
            let (pid, slots, done) = (
                host.pid.to_string(),
                host.slots.to_string(),
                host.done.to_string(),
            );
            csv.write_record(["host", host.host, &pid, &slots, &done, "", "", &chunks])?;
        }
        for job in &self.jobs {
            let text =
                |number: Option<u64>| number.map_or(String::new(), |number| number.to_string());
            let (pid, done) = (text(job.master_pid.map(u64::from)), text(job.done));
            let (submitted, waiting) = (text(job.submitted), job.chunks_waiting.to_string());
            let running = job.chunks_running.to_string();
            csv.write_record([
                "job", job.job, &pid, "", &done, &submitted, &waiting, &running,
            ])?;
        }
        csv.flush()
    }
}

impl HostRow<'_> {
    fn state(&self) -> String {
        match self.refusal {
            _ if self.is_draining => "draining".into(),
            Some(refusal) => format!("refuses: {refusal}"),
            None => "ready".into(),
        }
    }
}

impl JobRow<'_> {
    fn master(&self) -> String {
        match (self.master_host, self.master_pid) {
            (Some(host), Some(pid)) => format!("{host} {pid}"),
            _ => "gone".into(),
        }
    }
}

fn host_row(host: &HostSeen) -> HostRow<'_> {
    HostRow {
        host: &host.host,
        pid: host.pid,
        slots: host.slots,
        chunks: host.in_hand,
        done: host.done,
        allows_run: host.allows_run,
        is_draining: host.is_draining,
        refusal: host.refusal.as_deref(),
    }
}

fn job_row(job: &JobSeen) -> JobRow<'_> {
    JobRow {
        job: &job.job,
        done: job.tasks.map(|(done, _)| done),
        submitted: job.tasks.map(|(_, submitted)| submitted),
        tasks_per_second: job.rate,
        chunks_waiting: job.waiting,
        chunks_running: job.running,
        result_messages: job.results,
        result_bytes: job.result_bytes,
        master_host: job.master.as_ref().map(|(host, _)| host.as_str()),
        master_pid: job.master.as_ref().map(|(_, pid)| *pid),
    }
}
