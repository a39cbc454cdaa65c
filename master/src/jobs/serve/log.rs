//! The log server inside, and what is shown of it.

use std::{path::PathBuf, sync::Arc};

use super::ServeArgs;
use crate::logs::{
    Allow, Config, Counts, Destination, Form, Fsync, Limits, Output, Server, ServerControl, Tail,
    Tell, Written,
};

/// A log server at work.
pub(super) struct Logs {
    server: Server,
    view: LogSource,
}

/// Where its numbers and lines come from, at any time.
#[derive(Clone)]
pub(super) struct LogSource {
    address: String,
    file: PathBuf,
    control: ServerControl,
    tail: Arc<Tail>,
}

/// What is shown of it.
#[derive(Debug, Clone)]
pub(crate) struct LogView {
    pub(crate) address: String,
    pub(crate) file: String,
    pub(crate) counts: Counts,
    /// The newest last.
    pub(crate) lines: Vec<String>,
}

impl Logs {
    /// Starts it, if it was asked for.
    pub(super) fn start(args: &ServeArgs, tell: Tell) -> anyhow::Result<Option<Self>> {
        let (Some(listen), Some(file)) = (args.logs, &args.logs_output) else {
            return Ok(None);
        };
        let tail = Arc::new(Tail::default());
        let server = Server::start(Config {
            listen,
            allow: Allow::new(Vec::new()),
            tls: None,
            limits: Limits::default(),
            form: Form::Json,
            skips: false,
            output: Output::open(&Destination::File(file.clone()))?,
            fsync: Fsync::Interval,
            rotation: None,
            tail: Some(Arc::clone(&tail)),
            tell,
        })?;
        let view = LogSource {
            address: server.address().to_string(),
            file: file.clone(),
            control: server.control(),
            tail,
        };
        Ok(Some(Self { server, view }))
    }

    pub(super) fn source(&self) -> LogSource {
        self.view.clone()
    }

    /// Writes what has arrived, and ends.
    pub(super) fn stop(self) -> Written {
        self.server.stop()
    }
}

impl LogSource {
    pub(super) fn view(&self) -> LogView {
        LogView {
            address: self.address.clone(),
            file: self.file.display().to_string(),
            counts: self.control.counts(),
            lines: self.tail.lines(),
        }
    }
}
