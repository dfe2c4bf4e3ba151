//! `loopback` moves one gibibyte over 127.0.0.1, up and down: our server and vsftpd, each a process
//! of its own, with one plain client for both. Without vsftpd only our figures appear.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use halfclose_ftp::net::Sockets;
use halfclose_ftp::store::DirectoryStore;
use halfclose_ftp::{Driver, ServerConfig, User};

/// The bytes that the client reads or writes at once.
const PIECE: usize = 1 << 20;

/// The name of the moved file.
const FILE: &str = "file";

/// The longest wait for a reply.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of one directory, at a port of 127.0.0.1.
pub struct Server {
    child: Child,
    port: u16,
    /// The writable directory, as a client names the directory.
    directory: &'static str,
    /// The writable directory, as this program names the directory.
    files: PathBuf,
}

/// The direction of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// An upload by STOR.
    Up,
    /// A download by RETR.
    Down,
}

/// Serves `directory` for ever and prints the port, as [`Server::ours`] requires.
///
/// # Errors
/// Fails if the directory cannot be served.
pub fn serve(directory: &Path) -> io::Result<()> {
    let config = ServerConfig { users: vec![User::anonymous()], ..ServerConfig::hardened() };
    let mut sockets = Sockets::new()?;
    let mut store = DirectoryStore::open(directory)?;
    store.set_waker(sockets.waker()?);
    let mut server = Driver::server(config, store);
    server.hand_over_reports(true);
    let at = SocketAddr::from(([127, 0, 0, 1], 0));
    println!("{}", server.listen(&mut sockets, at, 64)?.port());
    loop {
        let now = sockets.now();
        server.pump(&mut sockets, now);
        while server.poll_report().is_some() {}
        sockets.wait(server.next_wakeup())?;
    }
}

impl Server {
    /// Starts our server: this program, told to [`serve`].
    ///
    /// # Errors
    /// Fails if the process does not start.
    pub fn ours(directory: &Path) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("--serve").arg(directory).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line)?;
        let port = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { child, port, directory: "", files: directory.to_owned() })
    }

    /// Starts vsftpd without TLS, log and PAM, which would slow vsftpd down.
    ///
    /// # Errors
    /// Fails if vsftpd is not installed.
    pub fn vsftpd(directory: &Path) -> io::Result<Self> {
        let (root, empty) = (directory.join("root"), directory.join("empty"));
        fs::create_dir_all(root.join("up"))?;
        fs::create_dir_all(&empty)?;
        // vsftpd becomes the user `nobody`, and insists on a root without write permission.
        for (path, mode) in [(directory, 0o755), (&root, 0o755), (&root.join("up"), 0o777)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = format!(
            "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\n\
             anonymous_enable=YES\nlocal_enable=NO\nftp_username=nobody\n\
             anon_root={}\nsecure_chroot_dir={}\nrun_as_launching_user=YES\nwrite_enable=YES\n\
             anon_upload_enable=YES\nanon_other_write_enable=YES\nanon_world_readable_only=NO\n\
             anon_umask=022\nseccomp_sandbox=NO\nxferlog_enable=NO\n",
            root.display(),
            empty.display()
        );
        let path = directory.join("vsftpd.conf");
        fs::write(&path, config)?;
        let child = Command::new("vsftpd").arg(path).stdin(Stdio::null()).spawn()?;
        let this = Self { child, port, directory: "up/", files: root.join("up") };
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(this);
            }
            pause();
        }
        Err(io::Error::other("vsftpd does not listen"))
    }

    /// Prepares an upload of this many bytes: removes the old file, and takes memory from the host
    /// of the machine.
    ///
    /// A virtual machine returns pages that have been free for a while (2 s on Linux) to its host,
    /// and the first write to such a page then costs a page fault in the host: a gibibyte of such
    /// pages took 2 to 3 s of system time, and a gibibyte of pages in use 0.35 s. The function
    /// therefore writes and frees pages right before the measurement, and the server reuses them.
    ///
    /// # Errors
    /// Fails if the disk has too little room.
    pub fn prepare(&self, bytes: u64) -> io::Result<()> {
        match fs::remove_file(self.files.join(FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let path = self.files.join("ballast");
        let mut ballast = fs::File::create(&path)?;
        let wrote = io::copy(&mut io::repeat(0x5a).take(bytes), &mut ballast);
        fs::remove_file(path)?;
        wrote.map(|_| ())
    }

    /// Moves `bytes` bytes and returns the time from the command to the last reply.
    ///
    /// # Errors
    /// Fails if the connection or the server fails, or if another number of bytes moves.
    pub fn transfer(&self, way: Way, bytes: u64) -> io::Result<Duration> {
        let mut session = Session::login(self.port)?;
        let data = session.passive()?;
        let verb = if way == Way::Up { "STOR" } else { "RETR" };
        let began = instant();
        session.command(&format!("{verb} {}{FILE}", self.directory), "150")?;
        let moved = match way {
            Way::Up => send(data, bytes)?,
            Way::Down => receive(data)?,
        };
        session.expect("226")?;
        let took = began.elapsed();
        if moved == bytes { Ok(took) } else { Err(io::Error::other("not all of it has moved")) }
    }

    /// Returns the peak memory of the server, in KiB.
    ///
    /// # Errors
    /// Fails if the system does not report the peak.
    pub fn memory(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other("VmHWM is not there"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The control connection of a plain client.
struct Session {
    stream: TcpStream,
    replies: BufReader<TcpStream>,
}

impl Session {
    fn login(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let replies = BufReader::new(stream.try_clone()?);
        let mut this = Self { stream, replies };
        this.expect("220")?;
        this.command("USER anonymous", "331")?;
        this.command("PASS x", "230")?;
        this.command("TYPE I", "200")?;
        Ok(this)
    }

    /// Sends a command and reads replies up to the first reply with this beginning.
    fn command(&mut self, line: &str, code: &str) -> io::Result<String> {
        self.stream.write_all(format!("{line}\r\n").as_bytes())?;
        self.expect(code)
    }

    fn expect(&mut self, code: &str) -> io::Result<String> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.replies.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.starts_with(&format!("{code} ")) {
                return Ok(line);
            }
            if line.starts_with(['4', '5']) {
                return Err(io::Error::other(line));
            }
        }
    }

    fn passive(&mut self) -> io::Result<TcpStream> {
        let reply = self.command("EPSV", "229")?;
        let port = reply.split('|').nth(3).and_then(|port| port.parse::<u16>().ok());
        let port = port.ok_or_else(|| io::Error::other(reply))?;
        TcpStream::connect(("127.0.0.1", port))
    }
}

fn send(mut data: TcpStream, bytes: u64) -> io::Result<u64> {
    let piece = vec![0x5a; PIECE];
    let mut left = bytes;
    while left > 0 {
        let now = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        data.write_all(&piece[..now])?;
        left -= now as u64;
    }
    Ok(bytes)
}

fn receive(mut data: TcpStream) -> io::Result<u64> {
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        match data.read(&mut piece)? {
            0 => return Ok(bytes),
            read => bytes += read as u64,
        }
    }
}

/// Returns a directory for the files, in memory if possible, because no disk is to be measured.
///
/// # Errors
/// Fails if the system has no such directory.
pub fn place() -> io::Result<PathBuf> {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let place = base.join(format!("halfclose-loopback-{}", std::process::id()));
    fs::create_dir(&place)?;
    Ok(place)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "it waits for a real program")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
