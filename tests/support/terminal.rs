//! A program at a terminal of its own.

use std::{
    fs::File,
    io::{Read, Write},
    process::{Child, Command},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use nix::{
    pty::openpty,
    sys::termios::{Termios, tcgetattr},
};

/// The longest that anything on it may take.
const LIMIT: Duration = Duration::from_secs(30);

/// A terminal at which a program runs. The program is killed when this is dropped.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keys: File,
    /// The program's side, kept so that its settings can be looked at.
    screen: File,
    shown: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    /// Starts a command whose streams are all this terminal.
    pub fn start(mut command: Command) -> Self {
        let pty = openpty(None, None).expect("a terminal");
        let (keys, screen) = (File::from(pty.master), File::from(pty.slave));
        let end = || screen.try_clone().expect("a descriptor");
        command.stdin(end()).stdout(end()).stderr(end());
        let child = command.env("TERM", "xterm").spawn().expect("a program");
        let (send, shown) = mpsc::channel();
        let mut reader = keys.try_clone().expect("a descriptor");
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The other side's end is an error here.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keys,
            screen,
            shown,
            seen: String::new(),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid")
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// How the terminal is set.
    pub fn settings(&self) -> Termios {
        tcgetattr(&self.screen).expect("a terminal")
    }

    /// The program's side of it, to be looked at when the program has ended.
    pub fn screen(&self) -> File {
        self.screen.try_clone().expect("a descriptor")
    }

    /// Waits until this text has been shown since the last such wait, and returns what was shown up to its end.
    pub fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("`{text}` was not shown; there was: {:?}", self.seen)
                }
            }
        }
    }

    /// Waits for the program's end; its exit code, if no signal ended it.
    pub fn end(mut self) -> Option<i32> {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("it does not end; it has shown: {:?}", self.seen)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
