//! A `master serve` under test, and a client for it that can also behave badly.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{LONG, Output, Running, binary, eventually, kill, table};

/// A form that keeps its tune busy for minutes, unless it is cancelled.
pub const ENDLESS: [(&str, &str); 3] = [
    ("k", "1:40"),
    ("distance", LONG[1]),
    ("split", "kfold:5x20"),
];

/// The table for such a form.
pub fn endless() -> String {
    table(6_000, 30)
}

/// How long a client waits for anything.
const PATIENCE: Duration = Duration::from_secs(40);

/// A server on a free port.
#[derive(Debug)]
pub struct Site {
    run: Running,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What a server answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status; 0 if there was no answer.
    pub status: u16,
    /// Names in small letters, with their values.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// A header's value, empty without it.
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(given, _)| given == name);
        header.map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl Site {
    /// Starts a server with these options beside.
    pub fn start<S: AsRef<OsStr>>(options: &[S]) -> Self {
        Self::start_in(Path::new("."), options)
    }

    /// The same in a folder.
    pub fn start_in<S: AsRef<OsStr>>(folder: &Path, options: &[S]) -> Self {
        let mut command = Command::new(binary("master"));
        command.current_dir(folder).env_remove("BRIGADE_TOKEN");
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.args(options);
        let mut run = Running::start(command);
        let line = run.stderr_line(|line| line.starts_with("Serving on http://"));
        let address = line.trim_end().rsplit('/').next().expect("an address");
        Self {
            run,
            address: address.parse().expect("an address"),
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

    /// Asks for its end and waits for it.
    pub fn stop(self) -> Output {
        kill(self.pid(), Signal::SIGTERM);
        self.run.end()
    }

    /// Waits for its end.
    pub fn end(self) -> Output {
        self.run.end()
    }

    /// Its address as a browser is given it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Connects to it.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a server");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// Sends bytes as they are, and reads until the server closes.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // The server may have closed without reading all of it.
        let _ = stream.write_all(bytes);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        parse(&all)
    }

    /// Asks with headers and a body of one's own.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            let _ = write!(head, "Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if method != "GET" || !body.is_empty() {
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        let bytes = [head.as_bytes(), b"\r\n", body].concat();
        let mut stream = self.connect();
        let _ = stream.write_all(&bytes);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        parse(&all)
    }

    /// Gets something as a program does.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    /// Gets a page as a browser does.
    pub fn page(&self, path: &str) -> Answer {
        self.ask("GET", path, &[("Accept", "text/html,*/*;q=0.8")], b"")
    }

    /// Sends a form.
    pub fn post(&self, path: &str, fields: &[(&str, &str)], table: Option<&str>) -> Answer {
        let kind = [("Content-Type", FORM)];
        self.ask("POST", path, &kind, &form(fields, table))
    }

    /// Begins a tune by the interface for programs; its number.
    #[track_caller]
    pub fn tune(&self, fields: &[(&str, &str)], table: Option<&str>) -> u64 {
        let answer = self.post("/api/v1/tunes", fields, table).expect(201);
        let id = answer.json()["id"].as_u64().expect("a number");
        assert_eq!(answer.header("location"), format!("/api/v1/tunes/{id}"));
        id
    }

    /// How a tune stands.
    #[track_caller]
    pub fn tune_of(&self, id: u64) -> Value {
        self.get(&format!("/api/v1/tunes/{id}")).expect(200).json()
    }

    /// Waits until a tune has ended, and looks at it meanwhile.
    #[track_caller]
    pub fn ended(&self, id: u64) -> Value {
        let is_over = eventually(40, || self.tune_of(id)["state"] != "running");
        assert!(is_over, "{}", self.tune_of(id));
        self.tune_of(id)
    }

    /// Opens a stream of events.
    pub fn events(&self, path: &str) -> Events {
        let mut stream = self.connect();
        let ask = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        stream.write_all(ask.as_bytes()).expect("a server");
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).expect("a head") > 0 {}
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("text/event-stream"), "{head}");
        Events {
            lines,
            text: String::new(),
        }
    }
}

/// A stream of events.
#[derive(Debug)]
pub struct Events {
    lines: BufReader<TcpStream>,
    text: String,
}

impl Events {
    /// The next event of this name; none at the end of the stream.
    pub fn next(&mut self, name: &str) -> Option<Value> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let mut lines = event.lines();
                let is_it = lines.next() == Some(&format!("event: {name}"));
                if let (true, Some(data)) = (is_it, lines.next()) {
                    let data = data.strip_prefix("data: ").expect("data");
                    return Some(serde_json::from_str(data).expect("JSON"));
                }
            }
            let chunk = self.chunk()?;
            self.text.push_str(&chunk);
        }
    }

    /// Everything until the end of the stream.
    pub fn rest(mut self) {
        while self.chunk().is_some() {}
    }

    fn chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        self.lines
            .read_line(&mut size)
            .ok()
            .filter(|read| *read > 0)?;
        let size = usize::from_str_radix(size.trim(), 16).expect("a size");
        let mut chunk = vec![0; size + 2];
        self.lines.read_exact(&mut chunk).ok()?;
        chunk.truncate(size);
        (size > 0).then(|| String::from_utf8(chunk).expect("text"))
    }
}

/// The kind of content of a form with a file.
pub const FORM: &str = "multipart/form-data; boundary=----edge";

/// A form with a file.
pub fn form(fields: &[(&str, &str)], table: Option<&str>) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in fields {
        let _ = write!(
            text,
            "------edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    if let Some(table) = table {
        let _ = write!(
            text,
            "------edge\r\nContent-Disposition: form-data; name=\"table\"; filename=\"t.csv\"\r\n\r\n{table}\r\n"
        );
    }
    text.push_str("------edge--\r\n");
    text.into_bytes()
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Answer::default();
    };
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let is_chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    Answer {
        status: status.unwrap_or(0),
        body: if is_chunked {
            unchunked(body)
        } else {
            body.to_owned()
        },
        headers,
    }
}

fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = after.get(..size).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        body.push_str(chunk);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    body
}

/// The memory that a process has resident, in bytes.
pub fn resident_bytes(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
