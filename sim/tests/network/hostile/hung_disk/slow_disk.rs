//! A file system in user space (FUSE) for the tests of a disk that does not answer: one directory with
//! files of `x` and directories, which stops to answer where a test wants.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::hostile::raw::{pause, until};

/// The size of `file`, whose bytes are all `x`.
pub(crate) const SIZE: u64 = 1 << 20;
/// The time for which the kernel knows a name without asking again.
const VALID: Duration = Duration::from_millis(300);

/// Questions of the kernel (`linux/fuse.h`, version 7.31).
pub(crate) const LOOKUP: u32 = 1;
pub(crate) const SETATTR: u32 = 4;
pub(crate) const MKDIR: u32 = 9;
pub(crate) const UNLINK: u32 = 10;
pub(crate) const RMDIR: u32 = 11;
pub(crate) const RENAME: u32 = 12;
pub(crate) const READ: u32 = 15;
pub(crate) const WRITE: u32 = 16;
pub(crate) const FSYNC: u32 = 20;
pub(crate) const FLUSH: u32 = 25;
pub(crate) const OPENDIR: u32 = 27;
pub(crate) const READDIR: u32 = 28;
pub(crate) const CREATE: u32 = 35;
/// The code for all questions.
const ANY: u32 = 1 << 16;

/// A mounted disk. The disk answers until [`Disk::hang`], and again from [`Disk::go_on`] on.
pub(crate) struct Disk {
    at: PathBuf,
    /// The first question that is not answered; all behind are not answered either.
    hangs: Arc<AtomicU32>,
    /// The question that waits for its answer.
    held: Arc<AtomicU32>,
    /// The question that is answered with `ENOSPC`.
    fails: Arc<AtomicU32>,
}

impl Disk {
    /// Mounts the disk at a new directory; returns `None` where that is not possible.
    pub(crate) fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir(at).expect("space");
        let device = File::options().read(true).write(true).open("/dev/fuse");
        let mounted = device.and_then(|device| {
            // Another server may have changed its user.
            let all = "rootmode=40000,user_id=0,group_id=0,allow_other";
            let data = format!("fd={},{all}", device.as_raw_fd());
            let data = CString::new(data).expect("without NUL");
            mount("halfclose-test", at, "fuse", MountFlags::empty(), Some(&*data))?;
            Ok(device)
        });
        let device = match mounted {
            Ok(device) => device,
            Err(error) => {
                eprintln!("SKIPPED: no file system in user space can be mounted: {error}");
                return None;
            }
        };
        let [hangs, held, fails] = [0; 3].map(|none| Arc::new(AtomicU32::new(none)));
        let shared = [&hangs, &held, &fails].map(Arc::clone);
        thread::spawn(move || serve(device, shared.each_ref().map(|it| &**it)));
        Some(Self { at: at.to_owned(), hangs, held, fails })
    }

    /// Stops to answer, once the kernel knows nothing any more.
    pub(crate) fn hang(&self) {
        self.hangs.store(ANY, Ordering::Relaxed);
        self.forget();
    }

    /// Waits until the kernel knows no name any more.
    pub(crate) fn forget(&self) {
        pause(VALID + VALID / 2);
    }

    /// Stops to answer at the first such question.
    pub(crate) fn hang_at(&self, question: u32) {
        self.hangs.store(question, Ordering::Relaxed);
    }

    /// Waits until the disk holds a question back.
    pub(crate) fn is_asked(&self) {
        until("the disk is asked", || self.held.load(Ordering::Relaxed) != 0);
    }

    pub(crate) fn go_on(&self) {
        self.hangs.store(0, Ordering::Relaxed);
    }

    /// Answers such questions with `ENOSPC` from now on; zero: no question.
    pub(crate) fn fail_at(&self, question: u32) {
        self.fails.store(question, Ordering::Relaxed);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.go_on();
        let _ = unmount(&self.at, UnmountFlags::DETACH);
    }
}

/// Answers the questions of the kernel until the disk is unmounted.
fn serve(mut device: File, [hangs, held, fails]: [&AtomicU32; 3]) {
    let mut files = Files::default();
    let mut question = vec![0; 128 << 10];
    loop {
        match device.read(&mut question) {
            Ok(count) => {
                let code = u32::from(question[4]);
                while [code, ANY].contains(&hangs.load(Ordering::Relaxed)) {
                    held.store(code, Ordering::Relaxed);
                    pause(Duration::from_millis(1));
                }
                held.store(0, Ordering::Relaxed);
                let fails = code == fails.load(Ordering::Relaxed);
                if let Some(answer) = files.answer(&question[..count], fails) {
                    // A question may have been taken back.
                    let _ = device.write_all(&answer);
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // The disk was unmounted.
            Err(_) => return,
        }
    }
}

/// The names of the directory, and the size of each node: `None` for a directory. Node 1 is the root.
struct Files {
    names: BTreeMap<Vec<u8>, u64>,
    sizes: BTreeMap<u64, Option<u64>>,
}

impl Default for Files {
    fn default() -> Self {
        let names = [(b"file".to_vec(), 2)].into();
        Self { names, sizes: [(1, None), (2, Some(SIZE))].into() }
    }
}

/// Errors of the kernel, negative.
const NO_SUCH_NAME: i32 = -2;
const NO_SPACE: i32 = -28;
const NOT_IMPLEMENTED: i32 = -38;

impl Files {
    /// The answer to a question, or `ENOSPC` if it `fails`; `None`: no answer is due.
    fn answer(&mut self, question: &[u8], fails: bool) -> Option<Vec<u8>> {
        let number = |at: usize| u64::from_le_bytes(question[at..at + 8].try_into().expect("8"));
        let small = |at: usize| u32::from_le_bytes(question[at..at + 4].try_into().expect("4"));
        let (code, unique, node) = (small(4), number(8), number(16));
        let first =
            |at: usize| question[at..].split(|byte| *byte == 0).next().expect("a name").to_vec();
        let body = match code {
            _ if fails => Err(NO_SPACE),
            LOOKUP => self.entry(&first(40)).ok_or(NO_SUCH_NAME),
            // FORGET, INTERRUPT, BATCH_FORGET.
            2 | 36 | 42 => return None,
            // GETATTR.
            3 => Ok(self.told(node)),
            SETATTR => {
                if small(40) & 8 != 0 {
                    self.sizes.insert(node, Some(number(56)));
                }
                Ok(self.told(node))
            }
            MKDIR => Ok(self.make(&first(48), None)),
            UNLINK | RMDIR => self.names.remove(&first(40)).map(|_| Vec::new()).ok_or(NO_SUCH_NAME),
            RENAME => {
                let mut names = question[48..].split(|byte| *byte == 0).map(<[u8]>::to_vec);
                let (from, to) = (names.next(), names.next());
                let moved = from.and_then(|from| self.names.remove(&from)).zip(to);
                if let Some((node, to)) = moved {
                    self.names.insert(to, node);
                    Ok(Vec::new())
                } else {
                    Err(NO_SUCH_NAME)
                }
            }
            // OPEN, OPENDIR.
            14 | OPENDIR => Ok(vec![0; 16]),
            READ => {
                let size = self.sizes.get(&node).copied().flatten().unwrap_or(0);
                let left = size.saturating_sub(number(48)).min(small(56).into());
                Ok(vec![b'x'; usize::try_from(left).expect("at most a page or more")])
            }
            WRITE => {
                let end = number(48) + u64::from(small(56));
                let size = self.sizes.entry(node).or_default();
                *size = Some(size.unwrap_or(0).max(end));
                Ok([small(56), 0].map(u32::to_le_bytes).concat())
            }
            CREATE => Ok([self.make(&first(56), Some(0)), vec![0; 16]].concat()),
            // INIT: the version, 64 KiB ahead, and no features.
            26 => Ok([7, 31, 64 << 10, 0, 0, 64 << 10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0_u32]
                .map(u32::to_le_bytes)
                .concat()),
            READDIR if number(48) == 0 => Ok(self.listing()),
            // READDIR at the end, RELEASE, FSYNC, FLUSH, RELEASEDIR, ACCESS.
            READDIR | 18 | FSYNC | FLUSH | 29 | 34 => Ok(Vec::new()),
            _ => Err(NOT_IMPLEMENTED),
        };
        let (error, body) = body.map_or_else(|error: i32| (error, Vec::new()), |body| (0, body));
        let length = u32::try_from(16 + body.len()).expect("short");
        let head = [&length.to_le_bytes()[..], &error.to_le_bytes(), &unique.to_le_bytes()];
        Some([head.concat(), body].concat())
    }

    /// Gives a new file or directory a name.
    fn make(&mut self, name: &[u8], size: Option<u64>) -> Vec<u8> {
        let node = self.sizes.keys().last().expect("the root") + 1;
        self.sizes.insert(node, size);
        self.names.insert(name.to_vec(), node);
        self.entry(name).expect("it has just come")
    }

    /// What the kernel learns of a name.
    fn entry(&self, name: &[u8]) -> Option<Vec<u8>> {
        let node = *self.names.get(name)?;
        let valid = VALID.subsec_nanos();
        let large = [node, 0, 0, 0].map(u64::to_le_bytes).concat();
        let small = [valid, valid].map(u32::to_le_bytes).concat();
        Some([large, small, self.attributes(node)].concat())
    }

    /// The answer to a question for attributes.
    fn told(&self, node: u64) -> Vec<u8> {
        let valid = VALID.subsec_nanos();
        [&[0; 8][..], &valid.to_le_bytes(), &[0; 4], &self.attributes(node)].concat()
    }

    fn attributes(&self, node: u64) -> Vec<u8> {
        let (size, mode) = match self.sizes.get(&node).copied().flatten() {
            Some(size) => (size, 0o100_644),
            None => (0, 0o040_755),
        };
        let large = [node, size, size / 512, 0, 0, 0].map(u64::to_le_bytes).concat();
        let small = [0, 0, 0, mode, 1, 0, 0, 0, 4096, 0].map(u32::to_le_bytes).concat();
        [large, small].concat()
    }

    /// All names of the directory, in one answer.
    fn listing(&self) -> Vec<u8> {
        let mut listing = Vec::new();
        for (at, (name, node)) in (1_u64..).zip(&self.names) {
            let kind = if self.sizes[node].is_some() { 8 } else { 4_u32 };
            let length = u32::try_from(name.len()).expect("short");
            listing.extend([node.to_le_bytes(), at.to_le_bytes()].concat());
            listing.extend([length.to_le_bytes(), kind.to_le_bytes()].concat());
            listing.extend(name);
            listing.resize(listing.len().next_multiple_of(8), 0);
        }
        listing
    }
}
