//! Where programs are: looked for once. Most folders of `PATH` have to be tried in vain, which for a short command
//! takes as long as running it.

use std::{
    collections::HashMap,
    env,
    ffi::{CStr, CString, OsStr},
    os::unix::ffi::OsStrExt,
};

use nix::unistd::{AccessFlags, access};

/// More names than this are not noted: inputs may be commands.
const MOST: usize = 1_000;

/// Programs that were found.
#[derive(Default)]
pub(super) struct Programs {
    paths: HashMap<CString, CString>,
}

impl Programs {
    /// Where the program with this name is; `None` if that is for the system to find out.
    pub(super) fn path_of(&mut self, name: &CStr) -> Option<CString> {
        if name.to_bytes().contains(&b'/') {
            return None;
        }
        if let Some(path) = self.paths.get(name) {
            return Some(path.clone());
        }
        let path = find(name, &env::var_os("PATH")?)?;
        if self.paths.len() < MOST {
            self.paths.insert(name.to_owned(), path.clone());
        }
        Some(path)
    }
}

fn find(name: &CStr, folders: &OsStr) -> Option<CString> {
    for folder in env::split_paths(folders) {
        if !folder.is_absolute() {
            // Another one in every directory.
            return None;
        }
        let path = folder.join(OsStr::from_bytes(name.to_bytes()));
        if path.is_file() && access(&path, AccessFlags::X_OK).is_ok() {
            return CString::new(path.as_os_str().as_bytes()).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn the_first_that_can_be_run_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let folders = ["one", "two", "three"].map(|name| folder.path().join(name));
        for (folder, mode) in folders.iter().zip([0o644, 0o755, 0o755]) {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("program"), "").unwrap();
            fs::set_permissions(folder.join("program"), fs::Permissions::from_mode(mode)).unwrap();
        }
        let path = env::join_paths(&folders).unwrap();
        let found = find(c"program", &path).unwrap();
        assert_eq!(
            found.to_bytes(),
            folders[1].join("program").as_os_str().as_bytes()
        );
        assert_eq!(find(c"other", &path), None);
        assert_eq!(find(c"program", OsStr::new("relative:/bin")), None);
        assert_eq!(Programs::default().path_of(c"./program"), None);
    }
}
