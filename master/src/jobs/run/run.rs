//! `master run`, told from start to end.

use std::{
    env,
    ffi::OsStr,
    io::{self, IsTerminal, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, SyncSender},
};

use anyhow::{Context, bail};
use brigade::PoolBuilder;
use brigade_protocol::jobs::run::SPOOL;

use super::{
    RunArgs, Spool,
    command::Template,
    desk::{Desk, News, Plan},
    inputs::Inputs,
    joblog::Joblog,
    quote::quoted,
    records::Record,
    sources::{Divided, Source},
    template::Word,
};
use crate::{
    cli::{Backend, Common, Done, Narrator},
    jobs::reading::start_reader,
    report::{Format, run::RunReport},
};

/// So many inputs are read ahead, so that progress knows how much there is.
const READ_AHEAD: usize = 10_000;

/// So much news may wait: lines of output among it, which are not taken from workers faster than they are shown.
const NEWS: usize = 1_024;

/// Runs a command for each input.
pub(crate) fn run(args: &RunArgs, common: &Common) -> anyhow::Result<Done> {
    let Divided { command, groups } = args.divided()?;
    let format = common.format_or(Format::Lines);
    check(args, common, format)?;
    if groups == [vec![Source::Input]] && io::stdin().is_terminal() {
        common.narrator().say("reading inputs from the terminal, one a line; Ctrl-D ends them, and `:::` gives them on the command line");
    }
    let inputs = Inputs::open(&groups, &args.cutting()?)?;
    let template = Template::new(&command, args.shell(), &inputs.names)?;
    if let Some(program) = template.program() {
        find(&program, args.workdir.as_deref())?;
    }
    let tag = tag(args, &inputs.names);
    if args.dry_run {
        return show_commands(&template, inputs);
    }
    let joblog = args
        .joblog
        .as_deref()
        .map(|path| Joblog::open(path, args.resume()));
    let joblog = joblog.transpose()?;
    let narrator = common.narrator();
    let workers = workers(common, inputs.jobs);
    let spool = if common.is_elsewhere() {
        // Hosts have no file of this machine; what a command says comes with its result.
        Spool::none()
    } else {
        spool(&narrator)
    };
    let pool = pool(common, &narrator, workers, &spool)?;
    let (tell, news) = mpsc::sync_channel(NEWS);
    let plan = plan(args, common, template, tag, workers, inputs.jobs);
    let report = RunReport::new(format);
    let mut desk = Desk::new(
        plan,
        common.start_anywhere(pool)?,
        spool,
        joblog,
        narrator,
        report,
        tell.clone(),
    )?;
    let tickets = start_reader(READ_AHEAD, move |tickets| read(inputs, tickets, &tell));
    let done = desk.work(&news, &tickets);
    drop(news);
    done.and_then(|()| desk.close())
}

/// As many workers as there is work for.
fn workers(common: &Common, jobs: Option<u64>) -> usize {
    let all = common.workers();
    jobs.map_or(all, |jobs| {
        all.min(usize::try_from(jobs).unwrap_or(usize::MAX)).max(1)
    })
}

/// A pool that is still to be started; time limits and retries are seen to here.
fn pool(
    common: &Common,
    narrator: &Narrator,
    workers: usize,
    spool: &Spool,
) -> anyhow::Result<PoolBuilder> {
    let pool = common
        .without_limits()
        .pool("run", narrator)
        .workers(workers)
        .starts_processes();
    Ok(match spool.file() {
        Some(file) => pool.share(SPOOL, file)?,
        None => pool,
    })
}

fn plan(
    args: &RunArgs,
    common: &Common,
    template: Template,
    tag: Option<Word>,
    workers: usize,
    known: Option<u64>,
) -> Plan {
    Plan {
        template,
        tag,
        halt: args.halt(),
        conditions: args.conditions(),
        attempts: common.retries_or(0).saturating_add(1),
        timeout: common.timeout(),
        keep_order: args.keep_order && !args.ungroup,
        // In order, a line would have to wait for its turn anyway.
        by_line: args.line_buffer && !args.keep_order,
        ungroup: args.ungroup,
        directory: args.workdir.clone(),
        workers,
        known,
    }
}

/// Tells of each input, for as long as there are tickets, and of the end.
fn read(inputs: Inputs, tickets: &Receiver<()>, tell: &SyncSender<News>) {
    for row in inputs {
        let is_last = row.is_err();
        if tickets.recv().is_err() || tell.send(News::Input(row)).is_err() || is_last {
            return;
        }
    }
    // If nobody listens any more, nobody misses it.
    let _ = tell.send(News::EndOfInput);
}

/// What does not go together.
fn check(args: &RunArgs, common: &Common, format: Format) -> anyhow::Result<()> {
    if common.backend() == Backend::Threads {
        bail!(
            "commands are run by worker processes, which take them along when they end: leave out --backend threads"
        );
    }
    if common.is_elsewhere() && (args.line_buffer || args.ungroup) {
        bail!(
            "--line-buffer and --ungroup show output as it comes, and other machines send it when a command has ended: leave them out"
        );
    }
    if format != Format::Lines && (args.line_buffer || args.ungroup) {
        bail!("--line-buffer and --ungroup show output as it comes: leave them out, or --format");
    }
    Ok(())
}

fn spool(narrator: &Narrator) -> Spool {
    Spool::new().unwrap_or_else(|error| {
        let folder = env::temp_dir();
        let folder = folder.display();
        narrator.say(&format!(
            "warning: no temporary file can be made in {folder} ({error}), so all output is kept in memory; TMPDIR names another folder"
        ));
        Spool::none()
    })
}

/// What lines begin with.
fn tag(args: &RunArgs, names: &[Vec<u8>]) -> Option<Word> {
    let text = match &args.tagstring {
        Some(text) => text.as_bytes(),
        None if args.tag => b"{}",
        None => return None,
    };
    Some(Word::parse(text, names))
}

/// Looks for the program once, before it is missed by every job.
fn find(program: &[u8], directory: Option<&Path>) -> anyhow::Result<()> {
    let path = Path::new(OsStr::from_bytes(program));
    let is_found = if program.is_empty() {
        false
    } else if program.contains(&b'/') {
        directory.unwrap_or(Path::new("")).join(path).exists()
    } else {
        let folders = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&folders).any(|folder: PathBuf| folder.join(path).exists())
    };
    if is_found {
        return Ok(());
    }
    let shown = String::from_utf8_lossy(&quoted(program)).into_owned();
    let hint = if program.contains(&b'=') || program.contains(&b' ') {
        "; a shell may understand it: --shell"
    } else if program.contains(&b'/') {
        ""
    } else {
        ", in no folder of PATH"
    };
    bail!("there is no program {shown}{hint}")
}

/// For `--dry-run`.
fn show_commands(template: &Template, inputs: Inputs) -> anyhow::Result<Done> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (sequence, columns) in (1..).zip(inputs) {
        let record = Record {
            sequence,
            slot: 1,
            columns: columns?,
        };
        let mut line = template.compose(&record)?.shown;
        line.push(b'\n');
        out.write_all(&line).context("cannot write the commands")?;
    }
    out.flush().context("cannot write the commands")?;
    Ok(Done::Well)
}
