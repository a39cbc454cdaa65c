//! Which functions a worker has, by task kind.

use std::{any::Any, fmt, sync::Arc};

use brigade_protocol::{Task, TaskFailure, codec};

use crate::{context::Context, panics};

/// What a task's function may return as its error: anything that is an error, or a plain message.
pub type TaskError = Box<dyn std::error::Error + Send + Sync>;

/// A value whose type its kind of task knows.
type Value = Box<dyn Any + Send>;

/// A task's function with its types erased, for input and output as bytes: appends the encoded output.
type OnBytes =
    Box<dyn Fn(&[u8], &mut Context, &mut Vec<u8>) -> Result<(), TaskFailure> + Send + Sync>;

/// The same for input and output as they are, on a thread of the master.
type OnValues = Box<dyn Fn(Value, &mut Context) -> Result<Value, TaskFailure> + Send + Sync>;

struct Entry {
    kind: &'static str,
    on_bytes: OnBytes,
    on_values: OnValues,
}

/// The functions of a worker, by task kind.
///
/// ```
/// use brigade_protocol::{Task, jobs::echo::Echo};
/// use brigade_worker::Registry;
///
/// let mut registry = Registry::new();
/// registry.register::<Echo, _>(|number, _context| Ok(number));
/// assert!(registry.kinds().eq(["echo"]));
/// ```
#[derive(Default)]
pub struct Registry {
    entries: Vec<Entry>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.kinds()).finish()
    }
}

impl Registry {
    /// A registry without functions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers the function that runs tasks of type `T`. Of two for the same kind the later one counts.
    ///
    /// The function is given the input and the worker's [`Context`]: shared segments, and state that lives
    /// as long as the worker. It may panic: the task fails then, and the worker goes on.
    pub fn register<T, F>(&mut self, function: F)
    where
        T: Task,
        F: Fn(T::Input, &mut Context) -> Result<T::Output, TaskError> + Send + Sync + 'static,
    {
        let function = Arc::new(function);
        let entry = Entry {
            kind: T::KIND,
            on_bytes: on_bytes::<T, F>(Arc::clone(&function)),
            on_values: on_values::<T, F>(function),
        };
        match self.entries.iter_mut().find(|entry| entry.kind == T::KIND) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
    }

    /// The registered kinds, in the order of their numbers on the wire.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|entry| entry.kind)
    }

    /// Runs a task of the kind with this number and appends its encoded output to `out`.
    pub(crate) fn run(
        &self,
        kind: u32,
        input: &[u8],
        context: &mut Context,
        out: &mut Vec<u8>,
    ) -> Result<(), TaskFailure> {
        let entry = usize::try_from(kind)
            .ok()
            .and_then(|kind| self.entries.get(kind))
            .ok_or(TaskFailure::UnknownKind { kind })?;
        (entry.on_bytes)(input, context, out)
    }

    /// Runs a task of the kind with this name on encoded bytes. For pools of threads.
    ///
    /// # Errors
    /// How the task failed.
    #[doc(hidden)]
    pub fn run_by_name(
        &self,
        kind: &str,
        input: &[u8],
        context: &mut Context,
        out: &mut Vec<u8>,
    ) -> Result<(), TaskFailure> {
        let entry = self.entries.iter().find(|entry| entry.kind == kind);
        let entry = entry.ok_or(TaskFailure::UnknownKind { kind: u32::MAX })?;
        (entry.on_bytes)(input, context, out)
    }

    /// Runs a task of the kind with this name on a value of its input type; `None` if there is no such kind.
    /// For pools of threads.
    #[doc(hidden)]
    pub fn run_value(
        &self,
        kind: &str,
        input: Value,
        context: &mut Context,
    ) -> Option<Result<Value, TaskFailure>> {
        let entry = self.entries.iter().find(|entry| entry.kind == kind)?;
        Some((entry.on_values)(input, context))
    }
}

fn on_bytes<T, F>(function: Arc<F>) -> OnBytes
where
    T: Task,
    F: Fn(T::Input, &mut Context) -> Result<T::Output, TaskError> + Send + Sync + 'static,
{
    Box::new(move |bytes, context, out| {
        let input =
            codec::decode::<T::Input>(bytes).map_err(|error| TaskFailure::InputUndecodable {
                reason: error.to_string(),
            })?;
        let output =
            panics::catch(|| function(input, context))?.map_err(|error| returned(&error))?;
        panics::catch(|| codec::encode_into(&output, out))?.map_err(|error| {
            TaskFailure::OutputUnencodable {
                reason: error.to_string(),
            }
        })
    })
}

fn on_values<T, F>(function: Arc<F>) -> OnValues
where
    T: Task,
    F: Fn(T::Input, &mut Context) -> Result<T::Output, TaskError> + Send + Sync + 'static,
{
    Box::new(move |input, context| {
        let input = input.downcast::<T::Input>();
        let input = input.map_err(|_| TaskFailure::InputUndecodable {
            reason: "is of another type".into(),
        })?;
        let output =
            panics::catch(|| function(*input, context))?.map_err(|error| returned(&error))?;
        Ok(Box::new(output) as Value)
    })
}

fn returned(error: &TaskError) -> TaskFailure {
    TaskFailure::Returned {
        message: clipped(with_sources(&**error)),
    }
}

/// An error's message followed by those of its sources.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        message.push_str(": ");
        message.push_str(&inner.to_string());
        source = inner.source();
    }
    message
}

/// An error message as long as anybody reads, so that it always fits into a frame.
pub(crate) fn clipped(mut message: String) -> String {
    const LONGEST: usize = 256 << 10;
    if message.len() > LONGEST {
        let total = message.len();
        message.truncate(message.floor_char_boundary(LONGEST));
        message.extend(["… (", &total.to_string(), " bytes in all)"]);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use brigade_protocol::jobs::echo::Echo;

    fn run(registry: &Registry, kind: u32, input: &[u8]) -> Result<Vec<u8>, TaskFailure> {
        let mut out = Vec::new();
        registry
            .run(kind, input, &mut Context::detached(), &mut out)
            .map(|()| out)
    }

    #[test]
    fn a_function_is_given_its_input_and_its_output_is_encoded() {
        let mut registry = Registry::new();
        registry.register::<Echo, _>(|n, _| Ok(n + 1));
        assert_eq!(run(&registry, 0, &[4]), Ok(vec![5]));
    }

    #[test]
    fn an_endless_error_message_is_clipped_between_characters() {
        let message = clipped("é".repeat(1 << 20));
        assert!(message.len() < 300 << 10);
        assert!(message.ends_with("é… (2097152 bytes in all)"));
    }

    #[test]
    fn the_later_of_two_functions_for_a_kind_counts() {
        let mut registry = Registry::new();
        registry.register::<Echo, _>(|n, _| Ok(n));
        registry.register::<Echo, _>(|n, _| Ok(n * 2));
        assert_eq!(run(&registry, 0, &[4]), Ok(vec![8]));
        assert_eq!(registry.kinds().count(), 1);
    }

    #[test]
    fn whatever_goes_wrong_in_a_task_is_a_failure_of_that_task() {
        let mut registry = Registry::new();
        registry.register::<Echo, _>(|n, _| match n {
            0 => panic!("zero"),
            1 => Err(std::io::Error::from_raw_os_error(2).into()),
            n => Ok(n),
        });
        let panicked = run(&registry, 0, &[0]).unwrap_err();
        assert!(
            matches!(&panicked, TaskFailure::Panicked { message, location, .. }
                if message == "zero" && location.contains("registry.rs")),
            "{panicked:?}"
        );
        let returned = run(&registry, 0, &[1]).unwrap_err();
        assert_eq!(
            returned.to_string(),
            "No such file or directory (os error 2)"
        );
        assert!(matches!(
            run(&registry, 0, &[9, 9]),
            Err(TaskFailure::InputUndecodable { .. })
        ));
        assert_eq!(
            run(&registry, 7, &[1]),
            Err(TaskFailure::UnknownKind { kind: 7 })
        );
        assert_eq!(run(&registry, 0, &[2]), Ok(vec![2]));
    }
}
