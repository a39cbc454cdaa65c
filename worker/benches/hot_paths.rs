//! The hot paths, one at a time, with inputs that are always the same: `scripts/count-instructions.sh` has valgrind count
//! what each takes. No clock is looked at, and nothing is drawn at random.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a script"
)]

use std::{env, error::Error, hint::black_box, process::ExitCode};

use brigade_protocol::{
    FromWorker, TaskHeader, ToWorker, codec,
    frame::{self, Decoder},
    jobs::{
        factor::{Chunk, Method},
        search::Pattern,
        tune::{Distance, Input, Scale, Weights},
    },
    queue::{Bytes, Queue},
    shm::{Samples, SamplesBuilder, Segment, Split},
};
use brigade_worker::jobs::{
    factor::factor,
    imports,
    search::Matcher,
    tune::{Prepared, score},
};

type Done = Result<u64, Box<dyn Error + Send + Sync>>;

/// A path by its name. What it returns is printed, so that nothing can be left out.
type Path = (&'static str, fn() -> Done);

const PATHS: [Path; 9] = [
    ("messages", messages),
    ("queue-small-items", queue_small_items),
    ("queue-large-items", queue_large_items),
    ("knn-bytes", knn_bytes),
    ("knn-numbers", knn_numbers),
    ("search-literal", search_literal),
    ("search-regex", search_regex),
    ("imports", scan),
    ("factor", factors),
];

fn main() -> ExitCode {
    let wanted = env::args().nth(1).unwrap_or_default();
    if wanted == "--list" {
        for (name, _) in PATHS {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    }
    let Some((_, path)) = PATHS.iter().find(|(name, _)| *name == wanted) else {
        eprintln!("hot_paths: no path `{wanted}`; --list names them");
        return ExitCode::from(2);
    };
    match path() {
        Ok(result) => {
            println!("{result}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("hot_paths: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Numbers that look like random ones: Knuth's linear congruential generator.
fn numbers() -> impl FnMut() -> u32 {
    let mut state = 42_u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap_or_default()
    }
}

/// Tasks and results as they travel between a master and a worker: encoded, framed, cut out of the stream, decoded.
fn messages() -> Done {
    let mut seen = 0;
    let mut stream = Vec::new();
    let mut decoder = Decoder::default();
    for sequence in 0..20_000 {
        let header = TaskHeader {
            sequence,
            task: sequence * 3,
            kind: 2,
            attempt: 1,
        };
        stream.clear();
        frame::append(&mut stream, |out| {
            codec::encode_into(&ToWorker::Task(header), out)
        })?;
        frame::append(&mut stream, |out| {
            codec::encode_into(&FromWorker::Done { sequence }, out)
        })?;
        decoder.push(&stream);
        let task = decoder.next_frame()?.ok_or("a frame is missing")?;
        let task: ToWorker = codec::decode(task)?;
        let done = decoder.next_frame()?.ok_or("a frame is missing")?;
        let done: FromWorker = codec::decode(done)?;
        seen += u64::from(matches!(task, ToWorker::Task(header) if header.sequence == sequence));
        seen += u64::from(matches!(done, FromWorker::Done { .. }));
    }
    Ok(seen)
}

fn through_a_queue(size: usize, count: usize) -> Done {
    let queue = Queue::<Bytes>::builder().room(8 << 20).build()?;
    let (mut producer, mut consumer) = (queue.producer()?, queue.consumer()?);
    let item = Bytes(vec![7; size]);
    let mut bytes = 0;
    for _ in 0..count {
        producer.put(&item)?;
        bytes += consumer.get()?.len() as u64;
    }
    Ok(bytes)
}

fn queue_small_items() -> Done {
    through_a_queue(64, 50_000)
}

fn queue_large_items() -> Done {
    through_a_queue(256 << 10, 100)
}

/// Rows like small pictures: two thirds zeros, and bright in the middle.
fn pictures() -> Result<Segment, Box<dyn Error + Send + Sync>> {
    const WIDTH: usize = 256;
    let mut number = numbers();
    let rows: Vec<[u8; WIDTH]> = (0..1500)
        .map(|_| {
            let middle = number() % 256;
            std::array::from_fn(|at| {
                let far = u32::try_from(at).unwrap_or_default().abs_diff(middle);
                u8::try_from(if far < 48 { number() % 256 } else { 0 }).unwrap_or_default()
            })
        })
        .collect();
    let builder = SamplesBuilder::new(WIDTH, &["a", "b", "c"], None)?.bytes();
    let mut class = numbers();
    Ok(builder.segment("pictures", rows.len(), |to| {
        rows.iter()
            .try_for_each(|row| to.push_bytes(row, class() % 3))
    })?)
}

/// Scores k from 1 to 39 and four distances on 300 of 1,500 samples.
fn knn(segment: &Segment) -> Done {
    let samples = Samples::parse(segment.bytes())?;
    let split = Split::every(5).ok_or("no split")?;
    let prepared = Prepared::new(&samples, split, 0, Scale::None)?;
    let input = Input {
        split,
        partition: 0,
        scale: Scale::None,
        weights: Weights::Uniform,
        distances: Distance::ALL.to_vec(),
        testing: 0..300,
        ks: (1..40).step_by(2).collect(),
        is_pruned: true,
    };
    let tally = score(&prepared, &samples, &input)?;
    Ok(tally.predicted.iter().map(|&class| u64::from(class)).sum())
}

fn knn_bytes() -> Done {
    knn(&pictures()?)
}

fn knn_numbers() -> Done {
    let mut number = numbers();
    let builder = SamplesBuilder::new(16, &["a", "b", "c"], None)?;
    let segment = builder.segment("numbers", 1500, |to| {
        (0..1500).try_for_each(|_| {
            let row: [f64; 16] = std::array::from_fn(|_| f64::from(number()) / 1e6);
            to.push(&row, number() % 3)
        })
    })?;
    knn(&segment)
}

/// A text of 20,000 lines that look like a program's.
fn text() -> String {
    let mut number = numbers();
    let mut line = || match number() % 5 {
        0 => format!("import module_{} as m\n", number() % 1000),
        1 => format!(
            "    value = compute({}, LIMIT_{})\n",
            number(),
            number() % 100
        ),
        2 => "\n".to_owned(),
        3 => format!(
            "def function_{}(argument, other=None):\n    return argument\n",
            number()
        ),
        _ => format!("# a comment on {} of no importance\n", number()),
    };
    (0..20_000).map(|_| line()).collect()
}

fn search(pattern: &Pattern) -> Done {
    let text = text();
    let matcher = Matcher::new(pattern)?;
    Ok((0..10)
        .map(|_| matcher.count(black_box(text.as_bytes())))
        .sum())
}

fn search_literal() -> Done {
    search(&Pattern::literal(b"import"))
}

fn search_regex() -> Done {
    let mut pattern = Pattern::literal(b"[A-Z]{4,}_\\w+");
    pattern.is_regex = true;
    search(&pattern)
}

fn scan() -> Done {
    let text = text();
    Ok(u64::try_from(imports::scan(text.as_bytes()).imports.len())?)
}

fn factors() -> Done {
    let mut number = numbers();
    let numbers = (0..2000).map(|_| u128::from(number()) * u128::from(number()) + 1);
    let factors = factor(&Chunk {
        numbers: numbers.collect(),
        method: Method::Auto,
    })?;
    Ok(format!("{factors:?}").len() as u64)
}
