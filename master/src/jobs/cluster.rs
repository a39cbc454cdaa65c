//! `master cluster`: which hosts and jobs a NATS server has, and the end of jobs.

use std::io::{self, BufWriter, Write};

use anyhow::Context;
use brigade::cluster::{self, JobName};
use clap::{Args, Subcommand};

use crate::{
    cli::{Done, Entry, complain},
    report::{Format, cluster::ClusterReport, counted},
};

// Which server. No doc comment: clap would take it for that of the command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Server {
    /// The server's address, such as `nats://host:4222`
    #[arg(
        long,
        value_name = "URL",
        required = true,
        env = "BRIGADE_NATS",
        value_delimiter = ','
    )]
    server: Vec<String>,

    #[command(flatten)]
    entry: Entry,
}

/// See which hosts and jobs a NATS server has, and end jobs
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Show hosts with their workers, and jobs with what is done and left
    ///
    /// The exit code is 1 when there is neither.
    Status {
        /// How they are shown
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: Format,

        #[command(flatten)]
        server: Server,
    },
    /// End a job: its master gives up, and its hosts drop its tasks
    Cancel {
        /// The job's name, as `status` shows it
        job: JobName,

        #[command(flatten)]
        server: Server,
    },
    /// Remove jobs whose master is gone, which cannot be resumed then, and data sets that no other job needs
    Clean {
        #[command(flatten)]
        server: Server,
    },
}

/// Looks, ends or cleans.
pub(crate) fn run(command: &ClusterCommand) -> anyhow::Result<Done> {
    match command {
        ClusterCommand::Status { format, server } => status(*format, server),
        ClusterCommand::Cancel { job, server } => {
            cluster::cancel(&server.entry.broker(&server.server)?, job)?;
            complain(&format!("job {job}: cancelled"));
            Ok(Done::Well)
        }
        ClusterCommand::Clean { server } => clean(server),
    }
}

fn status(format: Format, server: &Server) -> anyhow::Result<Done> {
    let survey = cluster::survey(&server.entry.broker(&server.server)?)?;
    let report = ClusterReport::new(&survey);
    let mut out = BufWriter::new(io::stdout().lock());
    report
        .write(format, &mut out)
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    let is_empty = survey.hosts.is_empty() && survey.jobs.is_empty();
    Ok(if is_empty {
        Done::WithNothing
    } else {
        Done::Well
    })
}

fn clean(server: &Server) -> anyhow::Result<Done> {
    let cleaned = cluster::clean(&server.entry.broker(&server.server)?)?;
    for job in &cleaned.jobs {
        complain(&format!("job {job}: removed"));
    }
    complain(&format!(
        "{} and {} removed",
        counted(cleaned.jobs.len() as u64, "job"),
        counted(cleaned.data_sets, "data set")
    ));
    Ok(Done::Well)
}
