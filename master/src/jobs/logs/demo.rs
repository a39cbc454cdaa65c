//! `master logs demo`: clients in worker processes, one server, and a look at whether everything arrived.

mod found;

use std::{
    env, fs,
    io::{self, BufWriter, Write},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    process, thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use brigade::TaskError;
use brigade_protocol::jobs::logs::{ClientInput, LogClient, Sent};

use super::args::DemoArgs;
use crate::{
    cli::{Common, Done, Narrator, signals},
    logs::{Allow, Config, Destination, Form, Fsync, Limits, Output, Server},
    report::{
        Format,
        logs::{DemoReport, Detail, Journal},
    },
};

use found::Found;

/// How long a server that is not ours may take to write what it was sent.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lets the clients log, and looks for what they have sent.
pub(super) fn run(args: &DemoArgs, common: &Common) -> anyhow::Result<Done> {
    let narrator = common.narrator();
    let detail = if common.is_verbose() {
        Detail::Everything
    } else {
        Detail::Trouble
    };
    let journal = Journal::start(detail).context(
        "cannot start a thread for messages; the limit of processes (ulimit -u) may be reached",
    )?;
    let collector = Collector::start(args, &journal)?;
    let began = Instant::now();
    let (sent, failed) = send(args, common, &narrator, collector.address)?;
    // The time ends when everything is in the file.
    let collected = collector.finish(&sent)?;
    let took = began.elapsed();
    narrator.finish();
    journal.finish();
    let (missing, corrupted) = match &collected.found {
        Some(found) => (found.missing(&sent), found.corrupted),
        None => (Vec::new(), 0),
    };
    let total = |count: fn(&Sent) -> u64| sent.iter().map(count).sum();
    let report = DemoReport {
        clients: sent.len(),
        failed,
        sorter: args.sorter.logger(),
        collections: total(|sent| sent.collections),
        steps: total(|sent| sent.steps),
        records: total(|sent| sent.records),
        bytes: total(|sent| sent.bytes),
        took,
        file: collected.found.as_ref().map(|_| collected.file.clone()),
        missing,
        corrupted,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    report
        .write(common.format_or(Format::Lines), &mut out)
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    collected.clean_up(report.is_well());
    Ok(match (report.is_well(), failed) {
        (false, _) => Done::Short,
        (true, 0) => Done::Well,
        (true, _) => Done::InPart,
    })
}

/// Lets each client run in a process of its own; returns what they sent, and how many failed.
fn send(
    args: &DemoArgs,
    common: &Common,
    narrator: &Narrator,
    server: SocketAddr,
) -> anyhow::Result<(Vec<Sent>, usize)> {
    let clients = usize::try_from(args.clients).unwrap_or(usize::MAX);
    let pool = common
        .pool("logs demo", narrator)
        .workers(common.workers_or(clients))
        .retries(0)
        .max_tasks_per_worker(1);
    let pool = Common::start(pool)?;
    let inputs = (0..u64::from(args.clients)).map(|client| ClientInput {
        server,
        sorter: args.sorter,
        collections: args.collections,
        seed: args.seed.wrapping_add(client),
    });
    let (mut sent, mut failed) = (Vec::with_capacity(clients), 0);
    for (_, outcome) in pool.map_unordered::<LogClient, _>(inputs) {
        match outcome {
            Ok(client) => sent.push(client),
            Err(TaskError::Cancelled) if signals::caught().is_some() => failed += 1,
            Err(error) => {
                failed += 1;
                narrator.say(&format!("error: {error}"));
            }
        }
        let done = sent.len() + failed;
        narrator.progress(done as f64 / clients as f64, done as u64, "clients");
    }
    pool.join();
    Ok((sent, failed))
}

/// Who collects the records: a server of our own, or one that is there already.
struct Collector {
    server: Option<Server>,
    address: SocketAddr,
    file: Option<PathBuf>,
    /// A folder that was made for the file.
    folder: Option<PathBuf>,
    /// How long the file was before.
    start: u64,
}

/// The records, wherever they were collected.
struct Collected {
    file: PathBuf,
    folder: Option<PathBuf>,
    /// Nothing if there was no place to look.
    found: Option<Found>,
}

impl Collector {
    fn start(args: &DemoArgs, journal: &Journal) -> anyhow::Result<Self> {
        if let Some(address) = args.server {
            let length = |file: &PathBuf| file.metadata().map_or(0, |metadata| metadata.len());
            return Ok(Self {
                server: None,
                address,
                file: args.output.clone(),
                folder: None,
                start: args.output.as_ref().map_or(0, length),
            });
        }
        let (file, folder) = if let Some(file) = &args.output {
            (file.clone(), None)
        } else {
            let folder = own_folder()?;
            (folder.join("records.jsonl"), Some(folder))
        };
        let output = Output::open(&Destination::File(file.clone()))?;
        if output.torn_tail() > 0 {
            journal.torn_tail(&output);
        }
        let start = file.metadata().map_or(0, |metadata| metadata.len());
        let server = Server::start(Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            allow: Allow::default(),
            tls: None,
            limits: Limits::default(),
            form: Form::Json,
            skips: false,
            output,
            fsync: Fsync::Never,
            rotation: None,
            tail: None,
            tell: journal.teller(),
        })?;
        Ok(Self {
            address: server.address(),
            server: Some(server),
            file: Some(file),
            folder,
            start,
        })
    }

    /// Waits until everything is written, and looks for it.
    fn finish(self, sent: &[Sent]) -> anyhow::Result<Collected> {
        let Some(file) = self.file else {
            return Ok(Collected {
                file: PathBuf::new(),
                folder: None,
                found: None,
            });
        };
        let look = || {
            Found::look(&file, self.start)
                .with_context(|| format!("cannot read {}", file.display()))
        };
        let found = if let Some(server) = self.server {
            let written = server.stop();
            if written.unwritten > 0 {
                bail!(
                    "{} records could not be written to {}",
                    written.unwritten,
                    file.display()
                );
            }
            look()?
        } else {
            let deadline = Instant::now() + PATIENCE;
            loop {
                let found = look()?;
                if found.missing(sent).is_empty() || Instant::now() > deadline {
                    break found;
                }
                thread::sleep(Duration::from_millis(50));
            }
        };
        Ok(Collected {
            file,
            folder: self.folder,
            found: Some(found),
        })
    }
}

impl Collected {
    /// Removes the file that nobody asked for, unless it is worth a look.
    fn clean_up(&self, is_well: bool) {
        if let Some(folder) = &self.folder
            && is_well
        {
            // It is in the folder for temporary files, and will not stay there.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A folder that nobody else can have prepared.
fn own_folder() -> anyhow::Result<PathBuf> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let name = format!("brigade-logs-{}-{}", process::id(), now.subsec_nanos());
    let folder = env::temp_dir().join(name);
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}
