//! What `master weather` is told.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use reqwest::Url;

use super::{
    cache::Cache,
    client::{base, client},
    engine::{Engine, Place},
    fetch::{Fetcher, Limits},
    zones::{self, Zone},
};
use crate::{
    cli::{Narrator, When, duration, size},
    report::{Format, weather::Style},
};

/// Where the National Weather Service has the forecasts of the shipped zones.
const SERVICE: &str = "https://tgftp.nws.noaa.gov/data/forecasts/marine/coastal/an";

/// Show the weather advisories of marine zones, all fetched at once
///
/// For each zone, in the order of the file, its name and the advisory in force: the text between `...` marks of
/// its coastal waters forecast. A zone that cannot be had is told on standard error with the reason, the others
/// are shown, and the exit code is 3. What may pass by itself (no connection, no answer in time, an answer cut
/// short, a server that is busy or broken for now) is tried again.
#[derive(Debug, Clone, Args)]
pub(crate) struct WeatherArgs {
    /// Only these zones, such as ANZ540 [default: all there are]
    #[arg(value_name = "ZONE")]
    zones: Vec<String>,

    /// File of zones, `zone,same_code,name` in each line; - reads standard input [default: the 13 of Chesapeake Bay]
    #[arg(long = "zones", value_name = "FILE")]
    file: Option<PathBuf>,

    /// Folder of the forecasts; zone ANZ540 is at URL/anz540.txt
    #[arg(long, value_name = "URL", default_value = SERVICE)]
    base_url: String,

    /// Show every advisory of a zone, a line each, not only the first
    #[arg(long)]
    pub(super) all: bool,

    /// Keep forecasts in this folder, and ask the server only for what has changed
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,

    /// How old a kept forecast may be to be taken without asking, such as 90s or 1h; 0 asks always
    #[arg(long, value_name = "TIME", default_value = "10m", requires = "cache", value_parser = age)]
    max_age: Duration,

    /// How long one try may take, from the connection to the end of the answer
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    timeout: Duration,

    /// How long everything may take
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub(super) total_timeout: Duration,

    /// How often a zone is tried again after what may pass by itself
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(..=100))]
    retries: u32,

    /// The pause before the second try; it doubles from try to try, up to 30s, and up to half of it is left out at random
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = duration)]
    backoff: Duration,

    /// Makes the pauses between tries the same every time [default: others every time]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// How many requests may be on their way at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    concurrency: u32,

    /// The largest answer that is taken, unpacked
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = size)]
    max_size: u64,

    /// How results are written to standard output
    #[arg(long, value_name = "FORMAT", default_value = "lines")]
    format: Format,

    /// Whether to show progress on standard error
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    progress: When,

    /// Whether to colour results
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: When,

    /// Say on standard error what is tried again and what comes from the cache
    #[arg(short, long)]
    pub(super) verbose: bool,
}

/// A time as in [`duration`], or none.
fn age(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    duration(text)
}

impl WeatherArgs {
    /// The zones whose weather is wanted.
    pub(super) fn zones(&self) -> anyhow::Result<Vec<Zone>> {
        let all = match &self.file {
            Some(path) => zones::read(path)?,
            None => zones::shipped()?,
        };
        if self.zones.is_empty() {
            return Ok(all);
        }
        let wanted: Vec<String> = self
            .zones
            .iter()
            .map(|code| code.to_ascii_uppercase())
            .collect();
        let is_known = |code: &&String| all.iter().any(|zone| zone.code == **code);
        if let Some(unknown) = wanted.iter().find(|code| !is_known(code)) {
            let known: Vec<&str> = all.iter().map(|zone| zone.code.as_str()).take(20).collect();
            bail!(
                "there is no zone `{}` among {}{}: --zones names a file of others",
                unknown.escape_debug(),
                known.join(", "),
                if all.len() > known.len() { ", …" } else { "" }
            );
        }
        let zones = all.into_iter().filter(|zone| wanted.contains(&zone.code));
        Ok(zones.collect())
    }

    /// Where the forecasts of these zones are.
    pub(super) fn places(&self, zones: &[Zone]) -> anyhow::Result<Vec<Place>> {
        let base = self.base()?;
        let place = |zone: &Zone| {
            let file = format!("{}.txt", zone.code.to_ascii_lowercase());
            let url = base
                .join(&file)
                .map_err(|error| anyhow!("--base-url: {error}"))?;
            Ok(Place {
                code: zone.code.clone(),
                url,
            })
        };
        zones.iter().map(place).collect()
    }

    /// What gets them.
    pub(super) fn engine(&self) -> anyhow::Result<Engine> {
        let limits = Limits {
            timeout: self.timeout,
            retries: self.retries,
            first_pause: self.backoff,
            bytes: self.max_size,
            at_once: usize::try_from(self.concurrency)?,
            seed: self.seed.unwrap_or_else(|| fastrand::u64(..)),
        };
        let cache = self.cache.as_ref().map(|folder| {
            let opened = Cache::open(folder, self.max_size);
            opened.with_context(|| format!("--cache: cannot use the folder {}", folder.display()))
        });
        Ok(Engine {
            cache: cache.transpose()?,
            max_age: self.max_age,
            fetcher: Fetcher::new(client(&self.base()?, limits)?, limits),
        })
    }

    /// How results are shown.
    pub(super) fn style(&self) -> Style {
        Style {
            format: self.format,
            all: self.all,
            is_coloured: self.color.is_coloured(),
        }
    }

    /// Who tells on standard error what happens.
    pub(super) fn narrator(&self) -> Narrator {
        self.progress.narrator(self.verbose, self.color)
    }

    fn base(&self) -> anyhow::Result<Url> {
        base(&self.base_url).with_context(|| format!("--base-url {:?}", self.base_url))
    }
}
