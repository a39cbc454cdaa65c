//! What a NATS server does for several machines: keeps strangers out, keeps data sets, has no room, is cleaned.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use brigade::{
    Event, Pool,
    cluster::{Agent, Broker, Cluster},
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};
use brigade_protocol::shm::Segment;
use brigade_tests::{Nats, Running, Terminal, builder, eventually, kill, master, sleep, within};
use nix::sys::signal::Signal;

/// A server that speaks TLS only, and the certificate of its authority.
fn server_with_tls() -> (Nats, String) {
    let own = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("own.pem"), folder.path().join("own.key"));
    fs::write(&certificate, own.cert.pem()).unwrap();
    fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let (certificate, key) = (certificate.display(), key.display());
    let configuration = format!("tls {{ cert_file: \"{certificate}\", key_file: \"{key}\" }}\n");
    let nats = Nats::start_with(&["-js"], &configuration);
    let authority = nats.folder().join("ca.pem");
    fs::write(&authority, own.cert.pem()).unwrap();
    (nats, authority.display().to_string())
}

#[test]
fn a_server_that_speaks_tls_is_used_by_those_who_know_its_authority_and_nobody_else() {
    within(120, || {
        let (nats, authority) = server_with_tls();
        let url = nats.url();
        let _host = nats.host(1, &["--nats-tls-ca", &authority]);
        let ask = |more: &[&str]| {
            let arguments = ["factor", "12", "--backend", url.as_str()];
            master(arguments.iter().chain(more)).end()
        };
        let output = ask(&["--nats-tls-ca", &authority]);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (0, "12: 2 2 3\n"),
            "{}",
            output.stderr
        );
        let output = ask(&[]);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""));
        assert!(
            output.stderr.contains("certificate") && output.stderr.contains("--nats-tls-ca"),
            "{}",
            output.stderr
        );
        let output = ask(&["--nats-tls-ca", "nowhere.pem"]);
        assert_eq!(output.code, 2);
        assert!(output.stderr.contains("nowhere.pem"), "{}", output.stderr);
    });
}

#[test]
fn a_job_without_a_master_is_cleaned_away_with_its_data_and_cannot_be_resumed() {
    within(120, || {
        let nats = Nats::start();
        let url = nats.url();
        let table = table(&nats, 3_000);
        // No host: the job waits.
        let arguments = ["tune", &table, "--backend", &url, "--k", "1:3"];
        let mut tune = master(arguments);
        let said = tune.stderr_line(|line| line.contains("--resume-job"));
        let job = said.split_whitespace().nth(1).unwrap();
        let job = job.trim_end_matches(';').to_owned();
        tune.stderr_line(|line| line.contains("no host takes tasks"));
        let clean = || master(["cluster", "clean", "--server", &url]).end();
        let kept = clean();
        assert_eq!(kept.code, 0, "{}", kept.stderr);
        assert!(
            kept.stderr.contains("0 jobs and 0 data sets removed"),
            "of a master that lives, nothing may be removed: {}",
            kept.stderr
        );
        kill(tune.pid(), Signal::SIGKILL);
        drop(tune);
        let is_forsaken = || nats.status()["jobs"][0]["master_pid"].is_null();
        assert!(eventually(30, is_forsaken), "{}", nats.status());
        let cleaned = clean();
        assert!(
            cleaned.stderr.contains(&format!("job {job}: removed"))
                && cleaned.stderr.contains("1 job and 1 data set removed"),
            "{}",
            cleaned.stderr
        );
        assert!(nats.status()["jobs"].as_array().unwrap().is_empty());
        let resumed = master(arguments.iter().chain(&["--resume-job", &job])).end();
        assert_eq!(resumed.code, 2);
        assert!(
            resumed.stderr.contains("there is no job"),
            "{}",
            resumed.stderr
        );
    });
}

/// A table of so many rows, in a file beside the server.
fn table(nats: &Nats, rows: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        let class = ["a", "b", "c"][row % 3];
        let numbers = (0..20).map(|column| (row * 7 + column * 13) % 101);
        for number in numbers {
            write!(text, "{number}.5,").unwrap();
        }
        writeln!(text, "{class}").unwrap();
    }
    let path = nats.folder().join("table.csv");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Has a task done with a segment in the workers' reach; how many of its bytes have been told of as sent.
fn bytes_sent(nats: &Nats, segment: &Segment) -> u64 {
    let sent = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&sent);
    let pool = Pool::builder()
        .title("data")
        .on_event(move |event| {
            if let Event::Upload { done, all, .. } = event {
                assert!(done <= all, "{event:?}");
                told.fetch_max(*done, Ordering::Relaxed);
            }
        })
        .share("numbers", segment.fd())
        .unwrap()
        .cluster(Cluster::on(Broker::at([nats.url()]).unwrap()))
        .start()
        .unwrap();
    let done = pool.submit::<Fault>(Misdeed::None).unwrap().wait();
    assert!(done.is_ok(), "{done:?}");
    pool.join();
    sent.load(Ordering::Relaxed)
}

#[test]
fn the_sending_of_a_data_set_is_told_and_one_that_is_there_is_not_sent_again() {
    within(120, || {
        let nats = Nats::start();
        let _host = nats.host(1, &[]);
        let bytes = 3_000_000;
        let segment = Segment::create("numbers", bytes, |memory| memory.fill(7)).unwrap();
        let store = nats.folder().join("store");
        assert_eq!(bytes_sent(&nats, &segment), bytes as u64);
        assert!(size_of(&store) > bytes as u64);
        let before = size_of(&store);
        assert_eq!(bytes_sent(&nats, &segment), 0);
        // What else a job keeps goes with it.
        let grown = size_of(&store).saturating_sub(before);
        assert!(grown < 100_000, "the store has grown by {grown} bytes");
        let other = Segment::create("numbers", bytes, |memory| memory.fill(8)).unwrap();
        assert_eq!(bytes_sent(&nats, &other), bytes as u64);
    });
}

#[test]
fn whoever_sits_at_a_terminal_sees_data_on_its_way() {
    within(120, || {
        let nats = Nats::start();
        let _host = nats.host(1, &[]);
        let mut command = Command::new(brigade_tests::binary("master"));
        let (table, url) = (table(&nats, 3_000), nats.url());
        command.args(["tune", &table, "--backend", &url, "--progress", "always"]);
        let mut terminal = Terminal::start(command);
        terminal.wait_for("bytes of");
        terminal.wait_for("tests/s");
        assert_eq!(terminal.end(), Some(0));
    });
}

fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => size_of(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

#[test]
fn a_program_has_its_own_tasks_done_by_hosts_of_its_own() {
    within(120, || {
        let nats = Nats::start();
        let broker = || Broker::at([nats.url()]).unwrap();
        let agent = Agent::new(broker(), |title| builder(2).title(title));
        let agent = agent.slots(2).data_folder(nats.data_folder());
        let control = agent.control();
        let host = thread::spawn(move || agent.run());
        let pool = Pool::builder().title("own").cluster(Cluster::on(broker()));
        let pool = pool.start().unwrap();
        let misdeeds = (0..40).map(|number| match number {
            7 => Misdeed::Error("seven".into()),
            11 => Misdeed::Panic("eleven".into()),
            13 => Misdeed::Exit(9),
            _ => sleep(1),
        });
        let outcomes: Vec<_> = pool.map::<Fault, _>(misdeeds).collect();
        assert_eq!(outcomes.len(), 40);
        for (number, outcome) in outcomes.iter().enumerate() {
            let is_bad = [7, 11, 13].contains(&number);
            assert_eq!(outcome.is_err(), is_bad, "{number}: {outcome:?}");
        }
        let told = |number: usize| format!("{}", outcomes[number].as_ref().unwrap_err());
        assert!(told(7).contains("seven"), "{}", told(7));
        assert!(told(11).contains("eleven"), "{}", told(11));
        pool.join();
        control.drain();
        assert!(host.join().unwrap().unwrap() >= 37);
    });
}

#[test]
fn a_host_may_work_with_threads() {
    within(120, || {
        let nats = Nats::start();
        let broker = || Broker::at([nats.url()]).unwrap();
        let agent = Agent::new(broker(), |title| {
            let pool = Pool::builder().workers(1).title(title);
            pool.threads(brigade_worker::jobs::registry())
        });
        let agent = agent.slots(1).data_folder(nats.data_folder());
        let control = agent.control();
        let host = thread::spawn(move || agent.run());
        let pool = Pool::builder().title("threads");
        let pool = pool.cluster(Cluster::on(broker())).start().unwrap();
        // Too quick to travel alone.
        let outcomes = pool.map::<Echo, _>(0..20_000);
        let outcomes: Result<Vec<u64>, _> = outcomes.collect();
        assert!(outcomes.unwrap().into_iter().eq(0..20_000));
        pool.join();
        control.drain();
        assert!(host.join().unwrap().unwrap() >= 20_000);
    });
}

#[test]
fn a_job_whose_master_lives_is_not_gone_on_with() {
    within(60, || {
        let nats = Nats::start();
        let url = nats.url();
        let start = |more: &[&str]| {
            let arguments = ["factor", "--random", "9", "--backend", url.as_str()];
            master(arguments.iter().chain(more))
        };
        // No host: it waits. Its numbers are known by their seed.
        let mut first = start(&[]);
        let said = first.stderr_line(|line| line.contains("--seed"));
        let seed = said.trim_end().rsplit(' ').next().unwrap().to_owned();
        let said = first.stderr_line(|line| line.contains("--resume-job"));
        let job = said.split_whitespace().nth(1).unwrap();
        let job = job.trim_end_matches(';').to_owned();
        let refused = |more: &[&str], why: &str| {
            let output = start(&[&["--resume-job", &job], more].concat()).end();
            assert_eq!(output.code, 2, "{}", output.stderr);
            assert!(output.stderr.contains(why), "{}", output.stderr);
        };
        refused(&["--seed", &seed], "its master lives");
        refused(&[], "give the --seed");
        let _host = nats.host(1, &[]);
        let output = first.end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let local = master(["factor", "--random", "9", "--seed", &seed]).end();
        assert_eq!(output.stdout, local.stdout);
    });
}

#[test]
fn a_job_that_finds_no_room_leaves_no_stream() {
    within(60, || {
        // Room for the results of a job, and not for its tasks.
        let nats = Nats::start_with(&["-js"], "jetstream { max_file_store: 4500000000 }\n");
        let url = nats.url();
        for _ in 0..2 {
            let output = master(["factor", "360", "--backend", &url]).end();
            assert_eq!(output.code, 2);
            assert!(output.stderr.contains("no room"), "{}", output.stderr);
        }
        let streams = nats.folder().join("store/jetstream/$G/streams");
        let names = fs::read_dir(streams).unwrap().flatten();
        let names: Vec<String> = names
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        assert_eq!(names, ["BRIGADE_JOBS"]);
    });
}

#[test]
fn names_of_servers_may_be_a_list_and_the_first_that_answers_is_used() {
    within(60, || {
        let nats = Nats::start();
        let _host = nats.host(1, &[]);
        let both = format!("nats://127.0.0.1:9,{}", nats.url());
        let mut command = Command::new(brigade_tests::binary("master"));
        command.args(["factor", "12", "--backend", &both]);
        let output = Running::start(command).end();
        assert_eq!(output.stdout, "12: 2 2 3\n", "{}", output.stderr);
    });
}
