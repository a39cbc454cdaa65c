//! Where everything is in the picture of a sweep, and what it looks like.

use super::{
    super::{BenchReport, name, words},
    axes::Axes,
    points::{Point, colours, points},
    strokes::{SMALL, Sample, dashed, line, sample, small, whisker},
};
use crate::{
    cli::Backend,
    report::{
        canvas::{Align, Canvas, Rgb, Text, Weight, fitted, width},
        picture::Picture,
    },
};

const INK: Rgb = [31, 35, 40];
const GREY: Rgb = [101, 109, 118];
const IDEAL: Rgb = [140, 148, 158];
const LINE: Rgb = [225, 228, 232];
const BEYOND: Rgb = [246, 247, 249];
const WHITE: Rgb = [255, 255, 255];

/// Lengths in pixels.
const MARGIN: f32 = 24.0;
const WIDTH: f32 = 760.0;
const TITLE: f32 = 17.0;
const VALUE: f32 = 12.0;
const LEFT: f32 = MARGIN + 34.0;
const TOP: f32 = MARGIN + 114.0;
const HEIGHT: f32 = 380.0;
const BELOW: f32 = 64.0;
/// Half of what lies between the points of processes and of threads with the same number.
const APART: f32 = 4.0;
/// Numbers of workers closer than this to each other have no room for their names and values.
const CLOSE: f32 = 38.0;

/// The picture of a sweep, ready to be drawn.
#[derive(Debug)]
pub(in super::super) struct Layout<'a> {
    report: &'a BenchReport,
    title: String,
    subtitle: String,
    result: String,
    axes: Axes,
    most_workers: u32,
}

impl<'a> Layout<'a> {
    pub(in super::super) fn new(report: &'a BenchReport) -> Self {
        let judged = &report.judged;
        let most_workers = judged.rows.iter().map(|row| row.config.workers).max();
        let most_workers = most_workers.unwrap_or(1);
        let highest = judged
            .backends()
            .into_iter()
            .flat_map(|backend| points(report, backend))
            .map(|point| point.range.1)
            .fold(f64::from(most_workers.min(judged.cores)), f64::max);
        let room = WIDTH - 2.0 * MARGIN;
        let counts = || judged.rows.iter().map(|row| row.figures.times.len());
        let runs = match (counts().min().unwrap_or(0), counts().max().unwrap_or(0)) {
            (1, 1) => "one run each".to_owned(),
            (least, most) if least == most => format!("medians of {most} runs each"),
            (least, most) => format!("medians of {least} to {most} runs"),
        };
        let subtitle = format!("{runs}; whiskers reach from the slowest run to the fastest");
        let result = judged.verdict.as_ref();
        let result = result.map_or_else(|| "no runs".to_owned(), words::short_verdict);
        Self {
            report,
            title: fitted(&report.title, TITLE, Weight::Bold, room),
            subtitle: fitted(&subtitle, VALUE, Weight::Normal, room),
            result: fitted(&result, VALUE, Weight::Normal, room),
            axes: Axes::new(
                (LEFT, TOP),
                (WIDTH - LEFT - MARGIN, HEIGHT),
                most_workers,
                highest,
            ),
            most_workers,
        }
    }

    /// The numbers of workers, each with a place, as far as there is room for them.
    fn counts(&self) -> Vec<u32> {
        let mut counts: Vec<u32> = self
            .report
            .judged
            .rows
            .iter()
            .map(|row| row.config.workers)
            .collect();
        counts.sort_unstable();
        counts.dedup();
        let mut last = f32::NEG_INFINITY;
        counts.retain(|count| {
            let x = self.axes.x((*count).into());
            let has_room = x - last >= CLOSE;
            if has_room {
                last = x;
            }
            has_room
        });
        counts
    }

    fn heads(&self, canvas: &mut impl Canvas) {
        let lines = [
            (8.0, TITLE, Weight::Bold, INK, &self.title),
            (30.0, VALUE, Weight::Normal, GREY, &self.subtitle),
            (49.0, VALUE, Weight::Normal, INK, &self.result),
        ];
        for (y, size, weight, colour, words) in lines {
            canvas.text(Text {
                x: MARGIN,
                y: MARGIN + y,
                size,
                weight,
                align: Align::Left,
                colour,
                words,
            });
        }
    }

    /// Which colour is what.
    fn legend(&self, canvas: &mut impl Canvas) {
        let y = MARGIN + 80.0;
        let mut x = LEFT;
        let mut entry = |canvas: &mut _, words: &str, colour, kind| {
            sample(canvas, x, y, colour, kind);
            small(canvas, (x + 34.0, y), Align::Left, INK, words);
            x += 34.0 + width(words, SMALL, Weight::Normal) + 26.0;
        };
        for backend in self.report.judged.backends() {
            let words = match self.report.judged.law(backend) {
                Some(_) => format!("{} (dots: Amdahl's law)", name(backend)),
                None => name(backend).to_owned(),
            };
            entry(canvas, &words, colours(backend).0, Sample::Points);
        }
        entry(canvas, "ideal", IDEAL, Sample::Dashes);
    }

    /// The lines across, the cores, the numbers of workers.
    fn grid(&self, canvas: &mut impl Canvas) {
        let axes = &self.axes;
        let cores = self.report.judged.cores;
        if cores < self.most_workers {
            let x = axes.x(cores.into());
            canvas.rectangle(x, axes.top, axes.right() - x, axes.height, BEYOND);
            let noun = if cores == 1 { "core" } else { "cores" };
            small(
                canvas,
                (x + 6.0, axes.top + 10.0),
                Align::Left,
                GREY,
                &format!("{cores} {noun}; beyond, workers take turns"),
            );
        }
        for (speedup, name) in axes.lines() {
            let y = axes.y(speedup);
            let colour = if speedup == 0.0 { IDEAL } else { LINE };
            canvas.rectangle(axes.left, y - 0.5, axes.width, 1.0, colour);
            small(canvas, (axes.left - 8.0, y), Align::Right, GREY, &name);
        }
        small(
            canvas,
            (axes.left, axes.top - 14.0),
            Align::Left,
            GREY,
            "times as fast as one worker of the same kind",
        );
        for count in self.counts() {
            let x = axes.x(count.into());
            canvas.rectangle(x - 0.5, axes.bottom(), 1.0, 5.0, IDEAL);
            small(
                canvas,
                (x, axes.bottom() + 16.0),
                Align::Middle,
                INK,
                &count.to_string(),
            );
        }
        let middle = axes.left + axes.width / 2.0;
        small(
            canvas,
            (middle, axes.bottom() + 38.0),
            Align::Middle,
            GREY,
            "workers",
        );
    }

    /// As many times as fast as there are workers, until the cores are used up.
    fn ideal(&self, canvas: &mut impl Canvas) {
        let axes = &self.axes;
        let bend = self.most_workers.min(self.report.judged.cores);
        let at = |workers: u32, speedup: u32| (axes.x(workers.into()), axes.y(speedup.into()));
        dashed(canvas, at(1, 1), at(bend, bend), 1.5, IDEAL);
        dashed(
            canvas,
            at(bend, bend),
            at(self.most_workers, bend),
            1.5,
            IDEAL,
        );
    }

    /// The law of a kind of workers, as far as there are cores.
    fn law(&self, backend: Backend, canvas: &mut impl Canvas) {
        const DOTS: u32 = 60;
        let Some(fit) = self.report.judged.law(backend) else {
            return;
        };
        let last = f64::from(self.most_workers.min(self.report.judged.cores));
        for dot in 0..=DOTS {
            let workers = 1.0 + (last - 1.0) * f64::from(dot) / f64::from(DOTS);
            let centre = (self.axes.x(workers), self.axes.y(fit.speedup(workers)));
            canvas.disc(centre, 1.0, colours(backend).1);
        }
    }

    /// The measured points of a kind of workers.
    fn series(&self, backend: Backend, canvas: &mut impl Canvas) {
        let (colour, light) = colours(backend);
        let points = points(self.report, backend);
        let place = |point: &Point| (self.x(point), self.axes.y(point.speedup));
        for point in &points {
            let range = (self.axes.y(point.range.0), self.axes.y(point.range.1));
            whisker(canvas, self.x(point), range, light);
        }
        for pair in points.windows(2) {
            line(canvas, place(&pair[0]), place(&pair[1]), 2.5, colour);
        }
        for point in &points {
            canvas.disc(place(point), 6.0, WHITE);
            canvas.disc(place(point), 4.5, colour);
        }
    }

    /// The speed-up beside each point: above the faster kind, below the other.
    fn values(&self, canvas: &mut impl Canvas) {
        let backends = self.report.judged.backends();
        let all: Vec<Point> = backends
            .into_iter()
            .flat_map(|backend| points(self.report, backend))
            .collect();
        for count in self.counts().into_iter().filter(|count| *count > 1) {
            let mut here: Vec<&Point> = all
                .iter()
                .filter(|point| point.row.config.workers == count)
                .collect();
            here.sort_by(|one, other| other.speedup.total_cmp(&one.speedup));
            for (rank, point) in here.into_iter().enumerate() {
                let y = match rank {
                    0 => self.axes.y(point.range.1) - 14.0,
                    _ => self.axes.y(point.range.0) + 14.0,
                };
                canvas.text(Text {
                    x: self.x(point),
                    y,
                    size: SMALL,
                    weight: Weight::Bold,
                    align: Align::Middle,
                    colour: colours(point.row.config.backend).0,
                    words: &format!("{:.2}", point.speedup),
                });
            }
        }
    }

    /// Where a point is: those of two kinds side by side.
    fn x(&self, point: &Point) -> f32 {
        let x = self.axes.x(point.row.config.workers.into());
        match (
            self.report.judged.backends().len(),
            point.row.config.backend,
        ) {
            (..2, _) => x,
            (_, Backend::Processes) => x - APART,
            (_, Backend::Threads) => x + APART,
        }
    }
}

impl Picture for Layout<'_> {
    fn size(&self) -> (f32, f32) {
        (WIDTH, TOP + HEIGHT + BELOW)
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, canvas: &mut impl Canvas) {
        self.heads(canvas);
        self.legend(canvas);
        self.grid(canvas);
        self.ideal(canvas);
        let backends = self.report.judged.backends();
        for &backend in &backends {
            self.law(backend, canvas);
        }
        for &backend in &backends {
            self.series(backend, canvas);
        }
        self.values(canvas);
    }
}
