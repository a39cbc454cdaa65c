//! Echo: the tasks that do nothing.

use brigade_protocol::jobs::echo::{Echo, EchoBytes};

use crate::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Echo, _>(|number, _| Ok(number));
    registry.register::<EchoBytes, _>(|bytes, _| Ok(bytes));
}
