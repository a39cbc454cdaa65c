//! Fault: misbehaves as asked.

mod contend;
mod ends;
mod harmless;

use std::{
    fs::{self, OpenOptions},
    hint,
    io::Write,
    process::{self, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use brigade_protocol::{
    fd,
    jobs::fault::{Fault, Huge, Misdeed, Refusing, Unencodable},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Registry, TaskError};

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Fault, _>(|misdeed, _| commit(misdeed));
    registry.register::<Huge, _>(|bytes, _| Ok(vec![7; usize::try_from(bytes)?]));
    registry.register::<Unencodable, _>(|(), _| Ok(Refusing));
    contend::register(registry);
    ends::register(registry);
    harmless::register(registry);
}

#[expect(clippy::panic, reason = "to panic is one of the misdeeds")]
fn commit(misdeed: Misdeed) -> Result<u32, TaskError> {
    match misdeed {
        Misdeed::None => {}
        Misdeed::Sleep(time) => thread::sleep(time),
        Misdeed::Error(message) => return Err(message.into()),
        Misdeed::Panic(message) => panic!("{message}"),
        Misdeed::Exit(code) => process::exit(code),
        Misdeed::Abort => process::abort(),
        Misdeed::Segfault => die_of(Signal::SIGSEGV)?,
        Misdeed::Signal(number) => die_of(Signal::try_from(number)?)?,
        Misdeed::HalfFrame => {
            // The length of 100 bytes, then only three of them.
            scribble(&[100, 0, 0, 0, 1, 2, 3])?;
            die_of(Signal::SIGKILL)?;
        }
        Misdeed::BadLength => scribble(&[0xff; 64]).and_then(|()| hang())?,
        Misdeed::BadFrame => {
            scribble(&[3, 0, 0, 0, 0xee, 0xee, 0xee])?;
            hang()?;
        }
        Misdeed::Print(bytes) => print(bytes)?,
        Misdeed::ListDescriptors => return Err(descriptors()?.into()),
        Misdeed::DieOnce(path) => {
            if OpenOptions::new()
                .create_new(true)
                .write(true)
                .open(path)
                .is_ok()
            {
                die_of(Signal::SIGKILL)?;
            }
        }
        Misdeed::Complain(words) => {
            std::io::stderr().write_all(words.as_bytes())?;
            process::abort();
        }
        Misdeed::Spin(time) => spin(time),
        Misdeed::EatMemory(bytes) => eat(usize::try_from(bytes)?),
        Misdeed::Freeze => kill(Pid::this(), Signal::SIGSTOP)?,
        Misdeed::LeaveChild { has_own_session } => return leave_child(has_own_session),
        Misdeed::LeaveDaemon => return leave_daemon(),
        Misdeed::AppendLine { path, line } => {
            let mut file = OpenOptions::new().create(true).append(true).open(path)?;
            file.write_all(format!("{line}\n").as_bytes())?;
        }
    }
    Ok(process::id())
}

fn spin(time: Duration) {
    let began = Instant::now();
    let mut number = 1_u64;
    while began.elapsed() < time {
        number = hint::black_box(number.wrapping_mul(6_364_136_223_846_793_005));
    }
}

/// Takes memory a mebibyte at a time, as programs do that grow until they are stopped.
fn eat(bytes: usize) {
    let mut taken = Vec::new();
    while taken.len() < bytes.div_ceil(1 << 20) {
        taken.push(vec![1_u8; 1 << 20]);
    }
    hint::black_box(&taken);
}

fn leave_child(has_own_session: bool) -> Result<u32, TaskError> {
    let (program, arguments): (_, &[_]) = if has_own_session {
        ("setsid", &["sleep", "3600"])
    } else {
        ("sleep", &["3600"])
    };
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    Ok(child.id())
}

fn leave_daemon() -> Result<u32, TaskError> {
    let script = "setsid sleep 3600 < /dev/null > /dev/null 2>&1 & echo $!";
    let shell = Command::new("sh").args(["-c", script]).output()?;
    Ok(String::from_utf8(shell.stdout)?.trim().parse()?)
}

/// Sends a signal to this process until it has its effect. Rust's own handler for SIGSEGV steps aside at
/// the first one that is no stack overflow, so the second one kills.
fn die_of(signal: Signal) -> Result<(), TaskError> {
    for _ in 0..2 {
        kill(Pid::this(), signal)?;
    }
    Ok(())
}

/// Writes raw bytes into the result pipe, past everything that keeps it tidy.
fn scribble(bytes: &[u8]) -> Result<(), TaskError> {
    // By now the results of earlier tasks have left the outbox: what is to be spoilt is this task's own.
    thread::sleep(Duration::from_millis(100));
    OpenOptions::new()
        .write(true)
        .open(format!("/proc/self/fd/{}", fd::RESULTS))?
        .write_all(bytes)?;
    Ok(())
}

/// Waits to be killed for what was done before.
fn hang() -> Result<(), TaskError> {
    thread::sleep(Duration::from_hours(1));
    Err("nobody minded".into())
}

fn print(bytes: usize) -> Result<(), TaskError> {
    let text = "x".repeat(bytes);
    std::io::stdout().write_all(text.as_bytes())?;
    std::io::stdout().flush()?;
    std::io::stderr().write_all(text.as_bytes())?;
    Ok(())
}

/// One `number target` per line, in the order of the numbers.
fn descriptors() -> Result<String, TaskError> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let path = entry?.path();
        // The descriptor of this very listing is closed when it is looked at, or points to itself.
        if let (Some(number), Ok(target)) = (path.file_name(), fs::read_link(&path)) {
            let number: i32 = number.to_string_lossy().parse()?;
            if !target.starts_with("/proc") {
                found.push((number, target.display().to_string()));
            }
        }
    }
    found.sort();
    let lines: Vec<String> = found
        .iter()
        .map(|(n, target)| format!("{n} {target}"))
        .collect();
    Ok(lines.join("\n"))
}
