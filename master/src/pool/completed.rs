//! Handles in the order in which their tasks are done.

use std::{sync::Arc, thread};

use brigade_protocol::Task;

use super::{
    handle::Handle,
    outcome::{Awaited, Completions},
};

/// Yields each of the handles when its task is done, the first one first.
///
/// ```no_run
/// use brigade::{Pool, as_completed, jobs::echo::Echo};
///
/// let pool = Pool::builder().start()?;
/// let handles: Vec<_> = (0..10)
///     .map(|number| pool.submit::<Echo>(number))
///     .collect::<Result<_, _>>()?;
/// for handle in as_completed(handles) {
///     println!("task {} is done", handle.id());
///     let number = handle.wait()?; // returns at once
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn as_completed<T: Task>(handles: impl IntoIterator<Item = Handle<T>>) -> AsCompleted<T> {
    let completions = Arc::new(Completions::default());
    let handles: Vec<_> = handles.into_iter().map(Some).collect();
    for (number, handle) in handles.iter().flatten().enumerate() {
        handle.cell.report_to(&completions, number);
    }
    AsCompleted {
        left: handles.len(),
        handles,
        completions,
    }
}

/// Iterator over handles in the order of completion; see [`as_completed`].
#[derive(Debug)]
pub struct AsCompleted<T: Task> {
    handles: Vec<Option<Handle<T>>>,
    left: usize,
    completions: Arc<Completions>,
}

impl<T: Task> Iterator for AsCompleted<T> {
    type Item = Handle<T>;

    fn next(&mut self) -> Option<Handle<T>> {
        if self.left == 0 {
            return None;
        }
        loop {
            if let Some(number) = self.completions.take() {
                self.left -= 1;
                return self.handles.get_mut(number)?.take();
            }
            self.wait();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Task> AsCompleted<T> {
    fn wait(&self) {
        let mut pools = self.handles.iter().flatten().map(|handle| &handle.shared);
        let Some(first) = pools.next() else {
            return;
        };
        if pools.all(|other| Arc::ptr_eq(first, other)) {
            first.wait_for(&*self.completions, None);
            return;
        }
        // Several pools: one of them must not be driven while another one's result comes, so leave
        // all of them to their stewards.
        self.completions.set_waiter(Some(thread::current()));
        if !self.completions.is_ready() {
            thread::park();
        }
        self.completions.set_waiter(None);
    }
}
