//! A directory that one of several threads lists.

use std::{
    mem,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use super::{
    rules::Rules,
    walk::{Found, Unseen},
};

/// What a directory holds.
#[derive(Debug)]
pub(super) enum Entry {
    File(Found),
    Folder(Arc<Folder>),
    Unseen(Unseen),
}

/// A directory.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Those above it.
    pub(super) rules: Rules,
    state: Mutex<State>,
    is_listed: Condvar,
}

#[derive(Debug)]
enum State {
    Waiting,
    /// Somebody is listing it.
    Begun,
    Listed(Vec<Entry>),
}

impl Folder {
    pub(super) fn new(path: PathBuf, rules: Rules) -> Self {
        Self {
            path,
            rules,
            state: Mutex::new(State::Waiting),
            is_listed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is the caller who is to list it.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        let is_first = matches!(*state, State::Waiting);
        if is_first {
            *state = State::Begun;
        }
        is_first
    }

    pub(super) fn end(&self, entries: Vec<Entry>) {
        *self.state() = State::Listed(entries);
        self.is_listed.notify_all();
    }

    /// What somebody else lists.
    pub(super) fn wait(&self) -> Vec<Entry> {
        let mut state = self.state();
        loop {
            if let State::Listed(entries) = &mut *state {
                return mem::take(entries);
            }
            state = self
                .is_listed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}
