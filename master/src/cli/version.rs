//! What `--version` says: enough to find the very sources, and to tell whether two executables understand each other.

use std::sync::LazyLock;

use brigade_protocol::{BUILD_ID, PROTOCOL_VERSION};

/// What `-V` says.
pub(super) const SHORT: &str = env!("CARGO_PKG_VERSION");

/// What `--version` says.
pub(super) static LONG: LazyLock<String> = LazyLock::new(|| {
    let commit = match env!("BRIGADE_BUILT_FROM") {
        "" => "not known",
        commit => commit,
    };
    let target = env!("BRIGADE_BUILT_FOR");
    format!(
        "{SHORT}\ncommit: {commit}\nprotocol: {PROTOCOL_VERSION}, contracts {BUILD_ID}\ntarget: {target}"
    )
});
