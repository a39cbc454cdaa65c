//! Numbers as Prometheus takes them (text format 0.0.4).

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use crate::{jobs::serve::Activity, logs::Counts};

/// All that is counted.
pub(crate) struct Meters {
    pub(crate) activity: Arc<Activity>,
    /// Answers by class of status: 2 for 200 to 299.
    pub(crate) answers: Vec<(usize, u64)>,
    pub(crate) connections: u64,
    pub(crate) open: u64,
    pub(crate) streams: u64,
    pub(crate) tunes_begun: u64,
    pub(crate) tunes_running: usize,
    pub(crate) tasks_done: u64,
    pub(crate) tasks_open: usize,
    pub(crate) searches: u64,
    pub(crate) logs: Option<Counts>,
    pub(crate) resident_bytes: Option<u64>,
}

/// Writes families one after another.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(
            self.0,
            "# HELP brigade_{name} {help}\n# TYPE brigade_{name} {kind}"
        );
    }

    fn value(&mut self, name: &str, labels: &str, value: u64) {
        let _ = writeln!(self.0, "brigade_{name}{labels} {value}");
    }

    /// A family of one value, which only grows.
    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.value(name, "", value);
    }

    /// A family of one value.
    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "gauge", help);
        self.value(name, "", value);
    }
}

/// The whole text.
pub(crate) fn metrics(meters: &Meters) -> String {
    let mut text = Text::default();
    text.family("build_info", "gauge", "The version of this program.");
    let version = concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    text.value("build_info", version, 1);
    if let Some(bytes) = meters.resident_bytes {
        text.gauge("resident_memory_bytes", "Memory of this process.", bytes);
    }
    pools(meters, &mut text);
    tunes(meters, &mut text);
    http(meters, &mut text);
    if let Some(counts) = &meters.logs {
        logs(counts, &mut text);
    }
    text.0
}

/// Pools and workers of all masters of this user.
fn pools(meters: &Meters, text: &mut Text) {
    let pools = &meters.activity.ps.pools;
    let states = ["absent", "busy", "gone", "idle", "starting"];
    let mut states = BTreeMap::from(states.map(|state| (state, 0)));
    for worker in pools.iter().flat_map(|pool| &pool.workers) {
        *states.entry(worker.state_at_work()).or_insert(0_u64) += 1;
    }
    let count = pools.len() as u64;
    text.gauge("pools", "Pools of this user on this host.", count);
    text.family("workers", "gauge", "Workers of these pools by state; those that hold files for searches are busy while they search.");
    for (state, count) in states {
        text.value("workers", &format!("{{state=\"{state}\"}}"), count);
    }
}

fn tunes(meters: &Meters, text: &mut Text) {
    let (running, open) = (meters.tunes_running as u64, meters.tasks_open as u64);
    text.counter("tunes_total", "Tunes begun.", meters.tunes_begun);
    text.gauge("tunes_running", "Tunes that run.", running);
    let help = "Tasks of tunes that were done.";
    text.counter("tune_tasks_total", help, meters.tasks_done);
    let help = "Tasks of running tunes that are not done.";
    text.gauge("tune_tasks_open", help, open);
    let help = "Questions to the resident tree.";
    text.counter("searches_total", help, meters.searches);
}

fn http(meters: &Meters, text: &mut Text) {
    let name = "http_answers_total";
    text.family(name, "counter", "Answers by class of status.");
    for (class, count) in &meters.answers {
        text.value(name, &format!("{{class=\"{class}xx\"}}"), *count);
    }
    let accepted = meters.connections;
    text.counter("http_connections_total", "Connections accepted.", accepted);
    text.gauge(
        "http_connections_open",
        "Connections that are open.",
        meters.open,
    );
    let help = "Streams of events that are open.";
    text.gauge("http_event_streams", help, meters.streams);
}

fn logs(counts: &Counts, text: &mut Text) {
    text.counter("log_records_total", "Log records taken in.", counts.records);
    text.counter("log_lines_total", "Log lines written.", counts.lines);
    text.counter(
        "log_rejected_total",
        "Log records refused.",
        counts.rejected,
    );
    let help = "Log records of which only a part came.";
    text.counter("log_torn_total", help, counts.torn);
    text.counter(
        "log_bytes_total",
        "Bytes read from log clients.",
        counts.bytes,
    );
    text.gauge(
        "log_clients_open",
        "Log clients that are connected.",
        counts.open,
    );
}
