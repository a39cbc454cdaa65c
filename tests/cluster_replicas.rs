//! Three NATS servers that keep every message three times: one of them may be lost for good.

use std::time::Duration;

use brigade_tests::{Nats, eventually, free_port, master, within};

/// Three servers of one cluster.
fn three() -> [Nats; 3] {
    let ports = [(); 3].map(|()| free_port());
    let routes = ports
        .map(|port| format!("nats://127.0.0.1:{port}"))
        .join(",");
    [0, 1, 2].map(|which| {
        let (name, own) = (
            format!("n{which}"),
            format!("nats://127.0.0.1:{}", ports[which]),
        );
        let arguments = [
            "-js",
            "-n",
            &name,
            "--cluster_name",
            "brigade",
            "--cluster",
            &own,
        ];
        Nats::start_with(&[&arguments[..], &["--routes", &routes]].concat(), "")
    })
}

#[test]
fn one_of_three_servers_is_lost_for_good_in_the_middle_of_a_job() {
    within(240, || {
        let mut servers = three();
        let urls = servers.each_ref().map(Nats::url).join(",");
        let backend = ["--backend", &urls, "--nats-replicas", "3"];
        // They have to elect a leader first.
        let is_ready = || {
            let status = master(["cluster", "status", "--server", &urls]).end();
            status.code == 1 && status.stderr.is_empty()
        };
        assert!(eventually(90, is_ready));
        let _hosts = [
            servers[1].host_by(&urls, 1, &["--allow-run"]),
            servers[2].host_by(&urls, 1, &["--allow-run"]),
        ];
        let local = master(["tune", "--format", "csv"]).end();
        let tune = master(["tune", "--format", "csv"].iter().chain(&backend)).end();
        assert_eq!(
            (tune.code, &tune.stdout),
            (0, &local.stdout),
            "{}",
            tune.stderr
        );

        let inputs: Vec<String> = (0..80).map(|number| number.to_string()).collect();
        let command = ["run", "-k", "-j", "2", "--host-timeout", "3s"];
        let rest = ["--shell", "sleep 0.2; echo {}", ":::"];
        let words = command.iter().chain(&backend).chain(&rest).copied();
        let mut run = master(words.chain(inputs.iter().map(String::as_str)));
        run.stderr_line(|line| line.starts_with("job "));
        assert_eq!(run.stdout_line(), "0\n");
        servers[0].kill();
        let output = run.end_within(Duration::from_mins(2));
        assert_eq!(output.code, 0, "{}", output.stderr);
        // The first line was taken above.
        let expected = inputs[1..].join("\n") + "\n";
        assert_eq!(output.stdout, expected, "{}", output.stderr);
    });
}
