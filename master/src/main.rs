//! The `master` command-line tool.
fn main() {}
