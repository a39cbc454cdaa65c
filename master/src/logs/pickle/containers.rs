//! What the machine does with containers: makes them, and fills them from its stack.

use super::{Kind, Machine, Node, PickleError, machine::UNDERFLOW};

impl Machine {
    pub(super) fn hold(&mut self, kind: Kind) -> Result<(), PickleError> {
        let container = self.tree.hold(kind);
        self.push(container)
    }

    /// A new container of the values from `start` on.
    fn hold_from(&mut self, kind: Kind, start: usize) -> Result<(), PickleError> {
        let container = self.tree.hold(kind);
        if let Node::Held(_, number) = container {
            self.fill(kind, number, start)?;
        }
        self.push(container)
    }

    pub(super) fn hold_marked(&mut self, kind: Kind) -> Result<(), PickleError> {
        let start = self.unmark()?;
        self.hold_from(kind, start)
    }

    pub(super) fn hold_last(&mut self, count: usize) -> Result<(), PickleError> {
        let start = self.start_of_last(count)?;
        self.hold_from(Kind::Tuple, start)
    }

    /// Where the last `count` values begin.
    fn start_of_last(&self, count: usize) -> Result<usize, PickleError> {
        let start = self.stack.len().checked_sub(count);
        start
            .filter(|start| *start >= self.floor())
            .ok_or(UNDERFLOW)
    }

    /// Moves the values from `start` on into a container.
    #[inline]
    fn fill(&mut self, kind: Kind, container: u32, start: usize) -> Result<(), PickleError> {
        let values = self.stack.get(start..).ok_or(UNDERFLOW)?;
        if kind == Kind::Dict && !values.len().is_multiple_of(2) {
            return Err(PickleError::Damaged("a key of a dict has no value"));
        }
        self.tree.extend(container, values);
        self.stack.truncate(start);
        Ok(())
    }

    /// Adds the values from `start` on to the container below them.
    #[inline]
    fn add_from(&mut self, kind: Kind, start: usize) -> Result<(), PickleError> {
        let below = start.checked_sub(1).and_then(|at| self.stack.get(at));
        match below {
            Some(Node::Held(found, container)) if *found == kind => {
                let container = *container;
                self.fill(kind, container, start)
            }
            Some(_) => Err(PickleError::Damaged(
                "it adds values to something that is no such container",
            )),
            None => Err(UNDERFLOW),
        }
    }

    #[inline]
    pub(super) fn add_marked(&mut self, kind: Kind) -> Result<(), PickleError> {
        let start = self.unmark()?;
        self.add_from(kind, start)
    }

    pub(super) fn add_last(&mut self, kind: Kind, count: usize) -> Result<(), PickleError> {
        let start = self.start_of_last(count)?;
        self.add_from(kind, start)
    }
}
