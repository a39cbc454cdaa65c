use std::fs;

use brigade_protocol::{
    jobs::run::{Piece, Said},
    queue::Queue,
};
use serde_bytes::ByteBuf;

use super::*;

fn runner(spool: Option<fs::File>) -> Runner {
    Runner {
        spool: Spool::in_file(spool),
        ..Runner::new(&Context::detached()).unwrap()
    }
}

fn command(script: &str) -> Command {
    let argv = ["sh", "-c", script].map(|word| ByteBuf::from(word.as_bytes()));
    Command {
        job: 1,
        argv: argv.to_vec(),
        directory: None,
        environment: Vec::new(),
        timeout: None,
        output: Output::Keep,
    }
}

fn run(command: &Command) -> Ran {
    runner(None).run(command).unwrap()
}

#[test]
fn how_a_command_ended_is_told_with_what_it_wrote() {
    let ran = run(&command("echo out; echo err >&2; exit 3"));
    assert_eq!(ran.end, End::Exited(3));
    assert_eq!(
        (&ran.stdout.tail[..], &ran.stderr.tail[..]),
        (&b"out\n"[..], &b"err\n"[..])
    );
    assert_eq!(run(&command("kill -9 $$")).end, End::Signalled(9));
    assert!(ran.began > Duration::from_hours(24 * 365 * 50));
}

#[test]
fn its_signals_and_its_input_are_as_a_shell_would_have_them() {
    // Of a worker, SIGPIPE is ignored.
    let ran = run(&command("grep -E '^Sig(Blk|Ign)' /proc/self/status; cat"));
    let text = String::from_utf8(ran.stdout.tail.to_vec()).unwrap();
    for line in text.lines() {
        let (_, signals) = line.split_once('\t').unwrap();
        let signals = u64::from_str_radix(signals, 16).unwrap();
        // The C library keeps the first real-time signals for itself, and no program can change them.
        assert_eq!(signals & 0x7fff_ffff, 0, "{text}");
    }
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn the_environment_can_be_changed() {
    let mut command = command("echo $A $HOME");
    let pair = |name: &str, value: &str| {
        (
            ByteBuf::from(name.as_bytes()),
            ByteBuf::from(value.as_bytes()),
        )
    };
    command.environment = vec![pair("A", "1"), pair("HOME", "/x")];
    assert_eq!(&run(&command).stdout.tail[..], b"1 /x\n");
    command.environment = vec![pair("A", "a\0b")];
    assert_eq!(run(&command).end, End::NotStarted(NoStart::Nul));
}

#[test]
fn what_cannot_begin_says_why() {
    let of = |words: &[&str]| {
        let mut command = command("");
        command.argv = words
            .iter()
            .map(|word| ByteBuf::from(word.as_bytes()))
            .collect();
        run(&command).end
    };
    for (words, why) in [
        (&["no-such-program"][..], NoStart::NotFound),
        (&["/etc/passwd"], NoStart::NotExecutable),
        (&[], NoStart::Empty),
        (&[""], NoStart::NotFound),
        (&["echo", "a\0b"], NoStart::Nul),
        (&["echo", &"x".repeat(200_000)], NoStart::TooLong),
    ] {
        assert_eq!(of(words), End::NotStarted(why));
    }
}

#[test]
fn large_output_goes_to_the_spool_in_order() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "before").unwrap();
    let spool = fs::OpenOptions::new()
        .append(true)
        .open(file.path())
        .unwrap();
    let ran = runner(Some(spool))
        .run(&command("seq 100000; seq 100000 >&2; echo end"))
        .unwrap();
    let written = fs::read(file.path()).unwrap();
    assert!(written.starts_with(b"before"));
    for (captured, end) in [(&ran.stdout, "end\n"), (&ran.stderr, "")] {
        let mut text: Vec<u8> = Vec::new();
        for extent in &captured.spooled {
            let begin = usize::try_from(extent.offset).unwrap();
            text.extend(&written[begin..begin + usize::try_from(extent.bytes).unwrap()]);
        }
        text.extend(&captured.tail[..]);
        let numbers: Vec<String> = (1..=100_000).map(|number| format!("{number}\n")).collect();
        assert!(text == [numbers.concat().as_bytes(), end.as_bytes()].concat());
        assert!(!captured.spooled.is_empty());
        assert_eq!(captured.bytes(), text.len() as u64);
    }
}

#[test]
fn a_spool_that_takes_nothing_ends_the_command() {
    let full = fs::OpenOptions::new()
        .append(true)
        .open("/dev/full")
        .unwrap();
    let ran = runner(Some(full))
        .run(&command("seq 1000000; sleep 100"))
        .unwrap();
    let End::Unkept(why) = ran.end else {
        panic!("{:?}", ran.end)
    };
    assert!(why.contains("TMPDIR"), "{why}");
}

#[test]
fn whole_lines_are_sent_and_an_end() {
    let queue = Queue::<Piece>::bounded(100).unwrap();
    let mut consumer = queue.consumer().unwrap();
    let mut command = command("printf 'a\\nb'; sleep 0.1; echo c; printf d");
    command.output = Output::Lines(queue.producer_ticket());
    let ran = run(&command);
    assert_eq!(ran.stdout, Captured::default());
    let mut text: Vec<u8> = Vec::new();
    loop {
        match consumer.get().unwrap().said {
            Said::Out(lines) => {
                assert!(lines.ends_with(b"\n") || &lines[..] == b"d");
                text.extend(&lines[..]);
            }
            Said::Error(_) => panic!("nothing was said there"),
            Said::End => break,
        }
    }
    assert_eq!(text, b"a\nbc\nd");
}

#[test]
fn time_is_limited_and_what_was_written_is_kept() {
    let mut command = command("echo begun; sleep 100 & wait");
    command.timeout = Some(Duration::from_millis(300));
    let ran = run(&command);
    assert_eq!(ran.end, End::TimedOut);
    assert_eq!(&ran.stdout.tail[..], b"begun\n");
    assert!(ran.took < Duration::from_secs(20));
}
