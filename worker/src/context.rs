//! What a task's function can reach beside its input: shared segments, and state that outlives the task.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    os::fd::OwnedFd,
};

/// Why the context could not give what a task asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ContextError {
    /// The pool was started without this segment.
    #[error(
        "no shared segment `{0}`; give it to the pool with PoolBuilder::share before it starts"
    )]
    NoSegment(String),
}

/// What a worker has between tasks: its number, the shared segments, and state made once per worker.
#[derive(Debug, Default)]
pub struct Context {
    index: u32,
    segments: HashMap<String, OwnedFd>,
    states: HashMap<TypeId, Box<dyn Any>>,
}

impl Context {
    /// A context that belongs to no pool, for calling a task's function directly.
    #[must_use]
    pub fn detached() -> Self {
        Self::default()
    }

    /// The context of a worker with this number and these shared segments.
    #[must_use]
    pub fn new(index: u32, segments: HashMap<String, OwnedFd>) -> Self {
        Self {
            index,
            segments,
            states: HashMap::new(),
        }
    }

    /// Number of this worker in its pool, from 0. A replacement has the number of the one it replaces.
    #[must_use]
    pub fn worker_index(&self) -> u32 {
        self.index
    }

    /// The descriptor of a segment that the master shares under `name`.
    ///
    /// # Errors
    /// [`ContextError::NoSegment`] when the pool shares nothing under that name.
    pub fn segment(&self, name: &str) -> Result<&OwnedFd, ContextError> {
        self.segments
            .get(name)
            .ok_or_else(|| ContextError::NoSegment(name.into()))
    }

    /// The worker's one value of type `T`, made by `make` when a task first asks for it.
    ///
    /// ```
    /// use brigade_worker::Context;
    ///
    /// struct Calls(u32);
    /// let mut context = Context::detached();
    /// for _ in 0..3 {
    ///     context.state(|_| Ok::<_, std::io::Error>(Calls(0)))?.0 += 1;
    /// }
    /// assert_eq!(context.state(|_| Ok::<_, std::io::Error>(Calls(0)))?.0, 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Whatever `make` returns; it is asked again next time.
    ///
    /// # Panics
    /// Never: a state is stored under its own type.
    pub fn state<T: 'static, E>(
        &mut self,
        make: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<&mut T, E> {
        let key = TypeId::of::<T>();
        let value: Box<dyn Any> = match self.states.remove(&key) {
            Some(value) => value,
            None => Box::new(make(self)?),
        };
        let slot = self.states.entry(key).or_insert(value);
        #[expect(clippy::expect_used, reason = "the key is the type of the value")]
        Ok(slot
            .downcast_mut()
            .expect("a state is stored under its own type"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_that_was_not_shared_is_an_error_with_the_remedy() {
        let error = Context::detached().segment("samples").unwrap_err();
        assert!(error.to_string().contains("PoolBuilder::share"), "{error}");
    }

    #[test]
    fn a_state_that_failed_to_be_made_is_tried_again() {
        let mut context = Context::detached();
        assert_eq!(context.state(|_| Err::<u8, _>("no")).err(), Some("no"));
        assert_eq!(context.state(|_| Ok::<u8, &str>(7)).copied(), Ok(7));
    }
}
