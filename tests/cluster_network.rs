//! Several machines whose network is cut, and all that can be lost lost at random: every result comes, and comes once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    env, fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use brigade_tests::{Namespace, Nats, Relay, Running, eventually, kill, master, within};
use nix::sys::signal::Signal;

/// How long a network is cut: longer than a host may be silent.
const PARTITION: Duration = Duration::from_secs(10);

/// So soon a silent host is taken for dead.
const SILENCE: [&str; 2] = ["--host-timeout", "3s"];

/// Commands that take no processor's time, each of which notes that it has run.
struct Work {
    count: usize,
    log: PathBuf,
}

impl Work {
    fn new(nats: &Nats, count: usize) -> Self {
        let log = nats.folder().join("ran");
        Self { count, log }
    }

    /// Starts the job at this server, or goes on with it.
    fn start(&self, url: &str, more: &[&str]) -> Running {
        let shell = format!("echo {{}} >> {}; sleep 0.25; echo {{}}", self.log.display());
        let inputs: Vec<String> = (0..self.count).map(|number| number.to_string()).collect();
        let mut arguments = vec!["run", "-k", "-j", "4", "--backend", url];
        arguments.extend(SILENCE.iter().chain(more));
        arguments.extend(["--shell", &shell, ":::"]);
        arguments.extend(inputs.iter().map(String::as_str));
        master(arguments)
    }

    /// How many commands have run, those that ran twice counted twice.
    fn begun(&self) -> usize {
        fs::read_to_string(&self.log).map_or(0, |text| text.lines().count())
    }

    /// Waits for the end, when each result must be there once.
    #[track_caller]
    fn assert_whole(&self, run: Running) {
        let output = run.end_within(Duration::from_mins(3));
        assert_eq!(output.code, 0, "{}", output.stderr);
        let expected: Vec<String> = (0..self.count).map(|number| number.to_string()).collect();
        let expected = expected.join("\n") + "\n";
        assert!(
            output.stdout == expected,
            "{} lines instead of {}:\n{}",
            output.stdout.lines().count(),
            self.count,
            output.stderr
        );
    }
}

/// The name that a job has been given.
fn job_of(run: &mut Running) -> String {
    let said = run.stderr_line(|line| line.contains("--resume-job"));
    let name = said.split_whitespace().nth(1).unwrap();
    name.trim_end_matches(';').to_owned()
}

#[test]
fn a_host_whose_network_is_cut_for_ten_seconds_costs_time_and_nothing_else() {
    within(180, || {
        let nats = Nats::start_with(&["-js", "-a", "0.0.0.0"], "");
        let Some((one, other)) = Namespace::new().zip(Namespace::new()) else {
            // What follows tests the same without the rights of root.
            eprintln!("not tested: no network namespace can be made here");
            return;
        };
        let _hosts = [
            nats.host_in(&one, 2, &["--allow-run"]),
            nats.host_in(&other, 2, &["--allow-run"]),
        ];
        let work = Work::new(&nats, 120);
        let run = work.start(&nats.url(), &[]);
        assert!(eventually(60, || work.begun() >= 12), "{}", work.begun());
        one.cut();
        let before = work.begun();
        thread::sleep(PARTITION);
        let meanwhile = work.begun() - before;
        one.mend();
        assert!(meanwhile >= 8, "the other host did only {meanwhile}");
        work.assert_whole(run);
    });
}

#[test]
fn a_master_and_a_host_that_are_cut_off_for_ten_seconds_go_on_afterwards() {
    within(180, || {
        let nats = Nats::start();
        let (to_master, to_host) = (Relay::to(nats.port()), Relay::to(nats.port()));
        let _hosts = [
            nats.host_by(&to_host.url(), 2, &["--allow-run"]),
            nats.host(2, &["--allow-run"]),
        ];
        let work = Work::new(&nats, 250);
        let run = work.start(&to_master.url(), &[]);
        for relay in [&to_host, &to_master] {
            let before = work.begun();
            assert!(eventually(60, || work.begun() >= before + 8));
            assert!(work.begun() < work.count, "there is work to be lost");
            relay.cut();
            thread::sleep(PARTITION);
            relay.mend();
        }
        work.assert_whole(run);
    });
}

/// Numbers that look random, the same for the same seed.
struct Dice(usize);

impl Dice {
    /// A number below another.
    fn below(&mut self, end: usize) -> usize {
        // Knuth's constants; the upper bits are the better ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn sleep(&mut self, most_ms: usize) {
        thread::sleep(Duration::from_millis(self.below(most_ms) as u64));
    }
}

/// What a minute of faults is done to.
struct Scene {
    nats: Nats,
    relay: Relay,
    hosts: [Running; 2],
    run: Running,
    job: String,
    work: Work,
}

impl Scene {
    fn host(nats: &Nats, relay: &Relay, which: usize) -> Running {
        let url = if which == 0 { relay.url() } else { nats.url() };
        nats.host_by(&url, 2, &["--allow-run"])
    }

    /// Does one of the faults, and mends it.
    fn suffer(&mut self, fault: usize, dice: &mut Dice) {
        match fault {
            0 | 1 => {
                kill(self.hosts[fault].pid(), Signal::SIGKILL);
                dice.sleep(1_500);
                self.hosts[fault] = Self::host(&self.nats, &self.relay, fault);
            }
            2 => {
                kill(self.run.pid(), Signal::SIGKILL);
                dice.sleep(1_500);
                self.run = self
                    .work
                    .start(&self.nats.url(), &["--resume-job", &self.job]);
            }
            3 => {
                self.nats.kill();
                dice.sleep(3_000);
                self.nats.restart();
            }
            _ => {
                self.relay.cut();
                dice.sleep(10_000);
                self.relay.mend();
            }
        }
    }
}

#[test]
fn a_minute_of_losses_at_random_ends_with_every_result_once() {
    const FAULTS: usize = 5;
    let seed = env::var("BRIGADE_TEST_SEED").ok();
    let seed = seed.and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| std::process::id() as usize);
    eprintln!("again with the same dice: BRIGADE_TEST_SEED={seed}");
    within(300, move || {
        let mut dice = Dice(seed);
        let nats = Nats::start();
        let relay = Relay::to(nats.port());
        let hosts = [0, 1].map(|which| Scene::host(&nats, &relay, which));
        let work = Work::new(&nats, 800);
        let mut run = work.start(&nats.url(), &[]);
        let job = job_of(&mut run);
        let mut scene = Scene {
            nats,
            relay,
            hosts,
            run,
            job,
            work,
        };
        assert!(eventually(60, || scene.work.begun() > 8));
        let (began, mut done) = (Instant::now(), [0_u32; FAULTS]);
        while began.elapsed() < Duration::from_mins(1) && scene.work.begun() < 780 {
            let fault = dice.below(FAULTS);
            scene.suffer(fault, &mut dice);
            done[fault] += 1;
            dice.sleep(2_000);
        }
        eprintln!("hosts killed, the master, the server, networks cut: {done:?}");
        assert!(done.iter().sum::<u32>() >= 5, "{done:?}");
        let work = &scene.work;
        assert!(work.begun() > 100, "{}", work.begun());
        let Scene {
            run,
            work,
            nats: _nats,
            relay: _relay,
            hosts: _hosts,
            ..
        } = scene;
        work.assert_whole(run);
    });
}
