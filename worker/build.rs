//! How the shipped `worker` is linked.
//!
//! A worker lives for as little as a task, so its start is part of the price of every pool. At a fixed address the
//! linker writes all pointers of its tables into the file; in a position-independent executable the loader writes
//! them at every start, which touches seventy pages and takes a third of the time until `main`. Libraries, stack and
//! heap are placed at random as ever. Your own workers are linked as you say: this concerns the one executable only.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bin=worker=-no-pie");
    }
}
