//! `master serve`: pools, tunes, searches and logs on a page, and for programs.
//!
//! `web` is the server that knows no job. Here are the desks at which requests come together with pools: `tunes`,
//! `searches`, `activity`. `routes` leads to them, `report/serve` shows what they say.

mod activity;
mod args;
mod events;
mod form;
mod log;
mod routes;
mod run;
mod searches;
mod site;
mod tune;
mod tunes;

pub(crate) use activity::{Activity, Sample};
pub(crate) use args::ServeArgs;
pub(crate) use log::LogView;
pub(crate) use run::run;
pub(crate) use searches::{Answer, SearchQuery};
pub(crate) use tune::{Snapshot, State, Tune};
