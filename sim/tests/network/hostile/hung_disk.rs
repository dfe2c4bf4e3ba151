//! A disk that stops to answer: a file system in user space (FUSE), below the served directory as a
//! network's disk would be. Sessions that ask for the disk wait, and no other session waits.

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

use super::raw::{Raw, assert_serves, instant, pause};
use crate::busy::{Watch, within};
use crate::served::Ours;

/// The size of the only file, `file`, whose bytes are all `x`.
const SIZE: u64 = 1 << 20;
/// The time for which the kernel knows a name without asking again.
const VALID: Duration = Duration::from_millis(300);
/// The longest wait of a session that does not ask for the disk, on a busy machine.
const WAIT: Duration = Duration::from_secs(2);

/// A mounted disk. The disk answers until [`Disk::hang`], and again from [`Disk::go_on`] on.
struct Disk {
    at: PathBuf,
    /// The first question that is not answered, as a code; all behind are not answered either.
    hangs: Arc<AtomicU32>,
}

/// The codes of the questions for bytes, and of any question.
const READ: u32 = 15;
const ANY: u32 = 1 << 16;

impl Disk {
    /// Mounts the disk at a new directory; returns `None` where that is not possible.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir(at).expect("space");
        let device = File::options().read(true).write(true).open("/dev/fuse");
        let mounted = device.and_then(|device| {
            let data = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
            let data = CString::new(data).expect("without NUL");
            mount("halfclose-test", at, "fuse", MountFlags::empty(), Some(&*data))?;
            Ok(device)
        });
        let mut device = match mounted {
            Ok(device) => device,
            Err(error) => {
                eprintln!("SKIPPED: no file system in user space can be mounted: {error}");
                return None;
            }
        };
        let hangs = Arc::new(AtomicU32::new(0));
        let asked = Arc::clone(&hangs);
        thread::spawn(move || {
            let mut question = vec![0; 128 << 10];
            loop {
                match device.read(&mut question) {
                    Ok(count) => {
                        let code = u32::from(question[4]);
                        while [code, ANY].contains(&asked.load(Ordering::Relaxed)) {
                            pause(Duration::from_millis(1));
                        }
                        if let Some(answer) = answer(&question[..count]) {
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
        });
        Some(Self { at: at.to_owned(), hangs })
    }

    /// Stops to answer, once the kernel knows nothing any more.
    fn hang(&self) {
        self.hangs.store(ANY, Ordering::Relaxed);
        pause(VALID + VALID / 2);
    }

    /// Stops to answer at the first question for bytes.
    fn hangs_at_reads(&self) {
        self.hangs.store(READ, Ordering::Relaxed);
    }

    fn go_on(&self) {
        self.hangs.store(0, Ordering::Relaxed);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.go_on();
        let _ = unmount(&self.at, UnmountFlags::DETACH);
    }
}

/// The answer to a question of the kernel (`linux/fuse.h`, version 7.31); `None`: no answer is due.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let number = |at: usize| u64::from_le_bytes(question[at..at + 8].try_into().expect("eight"));
    let small = |at: usize| u32::from_le_bytes(question[at..at + 4].try_into().expect("four"));
    let (code, unique, node) = (small(4), number(8), number(16));
    let valid = VALID.subsec_nanos();
    let body = match code {
        // LOOKUP: the only name, of node 2.
        1 if &question[40..] == b"file\0" => {
            let mut entry = Vec::new();
            [2, 0, 0, 0].iter().for_each(|field: &u64| entry.extend(field.to_le_bytes()));
            [valid, valid].iter().for_each(|field| entry.extend(field.to_le_bytes()));
            entry.extend(attributes(2));
            Ok(entry)
        }
        1 => Err(-2),
        // FORGET, INTERRUPT, BATCH_FORGET.
        2 | 36 | 42 => return None,
        // GETATTR.
        3 => Ok([&[0; 8][..], &valid.to_le_bytes(), &[0; 4], &attributes(node)].concat()),
        // OPEN, OPENDIR.
        14 | 27 => Ok(vec![0; 16]),
        // READ.
        15 => {
            let left = SIZE.saturating_sub(number(48)).min(small(56).into());
            Ok(vec![b'x'; usize::try_from(left).expect("at most a page or more")])
        }
        // INIT: the version, 64 KiB ahead, and no features.
        26 => {
            let fields = [7, 31, 64 << 10, 0, 0, 64 << 10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0_u32];
            Ok(fields.iter().flat_map(|field| field.to_le_bytes()).collect())
        }
        // READDIR: one name.
        28 if number(48) == 0 => {
            let fields = [2_u64.to_le_bytes(), 1_u64.to_le_bytes()].concat();
            let name = [&4_u32.to_le_bytes()[..], &8_u32.to_le_bytes(), b"file\0\0\0\0"].concat();
            Ok([fields, name].concat())
        }
        // READDIR at the end, RELEASE, FLUSH, RELEASEDIR, ACCESS.
        28 | 18 | 25 | 29 | 34 => Ok(Vec::new()),
        _ => Err(-38),
    };
    let (error, body) = body.map_or_else(|error: i32| (error, Vec::new()), |body| (0, body));
    let length = u32::try_from(16 + body.len()).expect("short");
    Some([&length.to_le_bytes()[..], &error.to_le_bytes(), &unique.to_le_bytes(), &body].concat())
}

/// The attributes of the directory (node 1) or of the file.
fn attributes(node: u64) -> Vec<u8> {
    let (size, mode) = if node == 1 { (0, 0o040_755) } else { (SIZE, 0o100_644) };
    let large = [node, size, size / 512, 0, 0, 0].map(u64::to_le_bytes).concat();
    let small = [0, 0, 0, mode, 1, 0, 0, 0, 4096, 0].map(u32::to_le_bytes).concat();
    [large, small].concat()
}

/// Starts a server with the disk at `slow`.
fn server() -> Option<(Ours, Disk)> {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(folder.path().join("root")).expect("space");
    let disk = Disk::mount(&folder.path().join("root/slow"))?;
    Some((Ours::serve_in(folder, &[], &[]), disk))
}

/// Asserts that a session which does not ask for the disk is served.
fn assert_no_other_waits(server: &Ours, other: &mut Raw) {
    let longest = within(WAIT, "NOOP", || {
        let (began, mut longest) = (instant(), Duration::ZERO);
        while began.elapsed() < Duration::from_millis(500) {
            let watch = Watch::start(server.id());
            assert!(other.say("NOOP").starts_with("200"));
            longest = longest.max(watch.took());
        }
        longest
    });
    let served = within(WAIT, "two transfers", || assert_serves(server));
    eprintln!("beside a disk that hangs: NOOP {longest:?} at most, two transfers in {served:?}");
}

#[test]
fn a_disk_that_hangs_holds_up_the_downloads_from_the_disk_alone() {
    let Some((server, disk)) = server() else { return };
    let mut other = Raw::login(&server);
    let mut client = Raw::login(&server);
    let mut data = client.passive();
    // The server has the name, the kernel has no byte of the file.
    assert!(client.say("SIZE slow/file").starts_with("213"));
    disk.hangs_at_reads();
    assert!(client.say("RETR slow/file").starts_with("150"));
    assert_no_other_waits(&server, &mut other);
    disk.go_on();
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).expect("the end of the file");
    assert!(bytes.len() as u64 == SIZE && bytes.iter().all(|byte| *byte == b'x'));
    client.expect("226");
}

#[test]
fn a_disk_that_hangs_holds_up_the_sessions_that_ask_for_its_names_alone() {
    const LINES: [(&str, &str); 6] = [
        ("SIZE slow/file", "213 1048576"),
        ("MDTM slow/file", "213"),
        ("MLST slow/file", "250"),
        ("RNFR slow/file", "350"),
        ("CWD slow", "250"),
        ("STAT slow/file", "213"),
    ];
    let Some((server, disk)) = server() else { return };
    let mut other = Raw::login(&server);
    let mut asking: Vec<_> = LINES.iter().map(|_| Raw::login(&server)).collect();
    for (client, (line, reply)) in asking.iter_mut().zip(LINES) {
        let said = client.say(line);
        assert!(said.starts_with(reply), "{line} while the disk answers: {said}");
        client.say("CWD /");
    }
    disk.hang();
    for (client, (line, _)) in asking.iter_mut().zip(LINES) {
        client.stream.write_all(format!("{line}\r\n").as_bytes()).expect("it listens");
    }
    assert_no_other_waits(&server, &mut other);
    disk.go_on();
    for (client, (_, reply)) in asking.iter_mut().zip(LINES) {
        client.expect(reply);
    }
}
