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

    /// A family of one value.
    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.family(name, kind, help);
        self.value(name, "", value);
    }
}

/// The whole text.
pub(crate) fn metrics(meters: &Meters) -> String {
    let mut text = Text::default();
    text.family("build_info", "gauge", "The version of this program.");
    let version = concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    text.value("build_info", version, 1);
    pools(meters, &mut text);
    text.one("tunes_total", "counter", "Tunes begun.", meters.tunes_begun);
    text.one(
        "tunes_running",
        "gauge",
        "Tunes that run.",
        meters.tunes_running as u64,
    );
    text.one(
        "tune_tasks_total",
        "counter",
        "Tasks of tunes that were done.",
        meters.tasks_done,
    );
    text.one(
        "tune_tasks_open",
        "gauge",
        "Tasks of running tunes that are not done.",
        meters.tasks_open as u64,
    );
    text.one(
        "searches_total",
        "counter",
        "Questions to the resident tree.",
        meters.searches,
    );
    text.family(
        "http_answers_total",
        "counter",
        "Answers by class of status.",
    );
    for (class, count) in &meters.answers {
        text.value(
            "http_answers_total",
            &format!("{{class=\"{class}xx\"}}"),
            *count,
        );
    }
    text.one(
        "http_connections_total",
        "counter",
        "Connections accepted.",
        meters.connections,
    );
    text.one(
        "http_connections_open",
        "gauge",
        "Connections that are open.",
        meters.open,
    );
    text.one(
        "http_event_streams",
        "gauge",
        "Streams of events that are open.",
        meters.streams,
    );
    if let Some(bytes) = meters.resident_bytes {
        text.one(
            "resident_memory_bytes",
            "gauge",
            "Memory of this process.",
            bytes,
        );
    }
    if let Some(counts) = &meters.logs {
        logs(counts, &mut text);
    }
    text.0
}

/// Pools and workers of all masters of this user.
fn pools(meters: &Meters, text: &mut Text) {
    let pools = &meters.activity.ps.pools;
    let mut states = BTreeMap::from([
        ("absent", 0),
        ("busy", 0),
        ("gone", 0),
        ("idle", 0),
        ("starting", 0),
    ]);
    for worker in pools.iter().flat_map(|pool| &pool.workers) {
        *states.entry(worker.state).or_insert(0_u64) += 1;
    }
    text.one(
        "pools",
        "gauge",
        "Pools of this user on this host.",
        pools.len() as u64,
    );
    text.family("workers", "gauge", "Workers of these pools by state.");
    for (state, count) in states {
        text.value("workers", &format!("{{state=\"{state}\"}}"), count);
    }
}

fn logs(counts: &Counts, text: &mut Text) {
    text.one(
        "log_records_total",
        "counter",
        "Log records taken in.",
        counts.records,
    );
    text.one(
        "log_lines_total",
        "counter",
        "Log lines written.",
        counts.lines,
    );
    text.one(
        "log_rejected_total",
        "counter",
        "Log records refused.",
        counts.rejected,
    );
    text.one(
        "log_torn_total",
        "counter",
        "Log records of which only a part came.",
        counts.torn,
    );
    text.one(
        "log_bytes_total",
        "counter",
        "Bytes read from log clients.",
        counts.bytes,
    );
    text.one(
        "log_clients_open",
        "gauge",
        "Log clients that are connected.",
        counts.open,
    );
}
