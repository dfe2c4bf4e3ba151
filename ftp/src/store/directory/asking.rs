//! `store::directory::asking` asks a disk in a thread for the names that the kernel does not know
//! yet, so that a disk which does not answer holds up the thread in place of the program.

use cap_std::fs::Dir;
use std::collections::{BTreeMap, BTreeSet};
use std::thread::{Builder, JoinHandle};

/// The most threads that wait for the disk. Further paths wait for a thread.
const THREADS: usize = 64;
/// The stack of a thread, in bytes.
const STACK: usize = 128 << 10;

/// The number of a device: major and minor.
type Device = (u32, u32);

/// The threads that ask for paths.
#[derive(Debug)]
pub(super) struct Fetches {
    threads: BTreeMap<String, JoinHandle<Option<Device>>>,
    /// The devices that are disks of this machine: what the kernel knows of a name there stays valid.
    local: BTreeSet<Device>,
}

impl Fetches {
    /// Asks the disk for the directory itself, as long as that takes.
    pub(super) fn new(root: &Dir) -> Self {
        let local = system::ask(root, ".").into_iter().collect();
        Self { threads: BTreeMap::new(), local }
    }

    /// Whether an open file is on a disk of this machine.
    pub(super) fn is_local(&self, file: &std::fs::Metadata) -> bool {
        let device = std::os::unix::fs::MetadataExt::dev(file);
        self.local.contains(&(rustix::fs::major(device), rustix::fs::minor(device)))
    }

    /// Whether the kernel knows the path, or a thread has asked the disk for the path. If not, a thread
    /// asks now.
    pub(super) fn has(&mut self, root: &Dir, path: &str) -> bool {
        if let Some(thread) = self.threads.get(path) {
            if !thread.is_finished() {
                return false;
            }
            let thread = self.threads.remove(path);
            // A thread that panics has asked as well.
            self.local.extend(thread.and_then(|thread| thread.join().ok().flatten()));
            return true;
        }
        if system::is_known(root, path, &self.local) {
            return true;
        }
        if self.threads.len() >= THREADS {
            // Threads of sessions that are over.
            self.threads.retain(|_, thread| !thread.is_finished());
        }
        if self.threads.len() >= THREADS {
            return false;
        }
        // Without a thread, the program itself asks the disk.
        let Ok(root) = root.try_clone() else { return true };
        let (name, asked) = (path.to_owned(), path.to_owned());
        let thread = Builder::new().name("fetch".to_owned()).stack_size(STACK);
        match thread.spawn(move || system::ask(&root, &asked)) {
            Ok(thread) => {
                self.threads.insert(name, thread);
                false
            }
            Err(_) => true,
        }
    }
}

#[cfg(target_os = "linux")]
mod system {
    use super::Device;
    use cap_std::fs::Dir;
    use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, StatxFlags, fstatfs, openat2, statx};
    use rustix::io::{Errno, Result};
    use std::collections::BTreeSet;
    use std::os::fd::OwnedFd;

    /// File systems of disks of this machine (`linux/magic.h`): ext4, XFS, Btrfs, F2FS, bcachefs, ZFS,
    /// tmpfs, ramfs, overlayfs.
    const LOCAL: [u32; 9] = [
        0xef53,
        0x5846_5342,
        0x9123_683e,
        0xf2f5_2010,
        0xca45_1a4e,
        0x2fc1_2fc1,
        0x0102_1994,
        0x8584_58f6,
        0x794c_7630,
    ];

    /// Whether the kernel resolves the path without the disk (`RESOLVE_CACHED`, Linux 5.12), to a file on
    /// one of these devices or to an error. A kernel without the flag may wait, as before.
    pub(super) fn is_known(root: &Dir, path: &str, local: &BTreeSet<Device>) -> bool {
        match look(root, path, ResolveFlags::CACHED) {
            Ok(file) => device(&file).is_ok_and(|device| local.contains(&device)),
            Err(error) => error != Errno::AGAIN,
        }
    }

    /// Asks the disk for the path, as long as that takes. Returns the device of a disk of this machine.
    pub(super) fn ask(root: &Dir, path: &str) -> Option<Device> {
        // The properties stay in the kernel's memory.
        drop(root.metadata(path));
        let file = look(root, path, ResolveFlags::empty()).ok()?;
        let kind = u32::try_from(fstatfs(&file).ok()?.f_type).ok()?;
        LOCAL.contains(&kind).then(|| device(&file).ok()).flatten()
    }

    fn look(root: &Dir, path: &str, more: ResolveFlags) -> Result<OwnedFd> {
        let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | more;
        openat2(root, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), how)
    }

    /// The device of a file, as the kernel knows the device, without the disk.
    fn device(file: &OwnedFd) -> Result<Device> {
        let how = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let known = statx(file, "", how, StatxFlags::empty())?;
        Ok((known.stx_dev_major, known.stx_dev_minor))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Device;
    use cap_std::fs::Dir;
    use std::collections::BTreeSet;

    /// Other systems have no such question: the program asks the disk itself.
    pub(super) fn is_known(_: &Dir, _: &str, _: &BTreeSet<Device>) -> bool {
        true
    }

    pub(super) fn ask(_: &Dir, _: &str) -> Option<Device> {
        None
    }
}
