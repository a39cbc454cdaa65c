//! Where everything is in a heat map, and what it looks like.

use brigade_protocol::jobs::tune::Distance;

use super::{
    super::TuneReport,
    colours::{EMPTY, GREY, INK, WHITE, is_light, shade},
};
use crate::{
    jobs::tune::Scored,
    report::{
        canvas::{Align, Canvas, Text, Weight, fitted, width},
        picture::Picture,
    },
};

/// Lengths in pixels.
const MARGIN: f32 = 24.0;
/// Columns are wider where there are few.
const LEAST_COLUMN: f32 = 84.0;
const MOST_COLUMN: f32 = 168.0;
const TITLE: f32 = 17.0;
const SMALL: f32 = 11.0;
const VALUE: f32 = 12.0;
/// Where the grid begins below titles and heads.
const TOP: f32 = MARGIN + 108.0;
const LEGEND_GAP: f32 = 28.0;
const LEGEND: f32 = 14.0;
const LEGEND_TEXT: f32 = 52.0;
/// The grid is about this high at least, unless rows would become lower than the lowest or higher than the highest.
const WANTED: f32 = 1_400.0;
const LOWEST_ROW: f32 = 2.0;
const HIGHEST_ROW: f32 = 26.0;
/// Lower rows have no room for their values.
const READABLE_ROW: f32 = 14.0;
/// A title may make a narrow picture as wide as this, then it is shortened.
const LEAST_TEXT: f32 = 520.0;

/// A heat map, ready to be drawn.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    report: &'a TuneReport,
    pub(super) distances: Vec<Distance>,
    pub(super) rows: Vec<(u32, Vec<Option<&'a Scored>>)>,
    title: String,
    /// What was tested.
    subtitle: String,
    /// What is best.
    result: String,
    row: f32,
    column: f32,
    /// Where the grid begins.
    left: f32,
    text_width: f32,
}

impl<'a> Layout<'a> {
    pub(super) fn new(report: &'a TuneReport) -> Self {
        let distances = report.distances();
        let rows = report.grid(&distances);
        let row = (WANTED / rows.len().max(1) as f32)
            .clamp(LOWEST_ROW, HIGHEST_ROW)
            .floor();
        let widest_k = rows
            .iter()
            .map(|(k, _)| width(&k.to_string(), VALUE, Weight::Normal))
            .fold(0.0, f32::max);
        let left = (MARGIN + widest_k.ceil() + 10.0).ceil();
        let column = (LEAST_TEXT / distances.len().max(1) as f32)
            .clamp(LEAST_COLUMN, MOST_COLUMN)
            .floor();
        let grid = left + column * distances.len() as f32 + LEGEND_GAP + LEGEND + LEGEND_TEXT;
        let text_width = (grid - MARGIN).max(LEAST_TEXT);
        let title = format!("k nearest neighbours: {} on {}", report.metric, report.data);
        let subtitle = format!(
            "{} rows, {} features, {} classes, {}",
            report.rows,
            report.features,
            report.class_names.len(),
            report.choices()
        );
        let result = match &report.best()[..] {
            [] => "no cells".to_owned(),
            [best] => said(report, best),
            [best, _] => format!("{}, and one cell that equals it", said(report, best)),
            [best, others @ ..] => {
                format!(
                    "{}, and {} cells that equal it",
                    said(report, best),
                    others.len()
                )
            }
        };
        Self {
            report,
            distances,
            rows,
            title: fitted(&title, TITLE, Weight::Bold, text_width),
            subtitle: fitted(&subtitle, VALUE, Weight::Normal, text_width),
            result: fitted(&result, VALUE, Weight::Normal, text_width),
            row,
            column,
            left,
            text_width,
        }
    }

    fn right(&self) -> f32 {
        self.left + self.column * self.distances.len() as f32
    }

    fn height(&self) -> f32 {
        self.row * self.rows.len() as f32
    }

    fn legend_height(&self) -> f32 {
        self.height().clamp(90.0, 320.0)
    }

    /// Distances above, ks to the left.
    fn heads(&self, canvas: &mut impl Canvas) {
        let mut text = |x, y, size, weight, align, colour, words: &str| {
            canvas.text(Text {
                x,
                y,
                size,
                weight,
                align,
                colour,
                words,
            });
        };
        for (column, distance) in self.distances.iter().enumerate() {
            let x = self.left + self.column * (column as f32 + 0.5);
            let (code, name) = (distance.code(), name(*distance));
            text(
                x,
                TOP - 25.0,
                VALUE,
                Weight::Bold,
                Align::Middle,
                INK,
                &code,
            );
            text(
                x,
                TOP - 10.0,
                SMALL,
                Weight::Normal,
                Align::Middle,
                GREY,
                name,
            );
        }
        let x = self.left - 8.0;
        text(x, TOP - 10.0, VALUE, Weight::Bold, Align::Right, INK, "k");
        // Not each, if that would be too dense.
        let every = (READABLE_ROW / self.row).ceil().max(1.0);
        for (row, (k, _)) in self.rows.iter().enumerate() {
            if (row as f32 % every).abs() < 0.5 {
                let y = TOP + self.row * (row as f32 + 0.5);
                text(
                    x,
                    y,
                    VALUE,
                    Weight::Normal,
                    Align::Right,
                    INK,
                    &k.to_string(),
                );
            }
        }
    }

    fn cells(&self, canvas: &mut impl Canvas) {
        // A hair of white between cells that are large enough for it.
        let gap = if self.row >= READABLE_ROW { 1.0 } else { 0.0 };
        for (row, (_, cells)) in self.rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let (x, y) = self.corner(row, column);
                let colour = cell.map_or(EMPTY, |cell| shade(self.report.place(cell.quality)));
                canvas.rectangle(x, y, self.column - gap, self.row - gap, colour);
                let Some(cell) = cell.filter(|_| self.row >= READABLE_ROW) else {
                    continue;
                };
                let value = format!("{:.3}", cell.quality);
                canvas.text(Text {
                    x: x + (self.column - gap) / 2.0,
                    y: y + (self.row - gap) / 2.0,
                    size: if self.row < 18.0 { SMALL } else { VALUE },
                    weight: if cell.rank == 1 {
                        Weight::Bold
                    } else {
                        Weight::Normal
                    },
                    align: Align::Middle,
                    colour: if is_light(colour) { INK } else { WHITE },
                    words: &value,
                });
            }
        }
    }

    /// A frame around the best cell, a thinner one around its equals.
    fn best(&self, canvas: &mut impl Canvas) {
        let mut thick = (self.row / 8.0).floor().clamp(1.0, 3.0);
        for (row, (_, cells)) in self.rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                if cell.is_none_or(|cell| cell.rank != 1) {
                    continue;
                }
                let (x, y) = self.corner(row, column);
                let gap = if self.row >= READABLE_ROW { 1.0 } else { 0.0 };
                let (width, height) = (self.column - gap, self.row - gap);
                canvas.rectangle(x, y, width, thick, INK);
                canvas.rectangle(x, y + height - thick, width, thick, INK);
                canvas.rectangle(x, y, thick, height, INK);
                canvas.rectangle(x + width - thick, y, thick, height, INK);
                thick = if self.row >= READABLE_ROW { 1.0 } else { 0.5 };
            }
        }
    }

    /// Which colour is which quality.
    fn legend(&self, canvas: &mut impl Canvas) {
        const STEPS: u16 = 160;
        const TICKS: u16 = 4;
        let (least, most) = self.report.range();
        let (x, height) = (self.right() + LEGEND_GAP, self.legend_height());
        if most <= least {
            canvas.rectangle(x, TOP, LEGEND, height, shade(1.0));
            self.tick(canvas, TOP + height / 2.0, most);
            return;
        }
        for step in 0..STEPS {
            let share = f32::from(step) / f32::from(STEPS);
            let colour = shade(1.0 - f64::from(step) / f64::from(STEPS - 1));
            // A little more than its part, so that no line shows between two.
            let part = (height / f32::from(STEPS) + 0.5).min(height * (1.0 - share));
            canvas.rectangle(x, TOP + height * share, LEGEND, part, colour);
        }
        for tick in 0..=TICKS {
            let share = f64::from(tick) / f64::from(TICKS);
            let y = TOP + height * f32::from(tick) / f32::from(TICKS);
            self.tick(canvas, y, most - (most - least) * share);
        }
    }

    fn tick(&self, canvas: &mut impl Canvas, y: f32, quality: f64) {
        let x = self.right() + LEGEND_GAP + LEGEND;
        canvas.rectangle(x, y - 0.5, 4.0, 1.0, GREY);
        canvas.text(Text {
            x: x + 8.0,
            y,
            size: SMALL,
            weight: Weight::Normal,
            align: Align::Left,
            colour: GREY,
            words: &format!("{quality:.3}"),
        });
    }

    fn corner(&self, row: usize, column: usize) -> (f32, f32) {
        (
            self.left + self.column * column as f32,
            TOP + self.row * row as f32,
        )
    }
}

impl Picture for Layout<'_> {
    fn size(&self) -> (f32, f32) {
        let texts = [
            width(&self.title, TITLE, Weight::Bold),
            width(&self.subtitle, VALUE, Weight::Normal),
            width(&self.result, VALUE, Weight::Normal),
        ];
        let text = MARGIN + texts.into_iter().fold(0.0, f32::max).min(self.text_width) + MARGIN;
        let grid = self.right() + LEGEND_GAP + LEGEND + LEGEND_TEXT + MARGIN / 2.0;
        (
            grid.max(text).ceil(),
            (TOP + self.legend_height().max(self.height()) + MARGIN).ceil(),
        )
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, canvas: &mut impl Canvas) {
        let line = |y, size, weight, colour, words| Text {
            x: MARGIN,
            y,
            size,
            weight,
            align: Align::Left,
            colour,
            words,
        };
        canvas.text(line(MARGIN + 8.0, TITLE, Weight::Bold, INK, &self.title));
        canvas.text(line(
            MARGIN + 30.0,
            VALUE,
            Weight::Normal,
            GREY,
            &self.subtitle,
        ));
        canvas.text(line(
            MARGIN + 49.0,
            VALUE,
            Weight::Normal,
            INK,
            &self.result,
        ));
        self.heads(canvas);
        self.cells(canvas);
        self.best(canvas);
        if !self.rows.is_empty() {
            self.legend(canvas);
        }
    }
}

/// The best cell in words.
fn said(report: &TuneReport, best: &Scored) -> String {
    let deviation = if report.split.partitions() > 1 {
        format!(" ± {:.3}", best.sd)
    } else {
        String::new()
    };
    format!(
        "best: k {}, {}, {:.3}{deviation}",
        best.k, best.distance, best.quality
    )
}

/// A distance in one word.
fn name(distance: Distance) -> &'static str {
    match distance {
        Distance::Euclidean => "Euclidean",
        Distance::Manhattan => "Manhattan",
        Distance::Chebyshev => "Chebyshev",
        Distance::Sorensen => "Sørensen",
        Distance::Cosine => "Cosine",
        Distance::Canberra => "Canberra",
        Distance::Hamming => "Hamming",
        Distance::Minkowski(_) => "Minkowski",
    }
}
