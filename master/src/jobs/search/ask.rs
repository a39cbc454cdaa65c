//! Where questions come from when they are not on the command line: a prompt, or standard input.

use std::{
    env, fs,
    io::{self, BufRead, IsTerminal},
    path::PathBuf,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use nix::sys::termios::{self, SetArg, Termios};
use rustyline::{Behavior, Config, DefaultEditor, error::ReadlineError};

/// Says what can be typed.
pub(super) const HELP: &str = "\
Type what to look for and press Enter; the options given at the start hold for it.
  :quit, Ctrl-D   end
  :help           this
  Ctrl-C          forget the line; while a search runs, end";

/// What the user typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Pattern(Vec<u8>),
    Help,
    End,
    /// Nothing yet.
    Nothing,
    /// Standard input cannot be read.
    Broken(String),
}

/// Reads on a thread of its own, because a read may wait for ever.
pub(super) struct Asker {
    /// A prompt is shown only when the last answer is.
    next: Sender<()>,
    asked: Receiver<Asked>,
    is_waiting: bool,
    /// How the terminal was before there was a prompt.
    terminal: Option<Termios>,
}

impl Asker {
    pub(super) fn start() -> Self {
        let (next, wanted) = mpsc::channel();
        let (tell, asked) = mpsc::channel();
        let terminal = termios::tcgetattr(io::stdin()).ok();
        let is_terminal = terminal.is_some();
        thread::spawn(move || {
            if is_terminal {
                prompt(&wanted, &tell);
            } else {
                read(&wanted, &tell);
            }
        });
        Self {
            next,
            asked,
            is_waiting: false,
            terminal,
        }
    }

    /// What is asked next, if it is typed soon.
    pub(super) fn next(&mut self, limit: Duration) -> Asked {
        if !self.is_waiting {
            let _ = self.next.send(());
            self.is_waiting = true;
        }
        match self.asked.recv_timeout(limit) {
            Ok(asked) => {
                self.is_waiting = false;
                asked
            }
            Err(RecvTimeoutError::Timeout) => Asked::Nothing,
            Err(RecvTimeoutError::Disconnected) => Asked::End,
        }
    }
}

impl Drop for Asker {
    /// Whatever the prompt was in the middle of when a signal came, the terminal is as it was.
    fn drop(&mut self) {
        if let Some(terminal) = &self.terminal {
            let _ = termios::tcsetattr(io::stdin(), SetArg::TCSADRAIN, terminal);
        }
    }
}

/// Lines of standard input as they are.
fn read(wanted: &Receiver<()>, tell: &Sender<Asked>) {
    let mut lines = io::stdin().lock().split(b'\n');
    while wanted.recv().is_ok() {
        let asked = loop {
            match lines.next() {
                Some(Ok(mut line)) => {
                    line.pop_if(|last| *last == b'\r');
                    // It would match every line there is, and was hardly meant to.
                    if !line.is_empty() {
                        break Asked::Pattern(line);
                    }
                }
                Some(Err(error)) => break Asked::Broken(error.to_string()),
                None => break Asked::End,
            }
        };
        if tell.send(asked).is_err() {
            return;
        }
    }
}

/// Lines typed at a prompt, with those of earlier days at hand.
fn prompt(wanted: &Receiver<()>, tell: &Sender<Asked>) {
    let behavior = if io::stdout().is_terminal() {
        Behavior::Stdio
    } else {
        // What is found goes there, and nothing else.
        Behavior::PreferTerm
    };
    let config = Config::builder().behavior(behavior).build();
    let mut editor = match DefaultEditor::with_config(config) {
        Ok(editor) => editor,
        Err(error) => return drop(tell.send(Asked::Broken(error.to_string()))),
    };
    let history = history();
    if let Some(path) = &history {
        // There is none the first time.
        let _ = editor.load_history(path);
    }
    while wanted.recv().is_ok() {
        let asked = loop {
            match editor.readline("search> ") {
                Ok(line) if line.is_empty() => {}
                Ok(line) => {
                    let _ = editor.add_history_entry(&line);
                    break match line.as_str() {
                        ":quit" | ":q" => Asked::End,
                        ":help" | ":h" => Asked::Help,
                        _ => Asked::Pattern(line.into_bytes()),
                    };
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => break Asked::End,
                Err(error) => break Asked::Broken(error.to_string()),
            }
        };
        if let Some(path) = &history {
            // Without a history it works as well.
            let _ = editor.save_history(path);
        }
        if tell.send(asked).is_err() {
            return;
        }
    }
}

/// Where the history is kept: the user's state directory.
fn history() -> Option<PathBuf> {
    let state = env::var_os("XDG_STATE_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/state")))?;
    let folder = state.join("brigade");
    fs::create_dir_all(&folder).ok()?;
    Some(folder.join("search_history"))
}
