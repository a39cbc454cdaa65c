//! A log record as Python's `SocketHandler` pickles it: a `LogRecord`'s dict, by protocol 1.

/// What a record says; the rest is the same for all of a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) logger: &'a str,
    pub(super) message: &'a str,
    pub(super) function: &'a str,
    /// Seconds since 1970, in UTC.
    pub(super) created: f64,
    /// Milliseconds since the client began.
    pub(super) relative_ms: f64,
    pub(super) process: u32,
    pub(super) thread: u64,
}

/// Appends the pickle of a record.
pub(super) fn pickle(record: &Record<'_>, out: &mut Vec<u8>) {
    let mut pickler = Pickler { out, memo: 0 };
    pickler.begin();
    pickler.text_field("name", record.logger);
    pickler.text_field("msg", record.message);
    pickler.none_field("args");
    pickler.text_field("levelname", "INFO");
    pickler.int_field("levelno", 20);
    pickler.text_field("pathname", file!());
    pickler.text_field("filename", "record.rs");
    pickler.text_field("module", "record");
    for name in ["exc_info", "exc_text", "stack_info"] {
        pickler.none_field(name);
    }
    pickler.int_field("lineno", line!().into());
    pickler.text_field("funcName", record.function);
    pickler.float_field("created", record.created);
    pickler.float_field("msecs", (record.created.fract() * 1e3).floor());
    pickler.float_field("relativeCreated", record.relative_ms);
    pickler.int_field("thread", record.thread);
    pickler.text_field("threadName", "MainThread");
    pickler.text_field("processName", "MainProcess");
    pickler.int_field("process", record.process.into());
    pickler.end();
}

/// The opcodes that such a record takes.
struct Pickler<'a> {
    out: &'a mut Vec<u8>,
    /// How many values were put aside: Python does so with every text and container.
    memo: u32,
}

impl Pickler<'_> {
    fn begin(&mut self) {
        self.out.push(b'}');
        self.put();
        self.out.push(b'(');
    }

    fn end(&mut self) {
        self.out.extend_from_slice(b"u.");
    }

    fn put(&mut self) {
        if let Ok(number) = u8::try_from(self.memo) {
            self.out.extend_from_slice(&[b'q', number]);
        } else {
            self.out.push(b'r');
            self.out.extend_from_slice(&self.memo.to_le_bytes());
        }
        self.memo += 1;
    }

    fn text(&mut self, text: &str) {
        // Longer texts than a u32 can tell are cut; there are none.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.out.push(b'X');
        self.out.extend_from_slice(&length.to_le_bytes());
        self.out.extend_from_slice(text.as_bytes());
        self.put();
    }

    fn text_field(&mut self, name: &str, value: &str) {
        self.text(name);
        self.text(value);
    }

    fn none_field(&mut self, name: &str) {
        self.text(name);
        self.out.push(b'N');
    }

    fn float_field(&mut self, name: &str, value: f64) {
        self.text(name);
        self.out.push(b'G');
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    fn int_field(&mut self, name: &str, value: u64) {
        self.text(name);
        if let Ok(byte) = u8::try_from(value) {
            self.out.extend_from_slice(&[b'K', byte]);
        } else if let Ok(number) = u16::try_from(value) {
            self.out.push(b'M');
            self.out.extend_from_slice(&number.to_le_bytes());
        } else if let Ok(number) = i32::try_from(value) {
            self.out.push(b'J');
            self.out.extend_from_slice(&number.to_le_bytes());
        } else {
            self.out
                .extend_from_slice(format!("L{value}L\n").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    /// Python reads the pickle, shows what it read, and pickles it again.
    const SCRIPT: &str = "
import pickle, sys
given = sys.stdin.buffer.read()
record = pickle.loads(given)
print(pickle.dumps(record, 1) == given)
import logging
print(list(record) == [name for name in logging.makeLogRecord({}).__dict__ if name != 'taskName'])
print(record['name'], record['msg'], record['process'], record['thread'], record['created'])
";

    #[test]
    fn python_reads_it_and_would_have_written_the_same_bytes() {
        let mut pickled = Vec::new();
        let record = Record {
            logger: "app_70000.GnomeSort",
            message: "Sorted 3 items – é",
            function: "sort",
            created: 1_795_632_654.25,
            relative_ms: 1.5,
            process: 70_000,
            thread: 140_234_866_534_208,
        };
        pickle(&record, &mut pickled);
        let mut python = Command::new("python3")
            .args(["-c", SCRIPT])
            .env("PYTHONIOENCODING", "utf-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(&pickled).unwrap();
        let output = python.wait_with_output().unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            "True\nTrue\napp_70000.GnomeSort Sorted 3 items – é 70000 140234866534208 1795632654.25\n"
        );
    }
}
