//! A NATS server and hosts of its own for a test.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

use crate::{namespace::Namespace, run::Running};

/// How long the server may take to open its port.
const PATIENCE: Duration = Duration::from_secs(20);

/// A real `nats-server` on a free port, with a store of its own. It is killed when this is dropped.
#[derive(Debug)]
pub struct Nats {
    folder: tempfile::TempDir,
    port: u16,
    arguments: Vec<String>,
    child: Child,
}

impl Nats {
    /// A server that keeps streams.
    pub fn start() -> Self {
        Self::start_with(&["-js"], "")
    }

    /// A server with these arguments, and this configuration if it is not empty.
    pub fn start_with(arguments: &[&str], configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        if !configuration.is_empty() {
            let path = folder.path().join("nats.conf");
            fs::write(
                &path,
                configuration.replace("{folder}", &folder.path().display().to_string()),
            )
            .unwrap();
            arguments.extend(["-c".into(), path.display().to_string()]);
        }
        let child = launch(folder.path(), port, &arguments);
        let mut nats = Self {
            folder,
            port,
            arguments,
            child,
        };
        nats.wait();
        nats
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What `master cluster status` says in JSON; null while the server does not answer.
    pub fn status(&self) -> serde_json::Value {
        let url = self.url();
        let arguments = ["cluster", "status", "--format", "json", "--server", &url];
        let output = crate::master(arguments).end();
        serde_json::from_str(&output.stdout).unwrap_or_default()
    }

    /// A folder that lives as long as the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it as nothing else does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port and store.
    pub fn restart(&mut self) {
        self.child = launch(self.folder.path(), self.port, &self.arguments);
        self.wait();
    }

    /// Processor time it has taken so far.
    pub fn cpu_seconds(&self) -> f64 {
        let ticks = crate::cpu_ticks(i32::try_from(self.child.id()).unwrap());
        ticks as f64 / 100.0
    }

    /// Sends it a signal, such as one that stops it and one that lets it go on.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        signal::kill(Pid::from_raw(pid), signal).unwrap();
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                self.child.try_wait().unwrap().is_none() && Instant::now() < deadline,
                "nats-server does not start: {}",
                fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A host that has joined, with so many workers.
    pub fn host(&self, workers: usize, more: &[&str]) -> Running {
        joined(self.host_command(workers, more))
    }

    /// The command that joins.
    pub fn host_command(&self, workers: usize, more: &[&str]) -> Command {
        let mut command = Command::new(crate::binary("master"));
        self.join(&mut command, &self.url(), workers, more);
        command
    }

    /// A host that reaches the server by another address.
    pub fn host_by(&self, url: &str, workers: usize, more: &[&str]) -> Running {
        let mut command = Command::new(crate::binary("master"));
        self.join(&mut command, url, workers, more);
        joined(command)
    }

    /// A host in a network of its own.
    pub fn host_in(&self, namespace: &Namespace, workers: usize, more: &[&str]) -> Running {
        let url = format!("nats://{}:{}", namespace.address(), self.port);
        let mut command = namespace.command(crate::binary("master"));
        self.join(&mut command, &url, workers, more);
        joined(command)
    }

    fn join(&self, command: &mut Command, url: &str, workers: usize, more: &[&str]) {
        let workers = workers.to_string();
        command
            .args(["join", url, "-v", "-j", &workers, "--data-dir"])
            .arg(self.data_folder())
            .args(more);
    }

    /// Where the hosts keep data sets.
    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a host, and waits until the server knows it.
fn joined(command: Command) -> Running {
    let mut host = Running::start(command);
    host.stderr_line(|line| line.starts_with("joined "));
    host
}

fn launch(folder: &Path, port: u16, arguments: &[String]) -> Child {
    Command::new("nats-server")
        // Arguments that come later count.
        .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
        .arg(folder.join("store"))
        .arg("-l")
        .arg(folder.join("log"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("cannot start nats-server, which scripts/setup installs: {e}"))
}

/// A port on which nobody listens, and which the kernel gives to nobody who asks for any: those are above 32767.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 20_000;
    // Tests of other processes begin elsewhere.
    let own = u16::try_from(std::process::id() % 500).unwrap() * 40;
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (own.wrapping_add(next)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
