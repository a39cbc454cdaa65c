//! `master join`: this host works for the jobs of a NATS server.
//!
//! There is nothing to show at the end, so there is only this room.

use std::{env, path::PathBuf, sync::Mutex};

use brigade::cluster::{Agent, AgentControl, Told};
use clap::Args;

use crate::{
    cli::{Done, Entry, HostOptions, Narrator, complain, signals},
    report::counted,
};

/// Have this host work for the jobs of a NATS server
///
/// Takes tasks of every job that `--backend nats://…` has brought to the server, does them with worker processes,
/// and gives the results back. It ends on Ctrl-C or SIGTERM, when what it has in hand is done; the second time it
/// ends at once, and its tasks go to other hosts.
#[derive(Debug, Clone, Args)]
pub(crate) struct JoinArgs {
    /// The server's address, such as `nats://host:4222`; of several servers of one cluster, all that are known
    #[arg(required = true, env = "BRIGADE_NATS", value_delimiter = ',')]
    servers: Vec<String>,

    /// Takes only jobs whose name fits, such as factor-*; may be given more than once [default: all]
    #[arg(long, value_name = "PATTERN")]
    jobs: Vec<String>,

    /// Lets `master run` of others start commands here, as this user
    #[arg(long)]
    allow_run: bool,

    /// Where data sets are kept [default: brigade/data in the user's cache folder]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,

    #[command(flatten)]
    entry: Entry,

    #[command(flatten)]
    common: HostOptions,
}

/// Works until it is told to end.
pub(crate) fn run(args: &JoinArgs) -> anyhow::Result<Done> {
    let broker = args.entry.broker(&args.servers)?;
    let narrator = args.common.narrator();
    let (options, teller) = (args.common.clone(), narrator.clone());
    let server = broker.to_string();
    let agent = Agent::new(broker, move |title| options.pool(title, &teller))
        .slots(args.common.workers())
        .jobs(args.jobs.clone())
        .allow_run(args.allow_run)
        .data_folder(args.data_dir.clone().unwrap_or_else(cache_folder))
        .on_event(move |told| tell(&narrator, &server, &told));
    drain_on_signals(agent.control());
    let done = agent.run()?;
    complain(&format!(
        "left the NATS server; {} done",
        counted(done, "task")
    ));
    Ok(Done::Well)
}

/// The first signal drains, the second one ends.
fn drain_on_signals(control: AgentControl) {
    let control = Mutex::new(Some(control));
    signals::divert(move |_| {
        let mut control = control
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(control) = control.take() else {
            return false;
        };
        complain("taking no more tasks; finishing what is in hand, once more to end at once");
        control.drain();
        true
    });
}

fn tell(narrator: &Narrator, server: &str, told: &Told) {
    match told {
        Told::Joined { host } => narrator.say(&format!("joined {server} as {host}")),
        Told::JobBegun { job } if narrator.is_verbose() => {
            narrator.say(&format!("job {job}: begun"));
        }
        Told::JobEnded { job } if narrator.is_verbose() => {
            narrator.say(&format!("job {job}: ended"));
        }
        Told::JobRefused { job, reason } => {
            narrator.say(&format!("warning: job {job} is left to others: {reason}"));
        }
        Told::Trouble(what) => narrator.say(what),
        _ => {}
    }
}

/// Where this user's programs keep what they can fetch again.
fn cache_folder() -> PathBuf {
    let own = |name| {
        env::var_os(name)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    };
    own("XDG_CACHE_HOME")
        .or_else(|| Some(own("HOME")?.join(".cache")))
        .unwrap_or_else(env::temp_dir)
        .join("brigade/data")
}
