//! Memory that processes share. All of this crate's `unsafe` lives in this folder.
