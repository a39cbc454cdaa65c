//! The computations of the shipped jobs: pure functions of input and context.

pub mod burn;
mod classify;
mod deli;
mod echo;
pub mod factor;
mod fault;
pub mod imports;
mod logs;
mod philosophers;
mod race;
mod run;
pub mod search;
pub mod tune;

use crate::Registry;

/// All that the shipped `worker` executable can do.
#[must_use]
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    echo::register(&mut registry);
    fault::register(&mut registry);
    tune::register(&mut registry);
    burn::register(&mut registry);
    factor::register(&mut registry);
    classify::register(&mut registry);
    run::register(&mut registry);
    search::register(&mut registry);
    imports::register(&mut registry);
    logs::register(&mut registry);
    deli::register(&mut registry);
    philosophers::register(&mut registry);
    race::register(&mut registry);
    registry
}
