//! `namespace` is the life of a helper process: `halfclose` started again by a bridge, once to make the
//! namespaces of a command, and once as the first process in the namespaces. After the end of the
//! bridge, the helper or the first process, the kernel ends every process of the namespaces, and with the last
//! process the namespaces and the device.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::process::{WaitOptions, geteuid, getgid, getuid, wait};
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level::pipe;

use super::control::{self, Ended, Order, Received, Report};
use super::tun::Tun;
use crate::side::{CONTROL_PORT, SERVER};

/// The first word of a helper that makes namespaces, and of the first process in the namespaces. No
/// command of the program has such a name.
pub(super) const KEEPER: &str = "bridge-keeper";
const FIRST: &str = "bridge-first";

/// How long the first process waits before it looks again for a listening socket, in nanoseconds.
const LISTEN_TICK: i64 = 5_000_000;

/// Acts as a helper if the words of the command line say so; `None`: the words are for the program.
pub(crate) fn as_helper(arguments: &[OsString]) -> Option<ExitCode> {
    let words: Vec<&str> = arguments.iter().skip(1).filter_map(|word| word.to_str()).collect();
    let done = match words[..] {
        [KEEPER, address, peer, mtu, command] => keep([address, peer, mtu], command),
        [FIRST, address, command] => lead(address, command),
        _ => return None,
    };
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = control::report(io::stdin().as_fd(), &Report::Refused(why));
            ExitCode::FAILURE
        }
    })
}

/// Makes the namespaces and the device, starts the first process in the namespaces, and waits for its
/// end.
fn keep([address, peer, mtu]: [&str; 3], command: &str) -> Result<(), String> {
    let number = |text: &str| text.parse::<Ipv4Addr>().map_err(|error| error.to_string());
    let (address, peer) = (number(address)?, number(peer)?);
    let mtu = mtu.parse().map_err(|_| format!("`{mtu}` is not an MTU"))?;
    // Before and after: new credentials take the signal away.
    die_with_parent();
    enter()?;
    die_with_parent();
    let tun = Tun::open(address, peer, mtu).map_err(|error| no_device(&error))?;
    let file = tun.as_fd().try_clone_to_owned().map_err(|error| error.to_string())?;
    let said = control::report(io::stdin().as_fd(), &Report::Ready(file));
    said.map_err(|error| error.to_string())?;
    drop(tun);
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let started = Command::new(program).args([FIRST, &address.to_string(), command]).spawn();
    let mut first = started.map_err(|error| format!("cannot start a process: {error}"))?;
    first.wait().map(drop).map_err(|error| error.to_string())
}

/// The sentence for a device that cannot be made.
fn no_device(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no /dev/net/tun: load the module (`modprobe tun`); in a \
                                    container, add `--device /dev/net/tun`"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => format!(
            "/dev/net/tun cannot be used ({error}): run as root, or let users open the device \
             (`chmod 666 /dev/net/tun`)"
        ),
        _ => format!("no TUN device can be made: {error}"),
    }
}

/// Leaves the namespaces of the system: as root directly, or through a user namespace.
fn enter() -> Result<(), String> {
    let own = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
    let own = own | CloneFlags::CLONE_NEWIPC;
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let as_root = geteuid().is_root() && unshare(own).is_ok();
    if !as_root {
        unshare(own | CloneFlags::CLONE_NEWUSER).map_err(|error| {
            format!(
                "no network namespace can be made ({}): run as root, or allow user namespaces \
                 (`sysctl user.max_user_namespaces`, `kernel.unprivileged_userns_clone`, \
                 `kernel.apparmor_restrict_unprivileged_userns`)",
                error.desc()
            )
        })?;
        let map = |file: &str, text: String| {
            let path = format!("/proc/self/{file}");
            fs::write(&path, text).map_err(|error| format!("cannot write {path}: {error}"))
        };
        // user_namespaces(7): a group may be mapped once setgroups is given up.
        map("setgroups", "deny".to_owned())?;
        map("uid_map", format!("0 {user} 1"))?;
        map("gid_map", format!("0 {group} 1"))?;
    }
    let flags = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", flags).map_err(|error| format!("cannot make mounts private: {error}"))
}

/// The kernel ends this process when its parent dies.
fn die_with_parent() {
    // The end of the control socket says the same, a little later.
    let _ = set_pdeathsig(Signal::SIGKILL);
}

/// The first process of the namespaces: starts the command, takes orders, and buries every orphan.
fn lead(address: &str, command: &str) -> Result<(), String> {
    die_with_parent();
    // Without a /proc of its own the namespace shows the system's.
    let _ = mount("proc", "/proc", "proc", MountFlags::empty(), None);
    let stdin = io::stdin();
    let bridge = stdin.as_fd();
    let words = |error: io::Error| error.to_string();
    let (children, signal) = UnixStream::pair().map_err(words)?;
    children.set_nonblocking(true).map_err(words)?;
    pipe::register(SIGCHLD, signal).map_err(words)?;
    // Only a server has to listen.
    let listening = address != SERVER.to_string();
    let mut led = Led { bridge, command: None, listening };
    loop {
        // Before the look at the children: a signal after the look must wake the poll.
        let mut drained = [0; 64];
        let _ = rustix::io::read(&children, &mut drained);
        match control::take_order(bridge).map_err(words)? {
            Received::Message(Order::Start) => led.start(command)?,
            Received::Message(Order::Stop) => led.stop(),
            Received::Nothing => {}
            Received::Gone => return Ok(()),
        }
        led.bury().map_err(words)?;
        led.look_for_listener().map_err(words)?;
        let mut files =
            [PollFd::new(&bridge, PollFlags::IN), PollFd::new(&children, PollFlags::IN)];
        let tick = Timespec { tv_sec: 0, tv_nsec: LISTEN_TICK };
        let looks = led.command.is_some() && !led.listening;
        let _ = poll(&mut files, looks.then_some(&tick));
    }
}

/// The state of the first process.
struct Led<'a> {
    bridge: BorrowedFd<'a>,
    command: Option<Pid>,
    /// Whether a listening socket was reported, or is not looked for.
    listening: bool,
}

impl Led<'_> {
    fn start(&mut self, command: &str) -> Result<(), String> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).stdin(std::process::Stdio::null()).process_group(0);
        let started = shell.spawn().map_err(|error| format!("cannot start /bin/sh: {error}"))?;
        self.command = Some(Pid::from_raw(started.id().cast_signed()));
        Ok(())
    }

    /// Asks every process of the namespace to end; a server that left its group hears it too.
    fn stop(&mut self) {
        let _ = control::report(self.bridge, &Report::Overflowed(overflowed()));
        let _ = kill(Pid::from_raw(-1), Signal::SIGTERM);
    }

    /// Takes the status of every process that has ended, and reports the command's.
    fn bury(&mut self) -> io::Result<()> {
        while let Ok(Some((process, status))) = wait(WaitOptions::NOHANG) {
            if self.command.map(Pid::as_raw) != Some(process.as_raw_nonzero().get()) {
                continue;
            }
            let ended = match (status.exit_status(), status.terminating_signal()) {
                (Some(status), _) => Ended::Exited(status),
                (None, signal) => Ended::Signalled(signal.unwrap_or(0)),
            };
            control::report(self.bridge, &Report::Ended(ended))?;
        }
        Ok(())
    }

    /// Reports once that a socket listens at the port of FTP.
    fn look_for_listener(&mut self) -> io::Result<()> {
        if self.listening || self.command.is_none() {
            return Ok(());
        }
        let files = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
        self.listening =
            files.iter().any(|file| listens(&fs::read_to_string(file).unwrap_or_default()));
        if self.listening {
            control::report(self.bridge, &Report::Listening)?;
        }
        Ok(())
    }
}

/// Whether a table of sockets (proc(5), /proc/net/tcp) has a socket that listens at the port of FTP.
fn listens(table: &str) -> bool {
    const LISTEN: &str = "0A";
    let port = format!(":{CONTROL_PORT:04X}");
    table.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let local = words.next().unwrap_or_default();
        local.ends_with(&port) && words.nth(1) == Some(LISTEN)
    })
}

/// Packets that the device had no room for (proc(5), /proc/net/dev: the twelfth number is `drop`).
fn overflowed() -> u64 {
    let table = fs::read_to_string("/proc/self/net/dev").unwrap_or_default();
    let line = table.lines().find_map(|line| line.trim_start().strip_prefix("halfclose0:"));
    let dropped = line.and_then(|line| line.split_whitespace().nth(11));
    dropped.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The words that start a helper.
pub(super) fn words(
    address: Ipv4Addr,
    peer: Ipv4Addr,
    mtu: usize,
    command: &OsStr,
) -> Vec<OsString> {
    let numbers = [KEEPER.to_owned(), address.to_string(), peer.to_string(), mtu.to_string()];
    numbers.into_iter().map(OsString::from).chain([command.to_owned()]).collect()
}
