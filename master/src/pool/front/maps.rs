//! A task for each of many inputs.

use brigade_protocol::Task;

use super::{
    super::{
        error::{SubmitError, TaskError},
        map::{Map, MapHandle, MapUnordered},
    },
    Pool,
};

impl Pool {
    /// Runs a task for each input and yields the results in the order of the inputs, as they come.
    ///
    /// Inputs are taken while results are consumed: endless iterators are fine.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let doubled: Vec<u64> = pool.map::<Echo, _>((0..).step_by(2)).take(3).collect::<Result<_, _>>()?;
    /// assert_eq!(doubled, [0, 2, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map<T, I>(&self, inputs: I) -> Map<T, I::IntoIter>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        Map::new(&self.engine, inputs.into_iter(), self.terms)
    }

    /// Runs a task for each input and yields the results as they come, each with the position of its input.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let mut count = 0;
    /// for (position, outcome) in pool.map_unordered::<Echo, _>(100..200) {
    ///     assert_eq!(outcome?, 100 + position);
    ///     count += 1;
    /// }
    /// assert_eq!(count, 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map_unordered<T, I>(&self, inputs: I) -> MapUnordered<T, I::IntoIter>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        MapUnordered::new(&self.engine, inputs.into_iter(), self.terms)
    }

    /// Like [`map`](Self::map) for inputs that are given as something else, such as tuples of arguments.
    ///
    /// ```
    /// use brigade::{Pool, Registry, Task};
    ///
    /// struct Power;
    ///
    /// struct Arguments { base: u64, exponent: u32 }
    ///
    /// impl From<(u64, u32)> for Arguments {
    ///     fn from((base, exponent): (u64, u32)) -> Self {
    ///         Self { base, exponent }
    ///     }
    /// }
    /// # impl serde::Serialize for Arguments {
    /// #     fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
    /// #         (self.base, self.exponent).serialize(to)
    /// #     }
    /// # }
    /// # impl<'de> serde::Deserialize<'de> for Arguments {
    /// #     fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
    /// #         <(u64, u32)>::deserialize(from).map(Self::from)
    /// #     }
    /// # }
    ///
    /// impl Task for Power {
    ///     const KIND: &'static str = "example.power";
    ///     type Input = Arguments;
    ///     type Output = u64;
    /// }
    ///
    /// let mut registry = Registry::new();
    /// registry.register::<Power, _>(|it, _context| Ok(it.base.pow(it.exponent)));
    /// let pool = Pool::builder().workers(2).threads(registry).start()?;
    /// let powers = pool.starmap::<Power, _>([(2, 10), (3, 2)]);
    /// assert_eq!(powers.collect::<Result<Vec<_>, _>>()?, [1024, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn starmap<T, I>(&self, arguments: I) -> Map<T, impl Iterator<Item = T::Input>>
    where
        T: Task,
        I: IntoIterator<Item: Into<T::Input>>,
    {
        self.map(arguments.into_iter().map(Into::into))
    }

    /// Submits a task for each input at once, and returns a handle on all their outcomes.
    ///
    /// All inputs are taken now, and all results kept until they are wanted; [`map`](Self::map) needs less
    /// memory.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let handle = pool.map_async::<Echo, _>(0..10);
    /// // … something else meanwhile …
    /// let outcomes = handle.wait();
    /// assert_eq!(outcomes.len(), 10);
    /// assert_eq!(outcomes[3], Ok(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map_async<T, I>(&self, inputs: I) -> MapHandle<T>
    where
        T: Task,
        I: IntoIterator<Item = T::Input>,
    {
        let submit = |input| {
            self.submit::<T>(input).map_err(|error| match error {
                SubmitError::Closed => TaskError::Cancelled,
                SubmitError::Input(error) => TaskError::Input {
                    error,
                    input_index: None,
                },
                SubmitError::PoolBroken(reason) => TaskError::PoolBroken(reason),
            })
        };
        MapHandle::new(inputs.into_iter().map(submit).collect())
    }
}
