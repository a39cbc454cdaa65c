//! `master imports`, told from start to end.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    time::Instant,
};

use anyhow::{Context, bail};

use super::{
    Graph, ImportsArgs, Modules, Scanned,
    args::By,
    scan::{Harvest, scan},
};
use crate::{
    cli::{Common, Done, Narrator},
    report::{
        Format,
        imports::{self as report, Focus, Users},
    },
};

/// Parses the files, tells what is wrong with them, and shows what they import.
pub(crate) fn run(args: &ImportsArgs, common: &Common) -> anyhow::Result<Done> {
    let began = Instant::now();
    let format = common.format_or(Format::Lines);
    if args.graph.is_some() && format != Format::Lines {
        bail!("--graph has its own format; leave out --format");
    }
    let narrator = common.narrator();
    let mut harvest = scan(args, common, &narrator)?;
    narrator.finish();
    let faults = tell(&harvest, &narrator);
    let searched = harvest.files.len();
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let found = show(args, format, &mut harvest.files, &narrator, &mut out)
        .and_then(|found| out.flush().map(|()| found))
        .context("cannot write the imports")?;
    narrator.say(&report::summary(searched, began.elapsed()));
    Ok(match (faults, found) {
        (true, _) => Done::InPart,
        (false, true) => Done::Well,
        (false, false) => Done::WithNothing,
    })
}

/// Tells what is wrong; whether anything is.
fn tell(harvest: &Harvest, narrator: &Narrator) -> bool {
    for unseen in &harvest.unseen {
        narrator.say(&report::unseen(unseen));
    }
    let faults = harvest.files.iter();
    let faults: Vec<_> = faults
        .filter_map(|file| Some((&file.path, file.scan.fault.as_ref()?)))
        .collect();
    for (path, fault) in &faults {
        narrator.say(&report::fault(path, fault));
    }
    let kinds = faults.iter().map(|(_, fault)| fault.kind);
    if let Some(line) = report::faults(kinds, harvest.unseen.len()) {
        narrator.say(&line);
    }
    !faults.is_empty() || !harvest.unseen.is_empty()
}

/// Shows what was asked for; whether there was anything.
fn show(
    args: &ImportsArgs,
    format: Format,
    files: &mut Vec<Scanned>,
    narrator: &Narrator,
    out: &mut impl Write,
) -> io::Result<bool> {
    // The list of files needs no names of modules, unless it is to be cut by these.
    if args.by == By::File && args.modules.is_empty() && args.graph.is_none() && !args.unused {
        let focus = Focus {
            module: &args.focus,
            mark: &args.mark,
        };
        report::files(format, &focus, files, out)?;
        return Ok(!files.is_empty());
    }
    let modules = Modules::of(files, &args.paths);
    if args.graph.is_some() {
        let graph = Graph::of(files, &modules);
        report::graph(&graph, files, &modules, out)?;
        for cycle in graph.cycles() {
            narrator.say(&report::cycle(cycle, &modules));
        }
        return Ok(!files.is_empty());
    }
    if args.unused {
        let unused = Graph::of(files, &modules).unused(&modules);
        report::unused(format, &unused, files, &modules, out)?;
        return Ok(!unused.is_empty());
    }
    let is_asked = |name: &str| {
        args.modules.is_empty() || args.modules.iter().any(|module| is_in(name, module))
    };
    if args.by == By::Module {
        let users = users(files, &modules, is_asked);
        report::modules(format, &users, files, out)?;
        return Ok(!users.is_empty());
    }
    for (number, file) in files.iter_mut().enumerate() {
        file.scan.imports.retain(|import| {
            let meant = modules.meant(number, import);
            meant.iter().any(|meant| is_asked(&meant.name))
        });
    }
    files.retain(|file| !file.scan.imports.is_empty());
    let focus = Focus {
        module: &args.focus,
        mark: &args.mark,
    };
    report::files(format, &focus, files, out)?;
    Ok(!files.is_empty())
}

/// Of each module that is asked for, who imports it.
fn users(
    files: &[Scanned],
    modules: &Modules,
    is_asked: impl Fn(&str) -> bool,
) -> BTreeMap<String, Users> {
    let mut all: BTreeMap<String, Users> = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        for import in &file.scan.imports {
            for meant in modules.meant(number, import) {
                if is_asked(&meant.name) {
                    let users = all.entry(meant.name).or_default();
                    users.file = meant.file.or(users.file);
                    users.places.push((number, import.line));
                }
            }
        }
    }
    for users in all.values_mut() {
        users.places.dedup();
    }
    all
}

/// Whether a module is this one, or in it.
pub(crate) fn is_in(name: &str, module: &str) -> bool {
    let rest = name.strip_prefix(module);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
