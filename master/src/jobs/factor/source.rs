//! Where numbers come from, and how they are cut into chunks.

use std::io::{self, Read};

use brigade_protocol::jobs::factor::Method;

use super::number::parse;

/// A chunk is this much work at most, if it is more than one number, and mostly a quarter of it, since numbers are taken
/// for the worst of their length: enough to make its way through the pool cheap, and little enough to spread over the
/// workers and to show results soon.
const CHUNK_NS: u64 = 4_000_000;

/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;

/// Words above this length are not kept: no number is so long.
const LONGEST_WORD: usize = 1 << 12;

/// Where the numbers come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Arguments(Vec<String>),
    Input,
    Random(Random),
}

/// Numbers out of thin air.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Random {
    pub(crate) count: u64,
    pub(crate) digits: u32,
    pub(crate) seed: Option<u64>,
}

/// A piece of the input.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) numbers: Vec<u128>,
    /// What was wrong on the way to these numbers.
    pub(super) complaints: Vec<String>,
}

/// The receiver of batches has gone, so nobody wants the rest.
#[derive(Debug)]
pub(super) struct Unwanted;

/// Why a source came to its end before its end.
#[derive(Debug)]
pub(super) enum Stopped {
    Unwanted,
    Unreadable(io::Error),
}

impl From<Unwanted> for Stopped {
    fn from(_: Unwanted) -> Self {
        Self::Unwanted
    }
}

impl Source {
    /// How many numbers come, as far as that is known before.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Self::Arguments(words) => {
                let numbers = words
                    .iter()
                    .map(|word| word.split_ascii_whitespace().count());
                Some(numbers.sum::<usize>() as u64)
            }
            Self::Input => None,
            Self::Random(random) => Some(random.count),
        }
    }

    /// Sends all there is, in order.
    pub(super) fn feed(
        self,
        method: Method,
        send: impl FnMut(Batch) -> Result<(), Unwanted>,
    ) -> Result<(), Stopped> {
        let mut cutter = Cutter::new(method, send);
        match self {
            Self::Arguments(words) => {
                for (number, word) in (1_u64..).zip(&words) {
                    // An argument may hold several numbers, as in `master factor "$(cat file)"`.
                    for word in word.split_ascii_whitespace() {
                        cutter.word(word.as_bytes(), "argument", number)?;
                    }
                }
            }
            Self::Input => feed_lines(io::stdin().lock(), &mut cutter)?,
            Self::Random(random) => {
                for number in random.numbers() {
                    cutter.number(number)?;
                }
            }
        }
        Ok(cutter.cut()?)
    }
}

impl Random {
    fn numbers(self) -> impl Iterator<Item = u128> {
        let mut rng = self
            .seed
            .map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let first = 10_u128.pow(self.digits.saturating_sub(1));
        let last = first.saturating_mul(10) - 1;
        (0..self.count).map(move |_| rng.u128(first..=last))
    }
}

/// Reads words until the input ends. What has been read is sent before more is waited for.
fn feed_lines<S: FnMut(Batch) -> Result<(), Unwanted>>(
    mut input: impl Read,
    cutter: &mut Cutter<S>,
) -> Result<(), Stopped> {
    let mut buffer = vec![0; READ_BYTES];
    let mut word = Vec::new();
    let mut line = 1;
    loop {
        let count = match input.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stopped::Unreadable(error)),
        };
        for &byte in &buffer[..count] {
            if !byte.is_ascii_whitespace() {
                if word.len() < LONGEST_WORD {
                    word.push(byte);
                }
                continue;
            }
            if !word.is_empty() {
                cutter.word(&word, "line", line)?;
                word.clear();
            }
            line += u64::from(byte == b'\n');
        }
        if count == 0 {
            if !word.is_empty() {
                cutter.word(&word, "line", line)?;
            }
            return Ok(());
        }
        cutter.cut()?;
    }
}

/// Collects numbers until they are a chunk's worth of work.
struct Cutter<S> {
    method: Method,
    send: S,
    batch: Batch,
    cost_ns: u64,
}

impl<S: FnMut(Batch) -> Result<(), Unwanted>> Cutter<S> {
    fn new(method: Method, send: S) -> Self {
        Self {
            method,
            send,
            batch: Batch::default(),
            cost_ns: 0,
        }
    }

    fn word(&mut self, word: &[u8], place: &str, at: u64) -> Result<(), Unwanted> {
        match parse(word) {
            Ok(number) => self.number(number),
            Err(error) => {
                self.batch.complaints.push(format!("{place} {at}: {error}"));
                // An input of nothing but faults must not pile up either.
                if self.batch.complaints.len() >= 64 {
                    self.cut()?;
                }
                Ok(())
            }
        }
    }

    fn number(&mut self, number: u128) -> Result<(), Unwanted> {
        let cost_ns = self.method.worst_ns(number);
        if self.cost_ns.saturating_add(cost_ns) > CHUNK_NS {
            self.cut()?;
        }
        self.batch.numbers.push(number);
        self.cost_ns = self.cost_ns.saturating_add(cost_ns);
        Ok(())
    }

    /// Sends what is there.
    fn cut(&mut self) -> Result<(), Unwanted> {
        self.cost_ns = 0;
        if self.batch == Batch::default() {
            return Ok(());
        }
        (self.send)(std::mem::take(&mut self.batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(method: Method, text: &str) -> Vec<Batch> {
        let mut all = Vec::new();
        let send = |batch| {
            all.push(batch);
            Ok(())
        };
        let mut cutter = Cutter::new(method, send);
        feed_lines(text.as_bytes(), &mut cutter).unwrap();
        cutter.cut().unwrap();
        all
    }

    #[test]
    fn many_numbers_a_line_and_faults_with_their_lines() {
        let all = batches(Method::Auto, "12 13\r\n\n\tx 14\n-1\n15");
        assert_eq!(
            all.len(),
            2,
            "what was read, and the word that ended with the input"
        );
        assert_eq!(all[0].numbers, [12, 13, 14]);
        assert_eq!(all[1].numbers, [15]);
        assert!(all[0].complaints[0].starts_with("line 3: `x` is no"));
        assert!(all[0].complaints[1].starts_with("line 4: `-1` is negative"));
    }

    #[test]
    fn small_numbers_share_a_chunk_and_hard_ones_have_their_own() {
        let sizes = |method, number: u128| {
            let text = format!("{number}\n").repeat(2_000);
            let all = batches(method, &text);
            assert_eq!(
                all.iter().map(|batch| batch.numbers.len()).sum::<usize>(),
                2_000
            );
            all[0].numbers.len()
        };
        assert!(sizes(Method::Auto, 123_456_789) >= 200);
        assert!((5..400).contains(&sizes(Method::Trial, 123_456_789)));
        assert_eq!(sizes(Method::Auto, u128::MAX), 1);
        assert_eq!(sizes(Method::Trial, u128::from(u64::MAX)), 1);
    }

    #[test]
    fn a_word_without_end_takes_no_memory() {
        let all = batches(Method::Auto, &format!("{}\n7\n", "9".repeat(1 << 20)));
        assert_eq!(all[all.len() - 1].numbers, [7]);
        let complaint = all
            .iter()
            .flat_map(|batch| &batch.complaints)
            .next()
            .unwrap();
        assert!(complaint.contains("is too large"), "{complaint}");
    }

    #[test]
    fn random_numbers_have_their_digits_and_the_same_seed_gives_the_same() {
        for digits in [1, 9, 20, 38] {
            let random = Random {
                count: 50,
                digits,
                seed: Some(42),
            };
            let numbers: Vec<u128> = random.numbers().collect();
            assert!(
                numbers
                    .iter()
                    .all(|n| n.to_string().len() == digits as usize && *n > 0)
            );
            assert!(random.numbers().eq(numbers));
        }
    }
}
