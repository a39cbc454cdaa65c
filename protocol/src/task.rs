//! What a task is: a name, an input and an output. The contract of one job lives in `jobs/`.

use serde::{Serialize, de::DeserializeOwned};

/// A kind of task that a pool can run: a unique name and the types that travel.
///
/// The type itself is never built; it only names the contract. The computation is registered in the
/// worker executable under the same type.
///
/// ```
/// use brigade_protocol::Task;
///
/// /// Adds one.
/// struct Increment;
///
/// impl Task for Increment {
///     const KIND: &'static str = "example.increment";
///     type Input = u64;
///     type Output = u64;
/// }
/// ```
pub trait Task: 'static {
    /// The unique name of this kind, such as `tune.block`. It travels in the handshake and stands in
    /// `ps`, on the status board and in errors.
    const KIND: &'static str;
    /// What one task is given.
    type Input: Serialize + DeserializeOwned + Send + 'static;
    /// What one task returns.
    type Output: Serialize + DeserializeOwned + Send + 'static;
}
