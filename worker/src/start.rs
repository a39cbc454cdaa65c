//! A worker's first steps: take the inherited descriptors, shake hands, attach to the shared memory.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Write},
    os::fd::OwnedFd,
    process,
    sync::Arc,
};

use brigade_protocol::{
    FromWorker, Hello, Mismatch, Start, ToWorker, codec, fd, frame,
    shm::{BoardLine, Lane, take_inherited},
};
use nix::{
    sys::{
        prctl,
        signal::{SigSet, Signal},
    },
    unistd::{Pid, dup2_stderr},
};

use crate::{
    conditions,
    context::Context,
    inbox::{Inbox, InboxError},
    lifeline::{self, Pulse, Ties},
    registry::Registry,
    sender::Sender,
};

/// Why a worker did not begin to serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(
        "a worker is started by a master, not by hand: descriptors {} to {} are not those of a pool; \
         try `master tune`",
        fd::TASKS,
        fd::LANE
    )]
    ByHand(#[source] io::Error),
    #[error(transparent)]
    Inbox(#[from] InboxError),
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    #[error("cannot write to the master: {0}")]
    Write(#[source] io::Error),
    #[error("cannot prepare the worker's signals: {0}")]
    Signals(#[from] nix::errno::Errno),
    #[error("cannot watch the master: {0}")]
    Lifeline(#[source] io::Error),
    #[error("{0}")]
    Refused(String),
    #[error("the master ended before the worker began")]
    Orphaned,
}

/// All that serving takes.
pub(crate) struct Session {
    pub(crate) start: Start,
    pub(crate) ties: Arc<Ties>,
    pub(crate) inbox: Inbox,
    pub(crate) sender: Arc<Sender>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) lane: Lane,
    pub(crate) board_line: Option<BoardLine>,
    pub(crate) context: Context,
}

/// Takes the descriptors, greets, is greeted, and carries out `Start`.
pub(crate) fn start(registry: &Registry) -> Result<Session, StartError> {
    let mut inbox = Inbox::new(take_inherited(fd::TASKS).map_err(StartError::ByHand)?);
    let results = take_inherited(fd::RESULTS).map_err(StartError::ByHand)?;
    let memory = take_inherited(fd::LANE).map_err(StartError::ByHand)?;
    let lane =
        Lane::attach(&memory).map_err(|error| StartError::ByHand(io::Error::other(error)))?;
    prepare_signals()?;

    let sender = Sender::new(results, lane.outbox());
    let greeted = say(&sender, &Hello::of_this_build(kinds(registry)));
    // What a master has written before it died can still be read, and says what it has left behind.
    let received = receive_hello(&mut inbox).and_then(|()| receive_start(&mut inbox));
    if let (Err(StartError::Orphaned), Some(ties)) = (&received, Ties::of_birth()) {
        ties.cut();
    }
    let start = received?;
    let ties = Ties {
        master: Pid::from_raw(start.master),
        board: start.board.clone(),
    };
    if greeted.is_err() || ties.is_orphaned() {
        ties.cut();
    }
    // From here on the end of the master is seen, however long an initialiser takes.
    let (ties, sender) = (Arc::new(ties), Arc::new(sender));
    let pulse = lifeline::watch(Arc::clone(&ties), inbox.pipe(), Arc::clone(&sender))
        .map_err(StartError::Lifeline)?;
    pulse.begin();
    let attached = attach(&start, registry);
    pulse.end();
    if attached.is_ok() {
        show_errors()?;
    }
    let answer = match &attached {
        Ok(_) => FromWorker::Ready,
        Err(reason) => FromWorker::Refused {
            reason: reason.clone(),
        },
    };
    if say(&sender, &answer).is_err() {
        ties.cut();
    }
    let (board_line, context) = attached.map_err(StartError::Refused)?;
    Ok(Session {
        start,
        ties,
        inbox,
        sender,
        pulse,
        lane,
        board_line,
        context,
    })
}

/// Ctrl-C is the master's to handle, and a terminal must not stop a worker that prints. The lifeline receives
/// the others, among them the one that the kernel sends when the master dies: SIGCONT, which reaches a worker
/// that is stopped as well.
fn prepare_signals() -> Result<(), nix::errno::Errno> {
    let unwanted = [Signal::SIGINT, Signal::SIGTTIN, Signal::SIGTTOU];
    let blocked: SigSet = unwanted.into_iter().chain(lifeline::WATCHED).collect();
    blocked.thread_block()?;
    prctl::set_pdeathsig(Signal::SIGCONT)
}

fn kinds(registry: &Registry) -> Vec<String> {
    registry.kinds().map(str::to_owned).collect()
}

fn say<T: serde::Serialize>(sender: &Sender, message: &T) -> Result<(), StartError> {
    let mut bytes = Vec::new();
    frame::append(&mut bytes, |out| codec::encode_into(message, out))
        .map_err(|error| StartError::Write(io::Error::other(error)))?;
    let mut open = sender.open();
    open.push(&bytes)
        .and_then(|()| open.flush())
        .map_err(StartError::Write)
}

fn receive_hello(inbox: &mut Inbox) -> Result<(), StartError> {
    let frame = inbox.next()?.ok_or(StartError::Orphaned)?;
    let hello: Hello = codec::decode(&frame).map_err(|_| Mismatch::NotBrigade)?;
    Ok(hello.check()?)
}

fn receive_start(inbox: &mut Inbox) -> Result<Start, StartError> {
    let frame = inbox.next()?.ok_or(StartError::Orphaned)?;
    match codec::decode(&frame) {
        Ok(ToWorker::Start(start)) => Ok(start),
        _ => Err(Mismatch::NotBrigade.into()),
    }
}

/// From now on standard error is the master's; what has been said until now follows it there.
fn show_errors() -> Result<(), StartError> {
    let inherited = take_inherited(fd::STANDARD_ERROR).map_err(StartError::ByHand)?;
    let mut log = Vec::new();
    // Reopened, because the descriptor itself stands where the last word was written.
    if let Ok(mut said) = File::open("/proc/self/fd/2") {
        let _ = said.read_to_end(&mut log);
    }
    dup2_stderr(&inherited)?;
    // Whoever reads there may be gone.
    let _ = io::stderr().write_all(&log);
    Ok(())
}

/// Prepares for work: limits, shared segments, the line of the status board, the initialiser. An error is the
/// reason for the user.
fn attach(start: &Start, registry: &Registry) -> Result<(Option<BoardLine>, Context), String> {
    let segments = (fd::FIRST_SEGMENT..)
        .zip(&start.segments)
        .map(|(number, name)| match take_inherited(number) {
            Ok(segment) => Ok((name.clone(), segment)),
            Err(error) => Err(format!("cannot take the shared segment `{name}`: {error}")),
        })
        .collect::<Result<HashMap<String, OwnedFd>, String>>()?;
    let index = usize::try_from(start.index).map_err(|error| error.to_string())?;
    // The board is for looking only: somebody may have removed it, and work goes on all the same.
    let line = BoardLine::open(&start.board, index, process::id()).ok();
    conditions::settle(start)?;
    let mut context = Context::new(start.index, segments);
    if let Some((kind, input)) = &start.initializer {
        registry
            .run_by_name(kind, input, &mut context, &mut Vec::new())
            .map_err(|failure| format!("the initializer `{kind}` failed: it {failure}"))?;
    }
    Ok((line, context))
}
