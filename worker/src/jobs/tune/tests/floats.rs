//! Tables that are not bytes, large enough for bounds to matter.

use super::*;

/// Features of larger tables: anything, a grid full of ties, neighbours in the last bit, magnitudes far apart.
fn crowded() -> impl Strategy<Value = BoxedStrategy<f64>> {
    prop_oneof![
        Just((0.0..1.0).boxed()),
        Just((-1.0..1.0).boxed()),
        Just(
            (0..11_u8)
                .prop_map(|number| f64::from(number) / 10.0)
                .boxed()
        ),
        Just(
            (0..3_u64)
                .prop_map(|ulps| f64::from_bits(0.7_f64.to_bits() + ulps))
                .boxed()
        ),
        Just(
            (0..40_u8)
                .prop_map(|ulps| f64::from(ulps).mul_add(1e-9, 0.7))
                .boxed()
        ),
        Just(prop_oneof![6 => 0.0..1e-7, 1 => 0.0..1.0, 1 => 0.0..1e7].boxed()),
        Just(prop_oneof![8 => Just(0.0), 1 => 0.0..1.0].boxed()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn floats_equal_the_plain_reference_at_every_level(
        rows in (1..100_usize, crowded()).prop_flat_map(|(width, feature)| vec((vec(feature, width), 0..4_u32), 60..600)),
        ks in vec(1..30_u32, 1..5),
        (is_weighted, scale) in (any::<bool>(), prop::sample::select(vec![Scale::None, Scale::Standard, Scale::MinMax])),
    ) {
        let segment = segment(rows[0].0.len(), &rows);
        let samples = Samples::parse(segment.bytes()).unwrap();
        let split = Split::every(u32::try_from(rows.len() / 9).unwrap()).unwrap();
        let prepared = Prepared::new(&samples, split, 0, scale).unwrap();
        let testing = u32::try_from(prepared.partition.testing_count()).unwrap();
        let input = Input {
            split,
            partition: 0,
            scale,
            weights: if is_weighted { Weights::Distance } else { Weights::Uniform },
            distances: distances()[..4].to_vec(),
            testing: 0..testing,
            ks,
            is_pruned: true,
        };
        let expected = reference(&samples, &input);
        for level in Level::all() {
            let tally = score_with(&prepared, &samples, &input, level, ANY_TABLE);
            prop_assert_eq!(&tally.predicted, &expected, "{:?}", level);
        }
    }
}

/// Milliseconds of each distance, f64 throughout and with f32.
#[test]
#[ignore = "a measurement: run it with --release --nocapture"]
fn floats_against_lanes() {
    let mut state = 1_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let rows: Vec<(Vec<f64>, u32)> = (0..20_000)
        .map(|row| ((0..100).map(|_| random()).collect(), row % 4))
        .collect();
    let segment = segment(100, &rows);
    let samples = Samples::parse(segment.bytes()).unwrap();
    for scale in [Scale::None, Scale::Standard] {
        let split = Split::default();
        let prepared = Prepared::new(&samples, split, 0, scale).unwrap();
        for names in ["ed", "md", "cd", "sd", "md,sd"] {
            let mut input = Input {
                split,
                partition: 0,
                scale,
                weights: Weights::Uniform,
                distances: names.split(',').map(|name| name.parse().unwrap()).collect(),
                testing: 0..64,
                ks: (1..=20).collect(),
                is_pruned: false,
            };
            let measure = |input: &Input| {
                score(&prepared, &samples, input).unwrap();
                let start = std::time::Instant::now();
                let tallies: Vec<Tally> = (0..5)
                    .map(|_| score(&prepared, &samples, input).unwrap())
                    .collect();
                (start.elapsed().as_secs_f64() * 200.0, tallies)
            };
            let (plain, expected) = measure(&input);
            input.is_pruned = true;
            let (quick, found) = measure(&input);
            assert_eq!(found, expected);
            println!(
                "{scale:?} {names}: {plain:.2} ms, {quick:.2} ms, {:.1} times",
                plain / quick
            );
        }
    }
}
