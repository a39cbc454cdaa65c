//! A small web server for tests, which can also behave badly.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Answers requests on a port of its own until the test's process ends.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    asked: Mutex<Vec<Asked>>,
    times: Mutex<HashMap<String, usize>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// With its slash.
    pub path: String,
    /// Names in small letters.
    pub headers: HashMap<String, String>,
    /// How many requests for this path came before.
    pub before: usize,
    /// When it was complete.
    pub at: Instant,
}

/// What is answered, and how.
#[derive(Debug, Clone)]
pub struct Reply {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    delay: Duration,
    manner: Manner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Whole,
    /// Announces the whole body, sends so many bytes of it, and closes.
    CutAt(usize),
    /// Sends the body again and again, without an end.
    Endless,
    /// Sends a byte at a time, with a pause after each.
    Dripping(Duration),
    /// Closes the connection without a word.
    Silent,
}

impl Reply {
    /// 200 with a body.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: "200 OK",
            headers: vec![("Content-Type", "text/plain".into())],
            body: body.into(),
            delay: Duration::ZERO,
            manner: Manner::Whole,
        }
    }

    /// Another status, such as `404 Not Found`, with a few words.
    pub fn status(status: &'static str) -> Self {
        Self {
            status,
            ..Self::text("sorry\n")
        }
    }

    /// Says that the text is elsewhere.
    pub fn redirect(to: impl Into<String>) -> Self {
        Self::status("302 Found").header("Location", to)
    }

    /// Closes the connection without a word.
    pub fn silence() -> Self {
        Self {
            manner: Manner::Silent,
            ..Self::text("")
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Answers later.
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Announces the whole body, sends so many bytes of it, and closes.
    pub fn cut_at(self, bytes: usize) -> Self {
        let manner = Manner::CutAt(bytes);
        Self { manner, ..self }
    }

    /// Sends the body again and again, without an end.
    pub fn endless(self) -> Self {
        let manner = Manner::Endless;
        Self { manner, ..self }
    }

    /// Sends a byte at a time, with a pause after each.
    pub fn dripping(self, pause: Duration) -> Self {
        let manner = Manner::Dripping(pause);
        Self { manner, ..self }
    }
}

impl Web {
    /// Starts to answer.
    pub fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(|stream| stream, answer)
    }

    /// The same with something between the connection and HTTP, such as TLS.
    pub fn start_with<S: Read + Write>(
        wrap: impl Fn(TcpStream) -> S + Send + Sync + 'static,
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let state = Arc::<State>::default();
        let (shared, service) = (Arc::clone(&state), Arc::new((wrap, answer)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, service) = (Arc::clone(&shared), Arc::clone(&service));
                thread::spawn(move || {
                    let (wrap, answer) = &*service;
                    // A client may leave at any moment.
                    let _ = serve(wrap(stream), &state, answer);
                });
            }
        });
        Self { address, state }
    }

    /// Its address, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// All requests up to now, in the order in which they came.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().expect("no panic").clone()
    }

    /// How many requests were being answered at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.state.most_open.load(Ordering::SeqCst)
    }
}

/// One request a connection.
fn serve(
    stream: impl Read + Write,
    state: &State,
    answer: &impl Fn(&Asked) -> Reply,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if path.is_empty() {
        return Ok(());
    }
    let before = {
        let mut times = state.times.lock().expect("no panic");
        let count = times.entry(path.clone()).or_default();
        *count += 1;
        *count - 1
    };
    let asked = Asked {
        path,
        headers,
        before,
        at: Instant::now(),
    };
    state.asked.lock().expect("no panic").push(asked.clone());
    let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
    state.most_open.fetch_max(open, Ordering::SeqCst);
    let reply = answer(&asked);
    thread::sleep(reply.delay);
    // Whoever has the answer may ask for the next thing at once.
    state.open.fetch_sub(1, Ordering::SeqCst);
    send(stream.get_mut(), &reply)
}

fn send(stream: &mut impl Write, reply: &Reply) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if reply.manner != Manner::Endless && !reply.status.starts_with("304") {
        let _ = write!(head, "Content-Length: {}\r\n", reply.body.len());
    }
    head += "\r\n";
    match reply.manner {
        Manner::Silent => return Ok(()),
        Manner::Whole => {
            stream.write_all(&[head.as_bytes(), &reply.body].concat())?;
        }
        Manner::CutAt(bytes) => {
            let sent = &reply.body[..bytes.min(reply.body.len())];
            stream.write_all(&[head.as_bytes(), sent].concat())?;
        }
        Manner::Endless => {
            stream.write_all(head.as_bytes())?;
            while !reply.body.is_empty() {
                stream.write_all(&reply.body)?;
            }
        }
        Manner::Dripping(pause) => {
            stream.write_all(head.as_bytes())?;
            for byte in &reply.body {
                stream.write_all(&[*byte])?;
                stream.flush()?;
                thread::sleep(pause);
            }
        }
    }
    stream.flush()
}
