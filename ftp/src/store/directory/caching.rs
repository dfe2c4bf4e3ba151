//! `store::directory::caching` tells whether the kernel knows a path without the disk, so that the
//! usual lookup needs no thread.

use cap_std::fs::Dir;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of a device: major and minor.
type Device = (u32, u32);

/// The devices that are disks of this machine: what the kernel knows of a name there stays valid.
#[derive(Clone, Debug, Default)]
pub(super) struct LocalDisks(Arc<Mutex<BTreeSet<Device>>>);

impl LocalDisks {
    /// Asks the disk for the directory itself, as long as that takes.
    pub(super) fn new(root: &Dir) -> Self {
        let disks = Self::default();
        disks.learn(root, ".");
        disks
    }

    /// Whether an open file is on a disk of this machine.
    pub(super) fn have(&self, file: &std::fs::Metadata) -> bool {
        let device = std::os::unix::fs::MetadataExt::dev(file);
        let device = (rustix::fs::major(device), rustix::fs::minor(device));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&device)
    }

    /// Whether the kernel knows the path without the disk.
    pub(super) fn know(&self, root: &Dir, path: &str) -> bool {
        system::is_known(root, path, &self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the disk for the path, as long as that takes, and notes a disk of this machine.
    pub(super) fn learn(&self, root: &Dir, path: &str) {
        let device = system::ask(root, path);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(device);
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

    /// The magic numbers of local file systems (`linux/magic.h`): ext4, XFS, Btrfs, F2FS, bcachefs,
    /// ZFS, tmpfs, ramfs, overlayfs.
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

    /// Whether the kernel resolves the path from memory (`RESOLVE_CACHED`, Linux 5.12), to a file
    /// on a device of `local` or to an error. On a kernel without the flag the answer is yes, and
    /// the caller may wait for the disk.
    pub(super) fn is_known(root: &Dir, path: &str, local: &BTreeSet<Device>) -> bool {
        match look(root, path, ResolveFlags::CACHED) {
            Ok(file) => device(&file).is_ok_and(|device| local.contains(&device)),
            Err(error) => error != Errno::AGAIN,
        }
    }

    /// Resolves the path, and waits for the disk as long as the disk takes. Returns the device of
    /// the file if the file system is in `LOCAL`; `None`: the file is on a different file system,
    /// or there is no file.
    pub(super) fn ask(root: &Dir, path: &str) -> Option<Device> {
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
