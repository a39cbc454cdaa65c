//! Makes the build id: a digest of this crate's sources, so of everything master and worker must agree on.
//!
//! A master and a worker whose ids differ were built from different contracts, even when their versions are
//! the same; the handshake then refuses instead of exchanging nonsense.

use std::{
    fs,
    io::{Error, Result},
    path::{Path, PathBuf},
};

fn main() -> Result<()> {
    let root = PathBuf::from(
        std::env::var_os("CARGO_MANIFEST_DIR")
            .ok_or_else(|| Error::other("CARGO_MANIFEST_DIR is not set; build with cargo"))?,
    );
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files)?;
    files.sort();

    let mut digest = Fnv(0xcbf2_9ce4_8422_2325);
    for file in &files {
        let name = file.strip_prefix(&root).map_err(Error::other)?;
        digest.update(name.to_string_lossy().as_bytes());
        digest.update(&fs::read(file)?);
    }
    println!("cargo::rustc-env=BRIGADE_BUILD_ID={:016x}", digest.0);
    println!("cargo::rerun-if-changed=src");
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// FNV-1a, 64 bits: good enough to tell builds apart, and needs no build dependency.
struct Fnv(u64);

impl Fnv {
    fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
