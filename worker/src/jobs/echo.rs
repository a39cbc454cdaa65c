//! Echo: the task that does nothing.

use brigade_protocol::jobs::echo::Echo;

use crate::Registry;

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Echo, _>(|number, _| Ok(number));
}
