//! Data sets: shared segments in the server's object store under the hash of their bytes, and once on each host.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{DirBuilderExt, FileExt},
    },
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use async_nats::jetstream::object_store::{Config, InfoErrorKind, ObjectMetadata, ObjectStore};
use brigade_protocol::shm::Segment;
use data_encoding::HEXLOWER;
use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::{
    error::ClusterError,
    link::{Link, PATIENCE, within},
    names::DATA,
    wire::DataSet,
};

/// Bytes of a message of the object store.
const PIECE_BYTES: usize = 1_000_000;

/// A read that takes longer has failed.
const READ: Duration = Duration::from_secs(15);

/// How often a data set is fetched before that is given up.
const TRIES: u32 = 5;

/// What there is of a data set, by the hash of its bytes.
pub(super) fn hex(hash: &[u8; 32]) -> String {
    HEXLOWER.encode(hash)
}

/// Says what is in a shared segment.
pub(super) fn describe(name: &str, segment: &OwnedFd) -> Result<DataSet, ClusterError> {
    let bad = |error: io::Error| ClusterError::Data {
        name: name.to_owned(),
        reason: format!("cannot be read: {error}"),
    };
    let file = File::from(segment.try_clone().map_err(bad)?);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE_BYTES];
    let mut bytes = 0_u64;
    loop {
        match file.read_at(&mut buffer, bytes).map_err(bad)? {
            0 => break,
            count => {
                hash.update(&buffer[..count]);
                bytes += count as u64;
            }
        }
    }
    Ok(DataSet {
        name: name.to_owned(),
        hash: hash.finalize().into(),
        bytes,
    })
}

/// Opens the bucket, and makes it if a master asks.
async fn store(link: &Link, may_make: bool) -> Result<ObjectStore, ClusterError> {
    let what = "open the bucket of data sets";
    let opened = within(what, PATIENCE, link.js.get_object_store(DATA)).await?;
    match opened {
        Ok(store) => return Ok(store),
        Err(error) if !may_make => return Err(ClusterError::refused(what, error)),
        // It is not there yet.
        Err(_) => {}
    }
    let config = Config {
        bucket: DATA.into(),
        max_bytes: -1,
        num_replicas: link.replicas,
        ..Config::default()
    };
    within(what, PATIENCE, link.js.create_object_store(config))
        .await?
        .map_err(|error| ClusterError::refused("make the bucket of data sets", error))
}

/// Sends a data set unless it is there. `tell` hears how many bytes have left.
pub(super) async fn put(
    link: &Link,
    data: &DataSet,
    segment: &OwnedFd,
    tell: impl FnMut(u64) + Unpin,
) -> Result<(), ClusterError> {
    let store = store(link, true).await?;
    let name = hex(&data.hash);
    match within("find a data set", PATIENCE, store.info(&name)).await? {
        Ok(info) if info.size as u64 == data.bytes && !info.deleted => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == InfoErrorKind::NotFound => {}
        Err(error) => return Err(ClusterError::refused("find a data set", error)),
    }
    let mut source = Source {
        file: File::from(segment.try_clone()?),
        at: 0,
        tell,
    };
    let meta = ObjectMetadata {
        name,
        description: Some(data.name.clone()),
        chunk_size: Some(PIECE_BYTES.min(link.max_payload())),
        ..ObjectMetadata::default()
    };
    store
        .put(meta, &mut source)
        .await
        .map(drop)
        .map_err(|error| ClusterError::refused("take a data set", error))
}

/// A segment that is read as it is sent.
struct Source<F> {
    file: File,
    at: u64,
    tell: F,
}

impl<F: FnMut(u64) + Unpin> AsyncRead for Source<F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = &mut *self;
        // It is in memory, so that this does not wait for a disk.
        let room = into.initialize_unfilled();
        let count = me.file.read_at(room, me.at)?;
        into.advance(count);
        me.at += count as u64;
        (me.tell)(me.at);
        Poll::Ready(Ok(()))
    }
}

/// A host's data sets: files named by their hashes, which all agents of the host share.
#[derive(Debug, Clone)]
pub(super) struct Cache(PathBuf);

impl Cache {
    pub(super) fn at(folder: &Path) -> Result<Self, ClusterError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| ClusterError::File {
                path: folder.display().to_string(),
                error,
            })?;
        Ok(Self(folder.to_owned()))
    }

    /// The data set in sealed memory, fetched if no agent of this host has done so.
    pub(super) async fn get(&self, link: &Link, data: &DataSet) -> Result<Segment, ClusterError> {
        let path = self.0.join(hex(&data.hash));
        let lock_path = path.with_extension("lock");
        let lock = tokio::task::spawn_blocking(move || {
            let file = File::options().create(true).append(true).open(lock_path)?;
            // Whoever holds it fetches the same.
            Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| io::Error::from(errno))
        });
        let _lock = lock.await.map_err(io::Error::other)??;
        let mut tries = 0;
        loop {
            if let Some(segment) = load(&path, data)? {
                return Ok(segment);
            }
            match fetch(link, data, &path).await {
                Ok(()) => {}
                Err(error) if tries + 1 >= TRIES => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
            tries += 1;
            if tries > TRIES {
                return Err(ClusterError::Data {
                    name: data.name.clone(),
                    reason: "what the server sends is not what its hash says".into(),
                });
            }
        }
    }
}

/// What is in a file, if that is the data set.
fn load(path: &Path, data: &DataSet) -> Result<Option<Segment>, ClusterError> {
    let bad = |reason: String| ClusterError::Data {
        name: data.name.clone(),
        reason,
    };
    let Ok(mut file) = File::open(path) else {
        return Ok(None);
    };
    let length = file
        .metadata()
        .map_err(|error| bad(error.to_string()))?
        .len();
    let Some(length) = usize::try_from(length)
        .ok()
        .filter(|_| length == data.bytes)
    else {
        return Ok(None);
    };
    let mut read = Ok(());
    let segment = Segment::create(&data.name, length, |bytes| read = file.read_exact(bytes))
        .map_err(|error| bad(error.to_string()))?;
    read.map_err(|error| bad(error.to_string()))?;
    // What workers will see is what is verified.
    let is_it = <[u8; 32]>::from(Sha256::digest(segment.bytes())) == data.hash;
    Ok(is_it.then_some(segment))
}

/// Brings a data set into a file.
async fn fetch(link: &Link, data: &DataSet, path: &Path) -> Result<(), ClusterError> {
    let bad = |reason: String| ClusterError::Data {
        name: data.name.clone(),
        reason,
    };
    let store = store(link, false).await?;
    let name = hex(&data.hash);
    let mut object = within("give a data set", READ, store.get(&name))
        .await?
        .map_err(|error| bad(error.to_string()))?;
    let partial = path.with_extension("partial");
    let mut file = File::create(&partial)?;
    let mut buffer = vec![0; 128 << 10];
    let mut bytes = 0_u64;
    loop {
        let count = within("go on with a data set", READ, object.read(&mut buffer)).await??;
        bytes += count as u64;
        if bytes > data.bytes {
            return Err(bad("it is longer than it should be".into()));
        }
        if count == 0 {
            break;
        }
        file.write_all(&buffer[..count])?;
    }
    fs::rename(&partial, path)?;
    Ok(())
}

/// A descriptor for workers.
pub(super) fn descriptor(segment: &Segment) -> io::Result<OwnedFd> {
    segment.fd().as_fd().try_clone_to_owned()
}

/// Removes the data sets that none of these jobs needs; how many.
pub(super) async fn sweep(link: &Link, needed: &[String]) -> Result<u64, ClusterError> {
    use futures_util::StreamExt;
    let Ok(store) = store(link, false).await else {
        return Ok(0);
    };
    let what = "list its data sets";
    let mut list = within(what, PATIENCE, store.list())
        .await?
        .map_err(|error| ClusterError::refused(what, error))?;
    let mut names = Vec::new();
    while let Some(info) = within(what, PATIENCE, list.next()).await? {
        names.extend(info.ok().map(|info| info.name));
    }
    let mut removed = 0;
    for name in names.iter().filter(|name| !needed.contains(name)) {
        within("remove a data set", PATIENCE, store.delete(name))
            .await?
            .map_err(|error| ClusterError::refused("remove a data set", error))?;
        removed += 1;
    }
    Ok(removed)
}
