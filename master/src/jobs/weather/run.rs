//! `master weather`, told from start to end.

use std::{
    io::{self, BufWriter, Write},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::Context;

use super::{
    WeatherArgs,
    engine::{News, Outcome, Place},
    failure::Failure,
    fetch::Lost,
    zones::Zone,
};
use crate::{
    cli::{Done, Narrator, signals},
    report::weather::{self, WeatherReport},
};

/// How often to look whether a signal has come.
const LOOK: Duration = Duration::from_millis(50);

/// Gets all forecasts and shows them in the order of the zones.
pub(crate) fn run(args: &WeatherArgs) -> anyhow::Result<Done> {
    let began = Instant::now();
    let zones = args.zones()?;
    let places = args.places(&zones)?;
    let news = args
        .engine()?
        .start(places.clone())
        .context("cannot start a thread for the requests")?;
    let mut desk = Desk {
        outcomes: zones.iter().map(|_| None).collect(),
        zones,
        places,
        done: 0,
        shown: 0,
        got: 0,
        is_cache_blamed: false,
        is_verbose: args.verbose,
        narrator: args.narrator(),
        report: WeatherReport::new(args.style()),
        out: BufWriter::new(io::stdout().lock()),
    };
    desk.report
        .begin(&mut desk.out)
        .context("cannot write the forecasts")?;
    desk.work(&news, began + args.total_timeout)?;
    // Whoever read so slowly that the time is over may still have what came meanwhile.
    for news in news.try_iter() {
        desk.take(news);
    }
    desk.close(began, args.total_timeout)
}

/// Where outcomes are put in order.
struct Desk<W: Write> {
    zones: Vec<Zone>,
    places: Vec<Place>,
    outcomes: Vec<Option<Outcome>>,
    /// How many of them are there.
    done: u64,
    /// How many zones are shown, or told as lost.
    shown: usize,
    /// How many of these have a forecast.
    got: usize,
    /// Whether somebody has heard that forecasts cannot be kept.
    is_cache_blamed: bool,
    is_verbose: bool,
    narrator: Narrator,
    report: WeatherReport,
    out: W,
}

impl<W: Write> Desk<W> {
    /// Takes in what happens until everything has, or the time is over, or a signal comes.
    fn work(&mut self, news: &Receiver<News>, deadline: Instant) -> anyhow::Result<()> {
        loop {
            self.show_next()?;
            let left = deadline.saturating_duration_since(Instant::now());
            if self.shown == self.zones.len() || left.is_zero() || signals::caught().is_some() {
                return Ok(());
            }
            match news.recv_timeout(left.min(LOOK)) {
                Ok(news) => self.take(news),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Retry {
                number,
                failure,
                pause,
            } if self.is_verbose => {
                let seconds = pause.as_secs_f64();
                self.say(number, "", &format!("{failure}; again in {seconds:.2} s"));
            }
            News::NotKept { number, why } if !self.is_cache_blamed => {
                self.is_cache_blamed = true;
                self.say(
                    number,
                    "warning: ",
                    &format!("cannot keep the forecast: {why}"),
                );
            }
            News::Retry { .. } | News::NotKept { .. } => {}
            News::Done { number, outcome } => {
                if let Some(place) = self.outcomes.get_mut(number) {
                    *place = Some(outcome);
                }
                self.done += 1;
                let share = self.done as f64 / self.zones.len() as f64;
                self.narrator.progress(share, self.done, "forecasts");
            }
        }
    }

    /// Shows what is next in order, as far as it is there.
    fn show_next(&mut self) -> anyhow::Result<()> {
        let before = self.shown;
        while let Some(outcome) = self.outcomes.get_mut(self.shown).and_then(Option::take) {
            self.show(self.shown, &outcome)?;
            self.shown += 1;
        }
        if self.shown > before {
            self.out.flush().context("cannot write the forecasts")?;
        }
        Ok(())
    }

    fn show(&mut self, number: usize, outcome: &Outcome) -> anyhow::Result<()> {
        if let Some(zone) = self.zones.get(number) {
            self.report
                .write(zone, outcome, &mut self.out)
                .context("cannot write the forecasts")?;
        }
        match outcome {
            Ok(arrival) => {
                self.got += 1;
                for remark in self.report.remarks(arrival) {
                    self.say(number, "warning: ", &remark);
                }
                if self.is_verbose {
                    self.say(number, "", &weather::origin(arrival.origin));
                }
            }
            Err(lost) => {
                let url = self
                    .places
                    .get(number)
                    .map_or("", |place| place.url.as_str());
                let why = format!("{url}: {}", weather::reason(lost));
                self.say(number, "error: ", &why);
            }
        }
        Ok(())
    }

    /// Tells what is missing, and how long it took.
    fn close(mut self, began: Instant, limit: Duration) -> anyhow::Result<Done> {
        let is_interrupted = signals::caught().is_some();
        let mut missing = 0;
        for number in self.shown..self.zones.len() {
            match self.outcomes.get_mut(number).and_then(Option::take) {
                Some(outcome) => self.show(number, &outcome)?,
                None if is_interrupted => missing += 1,
                None => {
                    let failure = if began.elapsed() < limit {
                        Failure::Other("the request came to no end: please report this".to_owned())
                    } else {
                        Failure::OutOfTime { limit }
                    };
                    self.show(number, &Err(Lost { failure, tries: 1 }))?;
                }
            }
        }
        self.narrator.finish();
        self.report
            .finish(&mut self.out)
            .and_then(|()| self.out.flush())
            .context("cannot write the forecasts")?;
        let all = self.zones.len();
        if missing > 0 {
            let line = format!("interrupted: {missing} of {all} forecasts were not waited for");
            self.narrator.say(&line);
        }
        self.narrator
            .say(&weather::summary(self.got, all, began.elapsed()));
        Ok(if self.got == all {
            Done::Well
        } else {
            Done::InPart
        })
    }

    fn say(&self, number: usize, mark: &str, what: &str) {
        let code = self.zones.get(number).map_or("", |zone| &zone.code);
        self.narrator.say(&weather::said(mark, code, what));
    }
}
