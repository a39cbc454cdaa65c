//! A worker of another build: it introduces itself with a build id that no build has, and waits.
#![expect(clippy::unwrap_used, reason = "a fake for tests")]

use std::{
    fs::File,
    io::{Read, Write},
};

use brigade_protocol::{Hello, codec, fd, frame, shm::take_inherited};

fn main() {
    let mut tasks = File::from(take_inherited(fd::TASKS).unwrap());
    let mut results = File::from(take_inherited(fd::RESULTS).unwrap());
    let mut hello = Hello::of_this_build(vec!["echo".into()]);
    hello.version = "0.0.9".into();
    hello.build = "0123456789abcdef".into();
    let mut bytes = Vec::new();
    frame::append(&mut bytes, |out| codec::encode_into(&hello, out)).unwrap();
    results.write_all(&bytes).unwrap();
    let mut rest = Vec::new();
    let _ = tasks.read_to_end(&mut rest);
}
