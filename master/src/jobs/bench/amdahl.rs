//! Amdahl's law, fitted: which share of the work is done by one worker, however many there are.
//!
//! With a serial share s, n workers take s + (1 − s)/n of the time of one. In x = 1/n and y = 1/speed-up this is the
//! line y − x = s(1 − x) through the point (1, 1), so least squares have one unknown and a closed form.
//! (G. Amdahl, "Validity of the single processor approach to achieving large scale computing capabilities", 1967.)

/// The law with the serial share that suits some measurements best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fit {
    /// From 0 to 1.
    pub(crate) serial: f64,
    /// How many numbers of workers above one it rests on.
    pub(crate) points: usize,
    /// The root of the mean of the squares of what 1/speed-up differs by from the law.
    pub(crate) residual: f64,
}

impl Fit {
    /// Fits the law to speed-ups with so many workers; `None` if there is none above one worker.
    ///
    /// Only numbers up to that of the cores belong here: the law gives each worker a core.
    pub(crate) fn of(measured: &[(u32, f64)]) -> Option<Self> {
        let points: Vec<(f64, f64)> = measured
            .iter()
            .filter(|(workers, speedup)| *workers > 1 && *speedup > 0.0)
            .map(|&(workers, speedup)| (1.0 / f64::from(workers), 1.0 / speedup))
            .collect();
        if points.is_empty() {
            return None;
        }
        let above: f64 = points.iter().map(|(x, y)| (1.0 - x) * (y - x)).sum();
        let below: f64 = points.iter().map(|(x, _)| (1.0 - x).powi(2)).sum();
        // More than n times as fast with n workers, as noise or caches make it: nothing is serial then.
        let serial = (above / below).clamp(0.0, 1.0);
        let off = |&(x, y): &(f64, f64)| (y - x - serial * (1.0 - x)).powi(2);
        Some(Self {
            serial,
            points: points.len(),
            residual: (points.iter().map(off).sum::<f64>() / points.len() as f64).sqrt(),
        })
    }

    /// The speed-up that so many workers have by the law, if each has a core.
    pub(crate) fn speedup(&self, workers: f64) -> f64 {
        1.0 / (self.serial + (1.0 - self.serial) / workers)
    }

    /// The speed-up that no number of workers exceeds, if there is a limit.
    pub(crate) fn limit(&self) -> Option<f64> {
        // A share below what any of these runs could show is none.
        (self.serial > 1e-4).then(|| 1.0 / self.serial)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn data_that_follow_the_law_give_their_share_back() {
        for serial in [0.0, 0.05, 0.3, 1.0] {
            let law = Fit {
                serial,
                points: 0,
                residual: 0.0,
            };
            let measured: Vec<(u32, f64)> = [1, 2, 3, 4, 8, 16]
                .map(|workers| (workers, law.speedup(workers.into())))
                .to_vec();
            let fit = Fit::of(&measured).unwrap();
            assert!((fit.serial - serial).abs() < 1e-12, "{fit:?}");
            assert!(fit.residual < 1e-12 && fit.points == 5);
        }
    }

    #[test]
    fn a_share_of_five_percent_ends_at_twenty_times() {
        let fit = Fit::of(&[(2, 1.0 / 0.525), (4, 1.0 / 0.2875)]).unwrap();
        assert!((fit.serial - 0.05).abs() < 1e-12);
        assert!((fit.limit().unwrap() - 20.0).abs() < 1e-9);
        assert!(fit.speedup(1e9) < 20.0);
    }

    #[test]
    fn one_worker_says_nothing_and_too_fast_is_no_negative_share() {
        assert_eq!(Fit::of(&[]), None);
        assert_eq!(Fit::of(&[(1, 1.0)]), None);
        let fit = Fit::of(&[(2, 2.2)]).unwrap();
        assert!(fit.serial == 0.0 && fit.limit().is_none() && fit.residual > 0.0);
        // Slower than one: all of it is serial, and that is still not enough.
        assert!(Fit::of(&[(2, 0.5)]).unwrap().serial > 0.999);
    }

    proptest! {
        #[test]
        fn no_other_share_fits_better(speedups in proptest::collection::vec(0.3..20.0_f64, 1..6), other in 0.0..1.0_f64) {
            let measured: Vec<(u32, f64)> = (2..).zip(speedups).collect();
            let fit = Fit::of(&measured).unwrap();
            let off = |serial: f64| -> f64 {
                measured.iter().map(|&(workers, speedup)| {
                    let law = serial + (1.0 - serial) / f64::from(workers);
                    (1.0 / speedup - law).powi(2)
                }).sum()
            };
            prop_assert!(off(fit.serial) <= off(other) + 1e-12);
        }
    }
}
