//! The order in which samples lie in shared memory.

use std::{panic::resume_unwind, sync::LazyLock, thread};

use brigade_protocol::{
    jobs::tune::{Scale, rank},
    shm::{BuildError, Row, Segment, Split},
};

use super::Terms;
use crate::table::{Features, Table};

/// Copies the table into shared memory: in the order of the file, or with the training rows in the order in which workers
/// meet them.
///
/// Where the first rows train and the others test, it does not matter which training row is which, and rows of bytes are
/// compared so fast that fetching them from all over the memory would cost as much as a twentieth of the whole. On a scale, rows stay where they
/// are: sums of numbers in another order are rounded in another way.
///
/// # Errors
/// [`BuildError`] when there is not enough memory or the table is too large.
pub(super) fn segment(table: &Table, terms: &Terms) -> Result<Segment, BuildError> {
    match (terms.split, &table.features) {
        (Split::HoldOut { training }, Features::Bytes(bytes)) if terms.scale == Scale::None => {
            let training = (training as usize).min(table.rows());
            thread::scope(|scope| {
                // The kernel clears the memory meanwhile.
                let rank = || ranked(table, bytes, training);
                let helper = thread::Builder::new().spawn_scoped(scope, rank);
                let ranked = LazyLock::new(|| match helper {
                    Ok(helper) => helper.join().unwrap_or_else(|cause| resume_unwind(cause)),
                    // The system has no thread left.
                    Err(_) => rank(),
                });
                table.segment_by(|row| ranked.get(row).map_or(row, |&row| row as usize))
            })
        }
        _ => table.segment(),
    }
}

/// The training rows by rank.
fn ranked(table: &Table, bytes: &[u8], training: usize) -> Vec<u32> {
    let row = |row: u32| Row::U8(&bytes[row as usize * table.width..][..table.width]);
    let class_name = |row: u32| &table.class_names[table.class_ids[row as usize] as usize][..];
    let mut rows: Vec<u32> = (0..).take(training).collect();
    rank(&mut rows, row, class_name);
    rows
}

#[cfg(test)]
mod tests {
    use brigade_protocol::shm::Samples;

    use super::*;
    use crate::table::Reading;

    fn samples(text: &str, terms: &Terms) -> Vec<String> {
        let table = Table::parse("t.csv", text.as_bytes(), &Reading::default()).unwrap();
        let segment = segment(&table, terms).unwrap();
        let samples = Samples::parse(segment.bytes()).unwrap();
        let shown = |row| {
            let sample = samples.sample(row);
            format!("{:?} {}", samples.row(row).to_vec(), sample.class())
        };
        (0..samples.len()).map(shown).collect()
    }

    #[test]
    fn training_rows_of_bytes_lie_in_the_order_of_their_ranks_and_all_others_stay() {
        let text = "9,b\n0,b\n9,a\n7,a\n2,b\n";
        let terms = |split: &str| Terms {
            split: split.parse().unwrap(),
            ..Terms::default()
        };
        let in_file = ["[9.0] b", "[0.0] b", "[9.0] a", "[7.0] a", "[2.0] b"];
        let ranked = ["[0.0] b", "[9.0] a", "[9.0] b", "[7.0] a", "[2.0] b"];
        assert_eq!(samples(text, &terms("holdout:3")), ranked);
        assert_eq!(samples(text, &terms("every:2")), in_file);
        let scaled = Terms {
            scale: Scale::MinMax,
            ..terms("holdout:3")
        };
        assert_eq!(samples(text, &scaled), in_file);
        let numbers = samples("9.5,b\n0,b\n7,a\n", &terms("holdout:2"));
        assert_eq!(numbers, ["[9.5] b", "[0.0] b", "[7.0] a"]);
    }
}
