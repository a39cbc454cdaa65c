//! The pages for readers: what they point at is there, and no command is forgotten.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use brigade_tests::{master, within};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Markdown files at the top and in `docs/`.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for folder in [root(), root().join("docs")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// What the links of a page point at.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next())
        .filter(|target| !target.contains("://"))
}

/// A heading's anchor: lower case, blanks as hyphens, no other signs.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

#[test]
fn every_link_leads_to_a_file_or_a_heading() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in targets(&text) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() {
                page.clone()
            } else {
                page.parent().unwrap().join(file)
            };
            let is_there = path.exists()
                && (heading.is_empty()
                    || fs::read_to_string(&path)
                        .unwrap()
                        .lines()
                        .filter(|line| line.starts_with('#'))
                        .any(|line| anchor(line) == heading));
            if !is_there {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_readme_names_every_command() {
    within(20, || {
        let help = master(["--help"]).end().stdout;
        let commands = help
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .take_while(|line| !line.is_empty())
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|command| *command != "help")
            .collect::<Vec<_>>();
        assert!(commands.contains(&"tune"), "{help}");
        let readme = fs::read_to_string(root().join("README.md")).unwrap();
        for command in commands {
            assert!(readme.contains(&format!("`master {command}")), "{command}");
        }
    });
}

#[test]
fn every_file_of_tests_is_one_that_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(manifest.contains(&format!("path = \"{name}\"")), "{name}");
        }
    }
}

/// The rooms that say at their door, in a table, what each of their files holds.
const ROOMS: [&str; 5] = [
    "master/src/pool/mod.rs",
    "master/src/pool/core.rs",
    "master/src/cluster/mod.rs",
    "protocol/src/shm/mod.rs",
    "protocol/src/queue/mod.rs",
];

#[test]
fn a_room_that_has_a_table_of_its_files_names_all_of_them() {
    for room in ROOMS {
        let text = fs::read_to_string(root().join(room)).unwrap();
        let table: String = text
            .lines()
            .filter(|line| line.starts_with("//! |"))
            .collect();
        let modules = text.lines().filter_map(|line| {
            let line = line.strip_suffix(';')?;
            let (_, name) = line
                .split_once("mod ")
                .filter(|_| !line.starts_with("//"))?;
            Some(name)
        });
        for name in modules.filter(|name| *name != "tests") {
            assert!(table.contains(&format!("`{name}.rs`")), "{room}: {name}.rs");
        }
    }
}
