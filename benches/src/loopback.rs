//! One gibibyte over 127.0.0.1, up and down: our server and vsftpd, each a process of its own, with
//! one plain client for both. Skipped where vsftpd is not installed, but for our own figures.

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

/// What the client reads and writes at once.
const PIECE: usize = 1 << 20;

/// What the file is called.
const FILE: &str = "file";

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of one directory, at a port of 127.0.0.1.
pub struct Server {
    child: Child,
    port: u16,
    /// The directory that may be written, as a client names it.
    directory: &'static str,
    /// The same, as this program names it.
    files: PathBuf,
}

/// Which way a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// STOR.
    Up,
    /// RETR.
    Down,
}

/// Serves `directory` for ever, and prints the port: what [`Server::ours`] starts.
///
/// # Errors
/// The directory cannot be served.
pub fn serve(directory: &Path) -> io::Result<()> {
    let config = ServerConfig { users: vec![User::anonymous()], ..ServerConfig::hardened() };
    let mut server = Driver::server(config, DirectoryStore::open(directory)?);
    server.hand_over_reports(true);
    let mut sockets = Sockets::new()?;
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
    /// Ours: this very program, told to [`serve`].
    ///
    /// # Errors
    /// It does not start.
    pub fn ours(directory: &Path) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("--serve").arg(directory).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line)?;
        let port = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { child, port, directory: "", files: directory.to_owned() })
    }

    /// vsftpd, with nothing that would slow it down: no TLS, no log, no PAM.
    ///
    /// # Errors
    /// It is not installed.
    pub fn vsftpd(directory: &Path) -> io::Result<Self> {
        let (root, empty) = (directory.join("root"), directory.join("empty"));
        fs::create_dir_all(root.join("up"))?;
        fs::create_dir_all(&empty)?;
        // It will be nobody, and insists on a root that it may not write.
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

    /// Sees to it that an upload of so many bytes finds no old file, and memory that is the machine's.
    ///
    /// A virtual machine gives pages that have been free for a while (2 s on Linux) back to its host,
    /// and the first byte written to one of them then costs the host a page fault: a gibibyte of such
    /// pages took 2 to 3 s of system time where one of others took 0.35 s. Whoever is measured while
    /// it is handed some would be measured with that; so pages are freed just before, and reused.
    ///
    /// # Errors
    /// The disk does not take so much.
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

    /// Moves `bytes` bytes, and says how long that took: from the command to the last reply.
    ///
    /// # Errors
    /// The connection or the server fails, or another number of bytes moves.
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

    /// The most memory it has had, in KiB.
    ///
    /// # Errors
    /// The system does not say.
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

/// A plain client's control connection.
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

    /// Says it, and reads replies up to one that begins so.
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

/// Where the files are: in memory if there is such a place, for no disk is to be measured.
///
/// # Errors
/// There is no place for them.
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
