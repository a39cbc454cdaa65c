use super::*;
use crate::table::{Reading, iris};

fn measures(text: &str) -> Vec<Measures> {
    measure(&Table::parse("t", text.as_bytes(), &Reading::default()).unwrap())
}

fn near(found: f64, expected: f64) {
    let error = (found - expected).abs();
    assert!(error <= 1e-12 * expected.abs(), "{found} {expected}");
}

#[test]
fn iris_is_as_its_description_says() {
    let text = std::str::from_utf8(iris::BYTES).unwrap();
    // The figures of iris.names are those of the rows before their correction.
    let (mut wrong, mut rows) = (0, Vec::new());
    for (number, row) in (1..).zip(text.split_whitespace()) {
        let is_wrong = number == 35 || number == 38;
        wrong += u32::from(is_wrong);
        rows.push(if is_wrong {
            "4.9,3.1,1.5,0.1,Iris-setosa"
        } else {
            row
        });
    }
    assert_eq!(wrong, 2);
    let round = |measures: &Measures| {
        let Measures {
            min,
            max,
            mean,
            sd,
            correlation,
            ..
        } = *measures;
        let (sd, correlation) = (sd.unwrap(), correlation.unwrap());
        format!("{min:.1} {max:.1} {mean:.2} {sd:.2} {correlation:.4}")
    };
    let described: Vec<String> = measures(&rows.join("\n")).iter().map(round).collect();
    assert_eq!(
        described,
        [
            "4.3 7.9 5.84 0.83 0.7826",
            "2.0 4.4 3.05 0.43 -0.4194",
            "1.0 6.9 3.76 1.76 0.9490",
            "0.1 2.5 1.20 0.76 0.9565",
        ]
    );
    let corrected: Vec<String> = measures(text).iter().map(round).collect();
    assert_eq!(
        corrected,
        [
            "4.3 7.9 5.84 0.83 0.7826",
            "2.0 4.4 3.06 0.44 -0.4267",
            "1.0 6.9 3.76 1.77 0.9490",
            "0.1 2.5 1.20 0.76 0.9565",
        ]
    );
}

#[test]
fn large_small_and_distant_numbers_keep_their_digits() {
    let plain = measures("1,a\n2,a\n4,b\n9,b\n")[0];
    near(plain.mean, 4.0);
    near(plain.sd.unwrap(), (38.0_f64 / 3.0).sqrt());
    near(plain.eta_squared.unwrap(), 25.0 / 38.0);
    for factor in ["e307", "e-300", "e-310"] {
        let text = format!("1{factor},a\n2{factor},a\n4{factor},b\n9{factor},b\n");
        let found = measures(&text)[0];
        let scale: f64 = format!("1{factor}").parse().unwrap();
        let close = |found: f64, expected: f64| {
            assert!(
                (found / expected - 1.0).abs() < 1e-9,
                "{factor} {found} {expected}"
            );
        };
        close(found.mean / scale, 4.0);
        close(found.sd.unwrap() / scale, (38.0_f64 / 3.0).sqrt());
        close(found.eta_squared.unwrap(), 25.0 / 38.0);
        close(found.correlation.unwrap(), plain.correlation.unwrap());
    }
    let distant =
        measures("1000000000001,a\n1000000000002,a\n1000000000004,b\n1000000000009,b\n")[0];
    near(distant.sd.unwrap(), plain.sd.unwrap());
    near(distant.correlation.unwrap(), plain.correlation.unwrap());
    let extreme = measures("-1.7e308,a\n1.7e308,b\n")[0];
    assert_eq!((extreme.mean, extreme.sd), (0.0, Some(f64::INFINITY)));
    near(extreme.correlation.unwrap(), 1.0);
}

#[test]
fn what_does_not_vary_has_no_correlation() {
    let found = measures("0.1,1,a\n0.1,2,b\n0.1,4,a\n");
    assert!(found[0].is_constant() && !found[1].is_constant());
    assert_eq!((found[0].mean, found[0].sd), (0.1, Some(0.0)));
    assert_eq!((found[0].correlation, found[0].eta_squared), (None, None));
    let one_class = measures("1,a\n2,a\n")[0];
    assert_eq!((one_class.correlation, one_class.eta_squared), (None, None));
    assert_eq!(measures("7,a\n")[0].sd, None);
}

#[test]
fn bytes_are_measured_as_the_same_numbers_are() {
    let row = |row: u32| {
        (0..70)
            .map(|x| ((x * row * 7 + row) % 256).to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    let lines: Vec<String> = (0..40)
        .map(|at| format!("{},{}", row(at), at % 4))
        .collect();
    let bytes = lines.join(
        "
",
    );
    let table = Table::parse("t", bytes.as_bytes(), &Reading::default()).unwrap();
    let Features::Bytes(of_table) = &table.features else {
        panic!("bytes are expected");
    };
    let numbers = Table {
        features: Features::Numbers(of_table.iter().map(|byte| f64::from(*byte)).collect()),
        ..table.clone()
    };
    assert_eq!(measure(&table).len(), 70);
    assert_eq!(measure(&table), measure(&numbers));
}
