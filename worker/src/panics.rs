//! Turns the panic of a task into a value: message, location, backtrace. Other panics stay as they are.

use std::{
    any::Any,
    backtrace::Backtrace,
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::Once,
};

use brigade_protocol::TaskFailure;

use crate::registry::clipped;

thread_local! {
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
    static WHERE: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Runs part of a task; a panic in it becomes [`TaskFailure::Panicked`] and prints nothing.
///
/// The closure may leave its own state half-changed when it panics. That is the task's affair: what it was
/// given is thrown away, and a context that does not survive a panic is the author's to repair.
pub(crate) fn catch<R>(part: impl FnOnce() -> R) -> Result<R, TaskFailure> {
    install_hook();
    let outer = IN_TASK.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(part));
    IN_TASK.set(outer);
    result.map_err(|payload| {
        let (location, backtrace) = WHERE.take().unwrap_or_default();
        TaskFailure::Panicked {
            message: clipped(message_of(&*payload)),
            location,
            backtrace: clipped(backtrace),
        }
    })
}

/// Keeps quiet about panics in tasks, whose failure is reported to the master; others print as before.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IN_TASK.get() {
                note(info);
            } else {
                print(info);
            }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let location = info
        .location()
        .map_or_else(|| "an unknown place".into(), ToString::to_string);
    let backtrace = Backtrace::force_capture().to_string();
    WHERE.set(Some((location, backtrace)));
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_carries_its_message_its_place_and_its_stack() {
        let failure = catch(|| panic!("{} apples", 3)).unwrap_err();
        let TaskFailure::Panicked {
            message,
            location,
            backtrace,
        } = failure
        else {
            panic!("not a panic: {failure:?}");
        };
        assert_eq!(message, "3 apples");
        assert!(location.contains("panics.rs:"), "{location}");
        assert!(backtrace.contains("panics"), "{backtrace}");
    }

    #[test]
    fn a_payload_that_is_no_text_is_survived() {
        let failure = catch(|| panic::panic_any(7_u8)).unwrap_err();
        assert!(failure.to_string().contains("without a message"));
    }

    #[test]
    fn the_next_task_knows_nothing_of_the_last_panic() {
        let _ = catch(|| panic!("first"));
        assert_eq!(catch(|| 5), Ok(5));
        assert!(WHERE.take().is_none());
    }
}
