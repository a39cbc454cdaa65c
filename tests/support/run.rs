//! Starts a binary, and ends it if it does not end by itself.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use crate::binary;

/// The longest that any one run may take.
const LIMIT: Duration = Duration::from_mins(1);

/// The `master` binary, to be given arguments.
pub fn master<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Running {
    program("master", arguments)
}

/// Any binary of this workspace, to be given arguments.
pub fn program<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(name: &str, arguments: I) -> Running {
    let mut command = Command::new(binary(name));
    command.args(arguments);
    Running::start(command)
}

/// A program that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    seen_stderr: String,
}

/// What a program that has ended left.
#[derive(Debug, PartialEq, Eq)]
pub struct Output {
    /// The exit code, or minus the signal that killed it.
    pub code: i32,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Running {
    /// Starts a command with pipes for all its streams.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
        let stdout = lines(child.stdout.take().expect("piped"));
        let stderr = lines(child.stderr.take().expect("piped"));
        Self {
            child,
            stdout,
            stderr,
            seen_stderr: String::new(),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid")
    }

    /// Writes to its standard input and closes it.
    pub fn input(mut self, text: &str) -> Self {
        let mut stdin = self.child.stdin.take().expect("still open");
        // It may have ended without reading.
        let _ = stdin.write_all(text.as_bytes());
        self
    }

    /// Writes to its standard input, which stays open.
    pub fn send(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("still open");
        stdin.write_all(text.as_bytes()).expect("a reader");
    }

    /// Waits for the next line on standard output.
    pub fn stdout_line(&mut self) -> String {
        let line = self.stdout.recv_timeout(LIMIT);
        line.unwrap_or_else(|_| panic!("no line came; standard error:\n{}", self.seen_stderr))
    }

    /// Waits for a line on standard error that `wanted` accepts, and returns it.
    pub fn stderr_line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.stderr.recv_timeout(left).unwrap_or_else(|_| {
                panic!("the line did not come; there was:\n{}", self.seen_stderr)
            });
            self.seen_stderr.push_str(&line);
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Waits until `count` workers have told their process ids, as `-v` makes them, and returns these.
    pub fn worker_pids(&mut self, count: usize) -> Vec<i32> {
        (0..count)
            .map(|_| {
                let line = self.stderr_line(|line| line.starts_with("OS PID "));
                line["OS PID ".len()..].trim().parse().expect("a pid")
            })
            .collect()
    }

    /// Waits for its end.
    pub fn end(self) -> Output {
        self.end_within(LIMIT)
    }

    /// Waits for the end of what takes longer than others do.
    pub fn end_within(mut self, limit: Duration) -> Output {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + limit;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "it hangs; standard error:\n{}",
                self.seen_stderr
            );
            thread::sleep(Duration::from_millis(1));
        };
        let mut stderr = std::mem::take(&mut self.seen_stderr);
        stderr.extend(self.stderr.iter());
        Output {
            code: status
                .code()
                .unwrap_or_else(|| -status.signal().unwrap_or(0)),
            stdout: self.stdout.iter().collect(),
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a stream line by line on a thread, so that no pipe ever fills.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            line.clear();
            if send.send(text).is_err() {
                break;
            }
        }
    });
    receive
}

impl Output {
    /// The lines of standard output, sorted.
    pub fn sorted_lines(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self.stdout.lines().collect();
        lines.sort_unstable();
        lines
    }

    /// Asserts that it ended well and said nothing on the side.
    #[track_caller]
    pub fn assert_quiet_success(&self) {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""));
    }
}

/// Writes a file for a test.
pub fn write(path: &Path, text: &str) {
    File::create(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
}
