//! What jobs share that read and write at the same time: a thread that reads as long as it has tickets, and news.

use std::{
    io::Write,
    sync::mpsc::{self, Receiver, Sender, TryRecvError},
    thread,
};

use anyhow::Context;

/// Starts to read on a thread of its own, with this many tickets: it takes one for each batch, and whoever has shown
/// a batch gives it back. The thread is not waited for: it may be in the middle of a read that never ends.
pub(super) fn start_reader(
    tickets: usize,
    read: impl FnOnce(&Receiver<()>) + Send + 'static,
) -> Sender<()> {
    let (give, taken) = mpsc::channel();
    for _ in 0..tickets {
        let _ = give.send(());
    }
    thread::spawn(move || read(&taken));
    give
}

/// What is next, waited for; `None` when nobody is left who could tell. Nothing known is held back meanwhile.
pub(super) fn next<N>(news: &Receiver<N>, out: &mut impl Write) -> anyhow::Result<Option<N>> {
    match news.try_recv() {
        Ok(next) => Ok(Some(next)),
        Err(TryRecvError::Empty) => {
            // Nothing to do: whoever reads gets all that is known.
            out.flush().context("cannot write the results")?;
            Ok(Some(news.recv()?))
        }
        Err(TryRecvError::Disconnected) => Ok(None),
    }
}
