//! `live::walls` gives up what a server does not need before the first client: the user root, new
//! privileges, and every file outside the served directory.

use std::ffi::CString;
use std::net::IpAddr;
use std::path::Path;

use nix::unistd::{Uid, User, geteuid, initgroups, setgid, setuid};

use super::Error;

/// The walls around a running server, beside the handle of the directory that every server has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Walls {
    /// The name of the user that the server has become.
    user: Option<String>,
    /// Whether Landlock lets the process open files below the directory only.
    landlock: bool,
    /// Whether the process can gain no privileges (`PR_SET_NO_NEW_PRIVS`).
    no_new_privs: bool,
}

impl Walls {
    /// The names of the walls that stand, for the first line of output.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = vec!["paths beneath the directory".to_owned()];
        names.extend(self.user.iter().map(|user| format!("user {user}")));
        names.extend(self.landlock.then(|| "Landlock".to_owned()));
        names.extend(self.no_new_privs.then(|| "no new privileges".to_owned()));
        names
    }
}

/// The user of `--run-as`: a name, or the number of a user.
///
/// # Errors
///
/// Fails if there is no such user.
pub(crate) fn find_user(text: &str) -> Result<User, Error> {
    let found = match text.parse() {
        Ok(number) => User::from_uid(Uid::from_raw(number)),
        Err(_) => User::from_name(text),
    };
    let found = found.map_err(|error| Error::Input(format!("--run-as {text}: {error}")))?;
    found.ok_or_else(|| Error::Input(format!("--run-as {text}: there is no such user")))
}

/// Whether the program runs as root.
pub(super) fn is_root() -> bool {
    geteuid().is_root()
}

/// Becomes `user`, with the groups of the user and none of root's.
///
/// # Errors
///
/// Fails if the program may not change its user, or could change back.
pub(super) fn become_user(user: &User, walls: &mut Walls) -> Result<(), Error> {
    let name = CString::new(user.name.as_bytes()).expect("the system's names have no NUL");
    let changed =
        initgroups(&name, user.gid).and_then(|()| setgid(user.gid)).and_then(|()| setuid(user.uid));
    if let Err(error) = changed {
        return Err(Error::Input(format!("--run-as {}: {}", user.name, error.desc())));
    }
    if !user.uid.is_root() && setuid(Uid::from_raw(0)).is_ok() {
        return Err(Error::Failed("the program can become root again".to_owned()));
    }
    walls.user = Some(user.name.clone());
    Ok(())
}

/// Refuses to serve a network as root: root needs `--run-as` on any address but a loopback address.
pub(super) fn check_root(at: IpAddr) -> Result<(), Error> {
    if is_root() && !at.to_canonical().is_loopback() {
        return Err(Error::Input(format!(
            "root serves on a loopback address only, and {at} is none: add --run-as USER"
        )));
    }
    Ok(())
}

/// Confines the process to the directory, as far as the kernel can. No thread may run yet: a wall
/// stands around the calling thread and the threads that it starts.
pub(super) fn confine(directory: &Path, read_only: bool, walls: &mut Walls) {
    #[cfg(target_os = "linux")]
    {
        walls.no_new_privs = nix::sys::prctl::set_no_new_privs().is_ok();
        walls.landlock = linux::confine(directory, read_only).unwrap_or(false);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (directory, read_only, walls);
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;

    use landlock::{
        ABI, Access, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated,
        RulesetCreatedAttr, RulesetError, RulesetStatus,
    };

    /// The newest rules that the program knows; an older kernel applies what it has.
    const KNOWN: ABI = ABI::V5;
    /// What the kernel tells of the program's connections.
    const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

    /// Lets the process open files below the directory only. Returns whether the wall stands.
    pub(super) fn confine(directory: &Path, read_only: bool) -> Result<bool, RulesetError> {
        let reads = AccessFs::ReadFile | AccessFs::ReadDir;
        let writes = AccessFs::WriteFile
            | AccessFs::Truncate
            | AccessFs::MakeReg
            | AccessFs::MakeDir
            | AccessFs::RemoveFile
            | AccessFs::RemoveDir
            | AccessFs::Refer;
        let access = if read_only { reads } else { reads | writes };
        let ruleset = Ruleset::default().handle_access(AccessFs::from_all(KNOWN))?.create()?;
        let mut ruleset = allow(ruleset, directory, access)?;
        for table in TABLES {
            ruleset = allow(ruleset, Path::new(table), AccessFs::ReadFile.into())?;
        }
        Ok(ruleset.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
    }

    /// Allows a path that exists.
    fn allow(
        ruleset: RulesetCreated,
        path: &Path,
        access: BitFlags<AccessFs>,
    ) -> Result<RulesetCreated, RulesetError> {
        match PathFd::new(path) {
            Ok(file) => ruleset.add_rule(PathBeneath::new(file, access)),
            Err(_) => Ok(ruleset),
        }
    }
}
