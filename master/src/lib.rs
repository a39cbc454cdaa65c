//! A process pool that never hangs.
