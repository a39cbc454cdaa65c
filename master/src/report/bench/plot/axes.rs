//! Where numbers are in the picture.

/// About so many lines across the picture.
const LINES: f64 = 6.0;

/// Room beside the first and the last number of workers, as a share of what is between them.
const ROOM: f64 = 0.08;

/// Both axes, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axes {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
    /// The least and the greatest number of workers.
    workers: (f64, f64),
    /// The speed-up at the upper end.
    most: f64,
    /// From one line across to the next.
    step: f64,
}

impl Axes {
    /// Axes in this rectangle, for up to so many workers, and for speed-ups up to this one.
    pub(super) fn new(corner: (f32, f32), size: (f32, f32), workers: u32, speedup: f64) -> Self {
        let step = step(speedup.max(1.0) / LINES);
        Self {
            left: corner.0,
            top: corner.1,
            width: size.0,
            height: size.1,
            workers: (1.0, f64::from(workers.max(2))),
            most: (speedup.max(1.0) * 1.04 / step).ceil() * step,
            step,
        }
    }

    /// Where a number of workers is.
    pub(super) fn x(&self, workers: f64) -> f32 {
        let (first, last) = self.workers;
        let room = ROOM * (last - first);
        let share = (workers - first + room) / (last - first + 2.0 * room);
        self.left + self.width * narrow(share)
    }

    /// Where a speed-up is.
    pub(super) fn y(&self, speedup: f64) -> f32 {
        self.top + self.height * narrow(1.0 - speedup / self.most)
    }

    pub(super) fn right(&self) -> f32 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f32 {
        self.top + self.height
    }

    /// The speed-ups that have a line across, with their names.
    pub(super) fn lines(&self) -> impl Iterator<Item = (f64, String)> {
        let digits = if self.step < 0.1 {
            2
        } else {
            usize::from(self.step < 1.0)
        };
        let (step, most) = (self.step, self.most);
        (0..)
            .map(move |line| f64::from(line) * step)
            .take_while(move |speedup| *speedup <= most + step / 2.0)
            .map(move |speedup| (speedup, format!("{speedup:.digits$}")))
    }
}

/// The least of 1, 2, 5, 10 and so on, times a power of ten, that is no less than this.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    let fitting = steps.into_iter().find(|step| *step >= least * 0.999);
    fitting.unwrap_or(10.0 * power)
}

/// A share of the picture as pixels count.
fn narrow(share: f64) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a place in a picture needs no more digits"
    )]
    let share = share as f32;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_at_round_numbers() {
        let names = |speedup| -> Vec<String> {
            let axes = Axes::new((0.0, 0.0), (100.0, 100.0), 4, speedup);
            axes.lines().map(|(_, name)| name).collect()
        };
        assert_eq!(
            names(1.0),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2"]
        );
        assert_eq!(names(2.0), ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
        assert_eq!(names(64.0).last().unwrap(), "80");
    }

    #[test]
    fn corners_are_where_they_should_be() {
        let axes = Axes::new((10.0, 20.0), (200.0, 100.0), 4, 2.0);
        assert!((axes.y(0.0) - axes.bottom()).abs() < 0.01);
        assert!(axes.x(1.0) > axes.left && axes.x(4.0) < axes.right());
        assert!(axes.y(2.0) > axes.top && axes.x(2.0) > axes.x(1.0));
    }
}
