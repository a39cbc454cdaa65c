//! The `worker` executable that `master` spawns.
fn main() {}
