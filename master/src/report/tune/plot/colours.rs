//! Colours of a heat map.

use crate::report::canvas::Rgb;

pub(super) const INK: Rgb = [31, 35, 40];
pub(super) const GREY: Rgb = [101, 109, 118];
pub(super) const WHITE: Rgb = [255, 255, 255];
pub(super) const EMPTY: Rgb = [240, 241, 243];

/// Colours from the least quality to the greatest, from dark to light also for those who see no colours: matplotlib's
/// viridis.
const SCALE: [Rgb; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// The colour at a place of the scale, from 0 to 1.
pub(super) fn shade(place: f64) -> Rgb {
    let steps = SCALE.len() - 1;
    let at = place.clamp(0.0, 1.0) * steps as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the scale"
    )]
    let step = (at as usize).min(steps - 1);
    let share = at - step as f64;
    let mix = |from: u8, to: u8| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between two bytes"
        )]
        let mixed = (f64::from(from) + (f64::from(to) - f64::from(from)) * share).round() as u8;
        mixed
    };
    let (from, to) = (SCALE[step], SCALE[step + 1]);
    [
        mix(from[0], to[0]),
        mix(from[1], to[1]),
        mix(from[2], to[2]),
    ]
}

/// Whether dark letters are easier to read on a colour than white ones.
pub(super) fn is_light([red, green, blue]: Rgb) -> bool {
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue) > 140.0
}
