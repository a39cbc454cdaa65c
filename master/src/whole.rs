//! Writes a file whole or not at all.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

/// Replaces what is at `path`, once all is written. What is no regular file, such as `/dev/stdout`, is written to
/// as it is.
///
/// # Errors
/// What the file system returns; what was at `path` is then as before.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    // Through links, so that the file they lead to is replaced and not they.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let is_special = fs::metadata(&path).is_ok_and(|there| !there.is_file());
    let Some(name) = path.file_name().filter(|_| !is_special) else {
        return fs::write(&path, content);
    };
    let mut draft = std::ffi::OsString::from(".");
    draft.push(name);
    draft.push(format!(".{}", std::process::id()));
    let draft = path.with_file_name(draft);
    let written = fs::File::create(&draft)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&draft, &path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Looks whether there could be such a file, without changing what is there.
///
/// # Errors
/// What the file system returns.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => Ok(()),
        _ => {
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            let folder = folder.unwrap_or(Path::new("."));
            // What is written whole takes its place from beside it.
            tempfile::tempfile_in(folder).map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_through_links_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        write(&file, b"one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        write(Path::new("/dev/null"), b"three").unwrap();
        let nowhere = folder.path().join("none").join("file");
        assert!(write(&nowhere, b"").is_err() && check(&nowhere).is_err());
        assert!(check(folder.path()).is_err());
        for path in [&file, &folder.path().join("new"), Path::new("/dev/null")] {
            check(path).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
