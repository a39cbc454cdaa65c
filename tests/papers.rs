//! What the command line says of itself: version, completions, manual pages.

use std::{fs, process::Command};

use brigade_tests::{binary, master, within};

#[test]
fn the_version_says_what_it_takes_to_find_the_sources_and_a_fitting_worker() {
    within(30, || {
        let short = master(["-V"]).end();
        assert_eq!(
            short.stdout,
            format!("master {}\n", env!("CARGO_PKG_VERSION"))
        );
        let long = master(["--version"]).end();
        long.assert_quiet_success();
        let lines: Vec<&str> = long.stdout.lines().collect();
        assert_eq!(lines[0], short.stdout.trim_end());
        for (line, name) in lines[1..]
            .iter()
            .zip(["commit: ", "protocol: ", "target: "])
        {
            assert!(line.starts_with(name) && line.len() > name.len(), "{line}");
        }
    });
}

#[test]
fn bash_completes_commands_and_options() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("master");
        let completions = master(["completions", "bash"]).end();
        completions.assert_quiet_success();
        fs::write(&script, &completions.stdout).unwrap();
        let complete = |words: &str| {
            let ask = format!(
                "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
                 _master master \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
                 printf '%s\\n' \"${{COMPREPLY[@]}}\"",
                script.display()
            );
            let output = Command::new("bash").args(["-c", &ask]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(complete("master cla"), "classify\n");
        assert!(complete("master tune --dist").starts_with("--distance\n"));
        assert!(complete("master logs s").contains("serve"));
        for shell in ["zsh", "fish"] {
            let script = master(["completions", shell]).end();
            script.assert_quiet_success();
            assert!(script.stdout.contains("classify"), "{shell}");
        }
    });
}

#[test]
fn every_command_has_a_manual_page() {
    within(60, || {
        let page = master(["man", "logs", "serve"]).end();
        page.assert_quiet_success();
        assert!(
            page.stdout.contains(".TH master-logs-serve 1"),
            "{}",
            page.stdout
        );
        assert!(page.stdout.contains(".SH SYNOPSIS"));
        let page = master(["man", "tune"]).end().stdout;
        assert!(page.contains("Find the k and the distance"), "{page}");
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(binary("master"));
        command
            .arg("man")
            .arg("--output")
            .arg(folder.path().join("man1"));
        assert!(command.status().unwrap().success());
        let pages = fs::read_dir(folder.path().join("man1")).unwrap();
        let mut names: Vec<String> = pages
            .map(|page| page.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert!(names.len() > 25, "{names:?}");
        for name in ["master.1", "master-tune.1", "master-cluster-status.1"] {
            assert!(names.iter().any(|there| there == name), "{name}: {names:?}");
        }
        let unknown = master(["man", "tuna"]).end();
        assert_eq!(unknown.code, 2);
        assert!(
            unknown.stderr.contains("no command `tuna`"),
            "{}",
            unknown.stderr
        );
    });
}
