//! What was found, in sentences.

use super::name;
use crate::{
    cli::Backend,
    jobs::bench::{Fit, Other, Standing, Verdict},
};

/// What to use, with what speaks for it.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let mut clauses = Vec::from_iter(gain(verdict));
    clauses.extend(more(&verdict.more));
    clauses.extend(verdict.other_kind.as_ref().map(other_kind));
    clauses.extend(verdict.hidden.map(hidden));
    advised(verdict, &clauses)
}

/// What to use, in short.
pub(super) fn short_verdict(verdict: &Verdict) -> String {
    let mut clauses = Vec::from_iter(gain(verdict));
    clauses.extend(
        verdict
            .hidden
            .map(|share| format!("noise hides up to {:.0} %", share * 100.0)),
    );
    advised(verdict, &clauses)
}

fn advised(verdict: &Verdict, clauses: &[String]) -> String {
    match clauses {
        [] => format!("use {}", verdict.config),
        clauses => format!("use {}: {}", verdict.config, clauses.join("; ")),
    }
}

/// What is gained; with one worker there is nothing to be told.
fn gain(verdict: &Verdict) -> Option<String> {
    let speedup = verdict.speedup.filter(|_| verdict.config.workers > 1)?;
    Some(format!("{speedup:.2} x as fast as one"))
}

/// What more workers would bring: those that are no faster first.
fn more(others: &[Other]) -> Vec<String> {
    let of = |standing: Standing| -> Vec<&Other> {
        let others = others.iter();
        others.filter(|other| other.standing == standing).collect()
    };
    let counts = |others: &[&Other]| -> String {
        let counts = others.iter().map(|other| other.config.workers.to_string());
        counts.collect::<Vec<_>>().join(" and ")
    };
    let mut clauses = Vec::new();
    let same = of(Standing::Same);
    if !same.is_empty() {
        clauses.push(format!(
            "{} bring no more (within the noise)",
            counts(&same)
        ));
    }
    let slower = of(Standing::Slower);
    if !slower.is_empty() {
        let ratios: Vec<String> = slower
            .iter()
            .map(|other| format!("{:.2} x", other.ratio))
            .collect();
        clauses.push(format!(
            "{} are slower ({})",
            counts(&slower),
            ratios.join(" and ")
        ));
    }
    clauses.extend(of(Standing::Faster).into_iter().map(|other| {
        format!(
            "{} are {:.2} x as fast as that",
            other.config.workers, other.ratio
        )
    }));
    clauses
}

fn other_kind(other: &Other) -> String {
    let Other { config, ratio, .. } = other;
    let verb = if config.workers == 1 { "is" } else { "are" };
    let warning = match config.backend {
        Backend::Threads => ", but a crash in one ends all",
        Backend::Processes => "",
    };
    match other.standing {
        Standing::Same => format!("{config} {verb} as fast (within the noise)"),
        Standing::Faster => format!("{config} {verb} {ratio:.2} x as fast as that{warning}"),
        Standing::Slower => format!("{config} {verb} slower ({ratio:.2} x)"),
    }
}

/// How little may be concluded.
fn hidden(share: f64) -> String {
    let percent = share * 100.0;
    format!("the noise hides differences of up to {percent:.0} %: measure again on a quiet machine")
}

/// What Amdahl's law says.
pub(super) fn law(backend: Backend, fit: &Fit) -> String {
    let points = match fit.points {
        1 => "one number of workers".to_owned(),
        points => format!("{points} numbers of workers"),
    };
    let limit = match fit.limit() {
        Some(limit) if fit.serial < 0.995 => {
            format!("at most {limit:.1} x, however many cores")
        }
        Some(_) => "more cores bring nothing".to_owned(),
        None => "no limit in sight".to_owned(),
    };
    format!(
        "{}: {:.1} % serial by Amdahl's law, from {points}: {limit}",
        name(backend),
        fit.serial * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::super::BenchReport;
    use super::*;
    use Backend::{Processes, Threads};

    fn said(cells: &[(Backend, u32, &[f64])]) -> String {
        verdict(&BenchReport::of(cells, 2).judged.verdict.unwrap())
    }

    #[test]
    fn the_verdict_is_a_sentence_whatever_it_is() {
        assert_eq!(
            said(&[
                (Processes, 1, &[100.0; 5]),
                (Processes, 2, &[52.0; 5]),
                (Processes, 4, &[52.0; 5])
            ]),
            "use 2 processes: 1.92 x as fast as one; 4 bring no more (within the noise)"
        );
        assert_eq!(
            said(&[
                (Threads, 1, &[10.0; 5]),
                (Threads, 2, &[20.0; 5]),
                (Threads, 4, &[40.0; 5])
            ]),
            "use 1 thread: 2 and 4 are slower (0.50 x and 0.25 x)"
        );
        assert_eq!(said(&[(Processes, 1, &[10.0; 5])]), "use 1 process");
        assert_eq!(
            said(&[(Processes, 1, &[10.0; 5]), (Threads, 1, &[8.0; 5])]),
            "use 1 process: 1 thread is 1.25 x as fast as that, but a crash in one ends all"
        );
        assert_eq!(
            said(&[
                (Processes, 1, &[10.0; 5]),
                (Processes, 2, &[10.0; 5]),
                (Threads, 1, &[12.5; 5])
            ]),
            "use 1 process: 2 bring no more (within the noise); 1 thread is slower (0.80 x)"
        );
    }

    #[test]
    fn a_verdict_out_of_noise_says_so() {
        let said = said(&[
            (Processes, 1, &[100.0; 5]),
            (Processes, 2, &[60.0, 140.0, 95.0, 70.0, 130.0]),
        ]);
        assert!(
            said.starts_with("use 1 process: 2 bring no more (within the noise); the noise hides"),
            "{said}"
        );
    }

    #[test]
    fn laws_are_told_with_their_limit() {
        let told = |measured: &[(u32, f64)]| law(Processes, &Fit::of(measured).unwrap());
        assert_eq!(
            told(&[(2, 1.0 / 0.525), (4, 1.0 / 0.2875)]),
            "processes: 5.0 % serial by Amdahl's law, from 2 numbers of workers: at most 20.0 x, however many cores"
        );
        assert!(told(&[(2, 2.0)]).ends_with("from one number of workers: no limit in sight"));
        assert!(told(&[(2, 0.7)]).ends_with("more cores bring nothing"));
    }
}
