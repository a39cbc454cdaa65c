//! Which commit this is built from, for `master --version`. Without git, or without a repository, it is not said.

use std::{env, process::Command};

/// A setting of the environment that says the commit where there is no repository, as in a package's sources.
const GIVEN: &str = "BRIGADE_COMMIT";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={GIVEN}");
    let commit = env::var(GIVEN).ok().or_else(commit).unwrap_or_default();
    println!("cargo:rustc-env=BRIGADE_BUILT_FROM={commit}");
    let target = env::var("TARGET").unwrap_or_default();
    println!("cargo:rustc-env=BRIGADE_BUILT_FOR={target}");
}

/// The commit that is checked out. Only release builds ask: whoever develops would compile everything anew after each
/// commit.
fn commit() -> Option<String> {
    if env::var("PROFILE").as_deref() != Ok("release") {
        return None;
    }
    for watched in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", watched])?;
        println!("cargo:rerun-if-changed={path}");
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
