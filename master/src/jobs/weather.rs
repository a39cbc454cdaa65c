//! `master weather`: the advisories of marine zones, all fetched at once.
//!
//! What takes time here is the network, so tasks of one thread do it, and there are no workers.

mod args;
mod backoff;
mod cache;
mod client;
mod engine;
mod failure;
mod fetch;
mod forecast;
mod run;
mod zones;

pub(crate) use args::WeatherArgs;
pub(crate) use engine::{Arrival, Origin, Outcome};
#[cfg(test)]
pub(crate) use failure::Failure;
pub(crate) use fetch::Lost;
#[cfg(test)]
pub(crate) use forecast::Forecast;
pub(crate) use run::run;
pub(crate) use zones::Zone;
