use super::*;
use crate::jobs::weather::{Failure, Forecast};

fn arrival(advisories: &[&str]) -> Arrival {
    Arrival {
        forecast: Forecast {
            advisories: advisories.iter().map(|text| (*text).to_owned()).collect(),
            expires: None,
            is_damaged: false,
        },
        origin: Origin::Server,
    }
}

fn outcomes() -> Vec<Outcome> {
    let mut second = arrival(&[]);
    second.origin = Origin::Cache(Duration::from_secs(150));
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_105_301);
    second.forecast.expires = Some(end);
    vec![
        Ok(arrival(&[
            "GALE \"WARNING\", SOON\u{1b}[2J\u{9b}J",
            "FLOOD WATCH",
        ])),
        Ok(second),
        Err(Lost {
            failure: Failure::Connect {
                why: "refused".into(),
            },
            tries: 3,
        }),
    ]
}

fn written(format: Format, all: bool, is_coloured: bool) -> String {
    let mut report = WeatherReport::new(Style {
        format,
        all,
        is_coloured,
    });
    let mut out = Vec::new();
    report.begin(&mut out).unwrap();
    for (number, outcome) in (540..).zip(outcomes()) {
        let zone = Zone {
            code: format!("ANZ{number}"),
            same_code: format!("073{number}"),
            name: "Eastern Bay, MD".into(),
        };
        report.write(&zone, &outcome, &mut out).unwrap();
    }
    report.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn lines_are_name_and_advisory_and_nothing_that_a_terminal_obeys() {
    insta::assert_snapshot!(written(Format::Lines, false, false), @r#"
    Eastern Bay, MD GALE "WARNING", SOON?[2J?J
    Eastern Bay, MD (no advisory)
    "#);
    let all = written(Format::Lines, true, false);
    assert_eq!(all.lines().nth(1), Some("Eastern Bay, MD FLOOD WATCH"));
    let coloured = written(Format::Lines, false, true);
    assert!(coloured.starts_with("Eastern Bay, MD \u{1b}[1;33mGALE"));
}

#[test]
fn json_has_everything_and_comes_through_unharmed() {
    let json = written(Format::Json, false, false);
    assert!(!json.contains(|letter: char| letter.is_control() && letter != '\n'));
    let objects: Vec<serde_json::Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        objects[0]["advisory"],
        "GALE \"WARNING\", SOON\u{1b}[2J\u{9b}J"
    );
    assert_eq!(objects[0]["advisories"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&objects[1]["advisory"], &objects[1]["status"]),
        (&serde_json::Value::Null, &"none".into())
    );
    assert_eq!(objects[1]["expires"], "2025-11-25T21:15:01Z");
    assert_eq!(
        (&objects[1]["from"], &objects[1]["age_seconds"]),
        (&"cache".into(), &150.into())
    );
    assert_eq!(objects[2]["error"], "cannot connect: refused (3 tries)");
}

#[test]
fn csv_has_a_row_for_each_zone_lost_ones_too() {
    insta::assert_snapshot!(written(Format::Csv, false, false), @r#"
    zone,same_code,name,status,advisory,expires
    ANZ540,073540,"Eastern Bay, MD",advisory,"GALE ""WARNING"", SOON?[2J?J",
    ANZ541,073541,"Eastern Bay, MD",none,,2025-11-25T21:15:01Z
    ANZ542,073542,"Eastern Bay, MD",failed,,
    "#);
}

#[test]
fn the_table_says_which_zones_are_not_known() {
    insta::assert_snapshot!(written(Format::Table, false, false), @r#"
     zone     name              advisory
    ───────────────────────────────────────────────────────
     ANZ540   Eastern Bay, MD   GALE "WARNING", SOON?[2J?J
     ANZ541   Eastern Bay, MD   (no advisory)
     ANZ542   Eastern Bay, MD   failed
    "#);
}

#[test]
fn who_reads_hears_what_the_forecast_does_not_say_itself() {
    let report = |format| {
        WeatherReport::new(Style {
            format,
            all: false,
            is_coloured: false,
        })
    };
    let mut arrival = arrival(&["A", "B", "C"]);
    arrival.forecast.is_damaged = true;
    arrival.forecast.expires = Some(SystemTime::now() - Duration::from_hours(72));
    let remarks = report(Format::Lines).remarks(&arrival);
    assert!(remarks[0].starts_with("this forecast was to be replaced 3 days ago"));
    assert!(remarks[1].contains("not all UTF-8"));
    assert!(remarks[2].starts_with("2 more in force here"));
    assert_eq!(report(Format::Json).remarks(&arrival).len(), 2);
}

#[test]
fn the_summary_is_that_of_the_chapter_when_nothing_is_missing() {
    let time = Duration::from_millis(300);
    assert_eq!(summary(13, 13, time), "Got 13 forecasts in 0.300 seconds");
    assert_eq!(summary(1, 1, time), "Got 1 forecast in 0.300 seconds");
    assert_eq!(
        summary(11, 13, time),
        "Got 11 of 13 forecasts in 0.300 seconds"
    );
}
