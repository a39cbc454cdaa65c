//! The log of jobs, in the columns of GNU parallel, and what is left to do according to one.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::Ended;

const HEADER: &str = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";

/// What is wrong with a job log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoblogError {
    #[error("cannot use the job log {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}, line {line}: this is no job log; --joblog without --resume begins a new one", path.display())]
    NotOne { path: PathBuf, line: u64 },
    #[error(
        "the job log says that job {sequence} was another command than it would be now, `{command}`: resume with the \
         same command and inputs, or begin anew without --resume"
    )]
    OtherCommand { sequence: u64, command: String },
}

/// What to do about jobs that are in the log already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resume {
    /// Begin a new log.
    No,
    /// Leave out all that have ended.
    Unfinished,
    /// Leave out those that have succeeded.
    Failed,
}

/// What a log says of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    command: u64,
    is_success: bool,
}

/// A log that is written.
#[derive(Debug)]
pub(super) struct Joblog {
    file: File,
    path: PathBuf,
    resume: Resume,
    before: HashMap<u64, Line>,
}

impl Joblog {
    /// Begins a log, or goes on with one.
    pub(super) fn open(path: &Path, resume: Resume) -> Result<Self, JoblogError> {
        let failed = |error| JoblogError::Io {
            path: path.to_owned(),
            error,
        };
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        let mut file = options.open(path).map_err(failed)?;
        let mut before = HashMap::new();
        if resume == Resume::No {
            file.set_len(0).map_err(failed)?;
        } else {
            before = read(&mut file, path)?;
        }
        if file.metadata().map_err(failed)?.len() == 0 {
            file.write_all(HEADER.as_bytes()).map_err(failed)?;
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            resume,
            before,
        })
    }

    /// Whether a job need not be run, according to what was in the log.
    pub(super) fn is_done(
        &self,
        sequence: u64,
        command: Option<&[u8]>,
    ) -> Result<bool, JoblogError> {
        let Some(line) = self.before.get(&sequence) else {
            return Ok(false);
        };
        if let Some(command) = command
            && line.command != digest(one_line(command).as_bytes())
        {
            return Err(JoblogError::OtherCommand {
                sequence,
                command: one_line(command),
            });
        }
        Ok(line.is_success || self.resume == Resume::Unfinished)
    }

    /// Adds a job, at once and as a whole.
    pub(super) fn write(&mut self, ended: &Ended) -> Result<(), JoblogError> {
        let line = line(ended);
        self.file.write_all(&line).map_err(|error| JoblogError::Io {
            path: self.path.clone(),
            error,
        })
    }
}

fn line(ended: &Ended) -> Vec<u8> {
    let mut line = format!(
        "{}\t:\t{:.3}\t{:10.3}\t0\t{}\t{}\t{}\t",
        ended.sequence,
        ended.began.as_secs_f64(),
        ended.took.as_secs_f64(),
        ended.stdout.bytes(),
        ended.status.exit_value(),
        ended.status.signal(),
    )
    .into_bytes();
    line.extend(one_line(&ended.command).bytes());
    line.push(b'\n');
    line
}

/// Scripts may have several lines, and a job has one.
fn one_line(command: &[u8]) -> String {
    let text = String::from_utf8_lossy(command);
    text.replace('\n', "\\n").replace('\t', "\\t")
}

fn digest(command: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    command.hash(&mut hasher);
    hasher.finish()
}

/// Reads a log. What its last line lacks if somebody was killed while writing is taken away.
fn read(file: &mut File, path: &Path) -> Result<HashMap<u64, Line>, JoblogError> {
    let failed = |error| JoblogError::Io {
        path: path.to_owned(),
        error,
    };
    let mut lines = HashMap::new();
    let mut whole = 0;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut reader = BufReader::new(&*file);
    let mut text = Vec::new();
    for number in 1.. {
        text.clear();
        let count = reader.read_until(b'\n', &mut text).map_err(failed)?;
        if text.pop() != Some(b'\n') {
            break;
        }
        whole += count as u64;
        let not_one = || JoblogError::NotOne {
            path: path.to_owned(),
            line: number,
        };
        if number == 1 {
            if text != HEADER.trim_end().as_bytes() {
                return Err(not_one());
            }
            continue;
        }
        let (sequence, line) = parse(&text).ok_or_else(not_one)?;
        lines.insert(sequence, line);
    }
    file.set_len(whole).map_err(failed)?;
    Ok(lines)
}

fn parse(text: &[u8]) -> Option<(u64, Line)> {
    let fields: Vec<&[u8]> = text.splitn(9, |byte| *byte == b'\t').collect();
    let [sequence, _, _, _, _, _, exit, signal, command] = fields[..] else {
        return None;
    };
    let number = |field: &[u8]| std::str::from_utf8(field).ok()?.trim().parse::<i64>().ok();
    let line = Line {
        command: digest(command),
        is_success: number(exit)? == 0 && number(signal)? == 0,
    };
    Some((u64::try_from(number(sequence)?).ok()?, line))
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use brigade_protocol::jobs::run::Captured;

    use super::*;
    use crate::jobs::run::Status;

    fn ended(sequence: u64, command: &str, code: i32) -> Ended {
        Ended {
            sequence,
            command: command.into(),
            tag: None,
            status: Status::Exited(code),
            began: Duration::from_millis(1_795_633_018_590),
            took: Duration::from_millis(23),
            attempts: 1,
            stdout: Captured {
                spooled: vec![],
                tail: b"ab".to_vec().into(),
            },
            stderr: Captured::default(),
        }
    }

    #[test]
    fn the_columns_are_those_of_gnu_parallel() {
        let line = String::from_utf8(line(&ended(2, "echo 3;\texit 3\n", 3))).unwrap();
        assert_eq!(
            line,
            "2\t:\t1795633018.590\t     0.023\t0\t2\t3\t0\techo 3;\\texit 3\\n\n"
        );
    }

    #[test]
    fn a_log_says_what_is_left_even_if_its_last_line_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Joblog::open(&path, Resume::No).unwrap();
        log.write(&ended(1, "a", 0)).unwrap();
        log.write(&ended(2, "b\n", 1)).unwrap();
        drop(log);
        let mut text = fs::read(&path).unwrap();
        text.extend(b"3\t:\t17");
        fs::write(&path, &text).unwrap();
        let is_done = |resume, sequence, command: &str| {
            let log = Joblog::open(&path, resume).unwrap();
            log.is_done(sequence, Some(command.as_bytes()))
        };
        assert!(is_done(Resume::Unfinished, 1, "a").unwrap());
        assert!(is_done(Resume::Unfinished, 2, "b\n").unwrap());
        assert!(!is_done(Resume::Unfinished, 3, "c").unwrap());
        assert!(is_done(Resume::Failed, 1, "a").unwrap());
        assert!(!is_done(Resume::Failed, 2, "b\n").unwrap());
        let error = is_done(Resume::Failed, 1, "other").unwrap_err();
        assert!(
            error.to_string().contains("job 1 was another command"),
            "{error}"
        );
        let mut log = Joblog::open(&path, Resume::Failed).unwrap();
        log.write(&ended(2, "b\n", 0)).unwrap();
        assert!(is_done(Resume::Failed, 2, "b\n").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 4);
    }

    #[test]
    fn what_is_no_log_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letter");
        fs::write(&path, "Dear Ada,\nhow are you?\n").unwrap();
        let error = Joblog::open(&path, Resume::Unfinished).unwrap_err();
        assert!(
            error.to_string().contains("line 1: this is no job log"),
            "{error}"
        );
        assert!(fs::read_to_string(&path).unwrap().starts_with("Dear"));
    }
}
