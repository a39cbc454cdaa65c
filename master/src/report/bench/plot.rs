//! Speed-ups by the number of workers, beside the ideal line.

mod axes;
mod layout;
mod points;
mod strokes;

pub(super) use layout::Layout;

#[cfg(test)]
mod tests {
    use std::io;

    use super::{super::BenchReport, Layout};
    use crate::{
        cli::Backend::{Processes, Threads},
        report::picture::{Kind, Picture, drawn},
    };

    fn svg(report: &BenchReport) -> String {
        String::from_utf8(drawn(&Layout::new(report), Kind::Svg).unwrap()).unwrap()
    }

    #[test]
    fn both_pictures_are_well_formed_and_show_what_was_measured() {
        let report = BenchReport::sample();
        let svg = svg(&report);
        for words in [
            "burn: 24 sums",
            "processes",
            "threads",
            "ideal",
            "2 cores",
            ">1.92<",
            ">4</text>",
        ] {
            assert!(svg.contains(words), "{words}: {svg}");
        }
        assert_eq!(svg.matches("<svg").count(), 1);
        assert!(svg.trim_end().ends_with("</svg>"));
        let layout = Layout::new(&report);
        let png = drawn(&layout, Kind::Png).unwrap();
        let decoder = ::png::Decoder::new(io::Cursor::new(png));
        let info = decoder.read_info().unwrap().info().clone();
        let (width, height) = layout.size();
        assert_eq!(
            (info.width as f32, info.height as f32),
            (2.0 * width, 2.0 * height)
        );
    }

    #[test]
    fn sweeps_of_any_shape_are_drawn() {
        let many: Vec<(_, u32, &[f64])> = (1..=200)
            .map(|workers| (Threads, workers, &[5.0, 6.0][..]))
            .collect();
        for cells in [
            &[][..],
            &[(Processes, 1, &[10.0][..])],
            // One worker was not measured, so there is nothing to compare with.
            &[(Processes, 2, &[10.0][..])],
            &[(Processes, 1, &[1.0][..]), (Processes, 1024, &[1e6])],
            &[(Processes, 1, &[0.0][..]), (Processes, 2, &[0.0])],
            &many[..],
        ] {
            let report = BenchReport::of(cells, 2);
            assert!(!svg(&report).contains("NaN"), "{cells:?}");
            assert!(!drawn(&Layout::new(&report), Kind::Png).unwrap().is_empty());
        }
    }
}
