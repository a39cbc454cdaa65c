//! A `master logs serve` under test, and clients for it.

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::{Output, Running, binary, eventually, kill};

/// A server with a file of its own.
#[derive(Debug)]
pub struct LogServer {
    run: Running,
    /// Where it listens.
    pub address: SocketAddr,
    /// The file that it writes.
    pub file: PathBuf,
    /// The folder of that file, removed with this.
    pub folder: TempDir,
}

impl LogServer {
    /// Starts a server on a free port, with these options beside.
    pub fn start(options: &[&str]) -> Self {
        Self::start_by(Command::new(binary("master")), options)
    }

    /// Starts one through a shell that first does something else, such as setting a limit.
    pub fn start_after(preparation: &str, options: &[&str]) -> Self {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("{preparation}; exec \"$0\" \"$@\"")]);
        shell.arg(binary("master"));
        Self::start_by(shell, options)
    }

    fn start_by(mut command: Command, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("log.jsonl");
        command.args(["logs", "serve", "--listen", "127.0.0.1:0", "--output"]);
        command.arg(&file).args(options);
        let mut run = Running::start(command);
        let address = address(&mut run);
        Self {
            run,
            address,
            file,
            folder,
        }
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.run.pid()
    }

    /// Waits for a line on its standard error.
    pub fn says(&mut self, wanted: &str) -> String {
        self.run.stderr_line(|line| line.contains(wanted))
    }

    /// Connects to it.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).expect("a server")
    }

    /// Sends bytes and closes the connection.
    pub fn send(&self, bytes: &[u8]) {
        self.connect().write_all(bytes).expect("a reader");
    }

    /// A Python program of `tests/support/logs`, given the port and further arguments.
    pub fn python(&self, script: &str, arguments: &[&str]) -> Child {
        Command::new("python3")
            .arg(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("support/logs")
                    .join(script),
            )
            .arg(self.address.port().to_string())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python3")
    }

    /// How many lines its file has now.
    pub fn line_count(&self) -> usize {
        let text = fs::read(&self.file).unwrap_or_default();
        text.split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"))
            .count()
    }

    /// Waits until its file has so many lines.
    #[track_caller]
    pub fn wait_for_lines(&self, count: usize) {
        let is_there = eventually(20, || self.line_count() >= count);
        assert!(is_there, "{} of {count} lines", self.line_count());
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Asks for its end by SIGTERM and waits; returns what it left, the lines of its file, and the folder.
    pub fn stop(self) -> (Output, Vec<String>, TempDir) {
        self.signal(Signal::SIGTERM);
        self.end()
    }

    /// Waits for its end, which was asked for.
    pub fn end(self) -> (Output, Vec<String>, TempDir) {
        let output = self.run.end();
        (output, lines_of(&self.file), self.folder)
    }

    /// The same, with all that must be true of an end in good order; returns the records.
    #[track_caller]
    pub fn stop_well(self) -> Vec<String> {
        self.signal(Signal::SIGTERM);
        self.end_well()
    }

    /// Waits for its end, which was asked for and must be in good order; returns the records.
    #[track_caller]
    pub fn end_well(self) -> Vec<String> {
        let (output, mut lines, _folder) = self.end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let last = lines.pop().expect("a last line");
        assert_eq!(output.stdout.trim_end(), last);
        assert_eq!(last, format!("{{\"lines_collected\": {}}}", lines.len()));
        lines
    }
}

/// The lines of a file, which must all be whole.
#[track_caller]
pub fn lines_of(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a file");
    assert!(text.is_empty() || text.ends_with('\n'), "a line is torn");
    text.lines().map(str::to_owned).collect()
}

/// The records of a file, without the last line of a server.
#[track_caller]
pub fn records_of(file: &Path) -> Vec<String> {
    let mut lines = lines_of(file);
    lines.retain(|line| !line.starts_with("{\"lines_collected\""));
    lines
}

/// Waits until a server says where it listens.
pub fn address(run: &mut Running) -> SocketAddr {
    let line = run.stderr_line(|line| line.starts_with("Serving on "));
    let port = line.trim_end().trim_end_matches(')').rsplit(' ').next();
    let port = port.and_then(|port| port.parse().ok()).expect("a port");
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A pickle with its length in front.
pub fn framed(pickle: &[u8]) -> Vec<u8> {
    let length = u32::try_from(pickle.len()).expect("a short pickle");
    [&length.to_be_bytes(), pickle].concat()
}

/// A record with a message, as protocol 1 has it.
pub fn record(message: &str) -> Vec<u8> {
    let mut pickle = b"}q\0(X\x03\0\0\0msgq\x01X".to_vec();
    let length = u32::try_from(message.len()).expect("a short message");
    pickle.extend_from_slice(&length.to_le_bytes());
    pickle.extend_from_slice(message.as_bytes());
    pickle.extend_from_slice(b"q\x02u.");
    framed(&pickle)
}

/// The line of such a record.
pub fn line(message: &str) -> String {
    format!("{{\"msg\":\"{message}\"}}")
}
