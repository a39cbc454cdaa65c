//! Every pool with its workers.

use maud::{Markup, html};

use super::{counted, grouped};
use crate::{
    jobs::serve::Activity,
    report::{
        layout::time,
        ps::{PoolRow, WorkerRow},
    },
};

/// Rows that are shown of one pool.
const MOST_ROWS: usize = 64;

/// A table for each pool.
pub(super) fn pools(activity: &Activity) -> Markup {
    let pools = &activity.ps.pools;
    html! {
        @if pools.is_empty() {
            p.empty { "No pool is at work. Tune a table, or start " code { "master" } " in a terminal: what it does is shown here." }
        }
        @for pool in pools { (table(pool, activity.own)) }
    }
}

fn table(pool: &PoolRow, own: u32) -> Markup {
    let is_own = i64::from(pool.master) == i64::from(own);
    html! {
        div.scroll role="region" tabindex="0" aria-label={ "Workers of " (pool.title) } {
            table.workers {
                caption {
                    strong { (pool.title) } " "
                    span.note {
                        (counted(pool.workers.len() as u64, "worker")) " of " (pool.wanted)
                        " · master " (pool.master)
                        @if is_own { " (this server)" }
                        " · for " (time(pool.age))
                    }
                }
                thead {
                    tr {
                        th scope="col" { "PID" }
                        th scope="col" { "State" }
                        th.text scope="col" { "Task" }
                        th scope="col" { "Done" }
                        th scope="col" { "CPU" }
                        th scope="col" { "Memory" }
                    }
                }
                tbody {
                    @for worker in pool.workers.iter().take(MOST_ROWS) { (row(worker)) }
                }
            }
        }
        @if pool.workers.len() > MOST_ROWS {
            p.note { (pool.workers.len() - MOST_ROWS) " more" }
        }
    }
}

fn row(worker: &WorkerRow) -> Markup {
    html! {
        tr {
            th scope="row" { (worker.pid) }
            td { span.state data-state=(worker.state) { (worker.state) } }
            td.text {
                @match (&worker.kind, worker.task) {
                    (Some(kind), Some(task)) => {
                        (kind) " #" (task)
                        @if let Some(running) = worker.running { span.note { " for " (time(running)) } }
                    }
                    _ => "–",
                }
            }
            td { (grouped(worker.done)) }
            td {
                @match worker.cpu {
                    Some(cpu) => { (format!("{cpu:.0} %")) },
                    None => "–",
                }
            }
            td {
                @match worker.resident_bytes {
                    Some(bytes) => { (format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))) },
                    None => "–",
                }
            }
        }
    }
}
