//! Servers of other projects, each with a directory of its own, on a port of 127.0.0.1.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::programs::is_there;
use crate::busy::free_port;
use crate::hostile::raw::{PATIENCE, instant, pause};

/// A running server of another project.
pub(crate) struct Theirs {
    child: Child,
    folder: TempDir,
    pub(crate) port: u16,
    /// The directory for files below the folder of the server, and its name in a URL.
    files: &'static str,
    path: &'static str,
    user: &'static str,
}

/// The properties of a server at its start.
#[derive(Clone, Copy)]
pub(crate) struct Properties<'a> {
    /// Whether the user may change files.
    pub(crate) writable: bool,
    /// The file of the server's log; `None`: no log (vsftpd and pyftpdlib).
    pub(crate) log: Option<&'a Path>,
    /// Whether the user `anonymous` (vsftpd) or `me` (pyftpdlib) needs the password `secret`.
    pub(crate) password: bool,
    /// The first and the last passive port; `None`: all ports (vsftpd and pyftpdlib).
    pub(crate) passive: Option<(u16, u16)>,
}

impl Properties<'_> {
    /// A writable server without a log and without a password.
    pub(crate) const OPEN: Properties<'static> =
        Properties { writable: true, log: None, password: false, passive: None };
}

/// The names of the servers, as in `sim/tests/data/stor.tsv`.
pub(crate) const VSFTPD: &str = "vsftpd-3.0.3";
pub(crate) const PURE_FTPD: &str = "pure-ftpd-1.0.50";
pub(crate) const PYFTPDLIB: &str = "pyftpdlib-2.2.0";
pub(crate) const PROFTPD: &str = "proftpd-1.3.8";

impl Theirs {
    /// Starts the server; returns `None` if the server is not installed.
    pub(crate) fn start(model: &str) -> Option<Self> {
        Self::start_with(model, Properties::OPEN)
    }

    /// The same, with these properties.
    pub(crate) fn start_with(model: &str, with: Properties<'_>) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a directory");
        // The server may change its user, and must still be able to enter the folder.
        open_to_all(folder.path(), 0o755);
        let port = free_port();
        let (mut command, files, path, user) = match model {
            VSFTPD => vsftpd(folder.path(), port, with)?,
            PURE_FTPD => pure_ftpd(folder.path(), port, with.writable)?,
            PROFTPD => proftpd(folder.path(), port, with.writable)?,
            _ => pyftpdlib(folder.path(), port, with)?,
        };
        let quiet = if std::env::var_os("HALFCLOSE_TEST_LOG").is_some() {
            Stdio::inherit
        } else {
            Stdio::null
        };
        let errors = match with.log {
            Some(log) => fs::File::options().append(true).open(log).expect("it is there").into(),
            None => quiet(),
        };
        let child = command.stdin(Stdio::null()).stdout(quiet()).stderr(errors).spawn();
        let mut this = Self { child: child.expect("it starts"), folder, port, files, path, user };
        this.wait_until_it_listens(model);
        Some(this)
    }

    /// The URL of a file.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("ftp://{}127.0.0.1:{}/{}{name}", self.user, self.port, self.path)
    }

    /// The directory of the files, as a client names the directory, and the user with the password.
    pub(crate) fn login(&self) -> (&'static str, &'static str, &'static str) {
        let user = self.user.trim_end_matches('@').split_once(':').unwrap_or(("anonymous", "x"));
        (self.path.trim_end_matches('/'), user.0, user.1)
    }

    /// The URL of the directory for files, with a user.
    pub(crate) fn directory_url(&self) -> String {
        let user = if self.user.is_empty() { "anonymous:guest@" } else { self.user };
        format!("ftp://{user}127.0.0.1:{}/{}", self.port, self.path)
    }

    /// The path of a file.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(self.files).join(name)
    }

    /// The id of the server's first process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// A number of `/proc/PID/status` in KiB, summed over the server's processes.
    pub(crate) fn memory(&self, key: &str) -> u64 {
        let mut processes = vec![self.child.id().to_string()];
        let mut sum = 0;
        while let Some(id) = processes.pop() {
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
            processes.extend(children.unwrap_or_default().split_whitespace().map(str::to_owned));
            // A process may end between the two files.
            let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            sum += number.unwrap_or_default();
        }
        sum
    }

    fn wait_until_it_listens(&mut self, model: &str) {
        let began = instant();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "{model} does not listen");
            let ended = self.child.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "{model} has ended: {ended:?}");
            pause(Duration::from_millis(20));
        }
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Start = (Command, &'static str, &'static str, &'static str);

fn vsftpd(folder: &Path, port: u16, with: Properties<'_>) -> Option<Start> {
    if !is_there("vsftpd") {
        return None;
    }
    fs::create_dir_all(folder.join("root/up")).expect("space");
    open_to_all(&folder.join("root/up"), 0o777);
    fs::create_dir(folder.join("empty")).expect("space");
    let config = folder.join("vsftpd.conf");
    let mut text = format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\n\
         anonymous_enable=YES\nftp_username=nobody\nlocal_enable=NO\nanon_root={root}\n\
         secure_chroot_dir={empty}\nrun_as_launching_user=YES\nwrite_enable={write}\n\
         anon_upload_enable=YES\nanon_mkdir_write_enable=YES\nanon_other_write_enable=YES\n\
         anon_world_readable_only=NO\nanon_umask=022\nport_enable=YES\nconnect_from_port_20=NO\n\
         seccomp_sandbox=NO\nuse_localtime=NO\n",
        root = folder.join("root").display(),
        empty = folder.join("empty").display(),
        write = if with.writable { "YES" } else { "NO" },
    );
    text.push_str(&match with.log {
        Some(log) => {
            format!("xferlog_enable=YES\nlog_ftp_protocol=YES\nvsftpd_log_file={}\n", log.display())
        }
        None => "xferlog_enable=NO\n".to_owned(),
    });
    if let Some((first, last)) = with.passive {
        text.push_str(&format!("pasv_min_port={first}\npasv_max_port={last}\n"));
    }
    if with.password {
        let passwords = folder.join("passwords");
        fs::write(&passwords, "secret\n").expect("space");
        let list = format!("email_password_file={}\n", passwords.display());
        text.push_str(&format!("secure_email_list_enable=YES\n{list}"));
    } else {
        text.push_str("no_anon_password=YES\n");
    }
    fs::write(&config, text).expect("space");
    let mut command = Command::new("vsftpd");
    command.arg(config);
    Some((command, "root/up", "up/", ""))
}

fn pure_ftpd(folder: &Path, port: u16, writable: bool) -> Option<Start> {
    if !is_there("pure-ftpd") || !is_there("pure-pw") {
        return None;
    }
    let root = folder.join("root");
    fs::create_dir(&root).expect("space");
    // The user of the server is not the owner of the directory.
    open_to_all(&root, if writable { 0o777 } else { 0o755 });
    let database = write_pure_ftpd_users(folder, &root.display().to_string());
    let mut command = Command::new("pure-ftpd");
    command.args(["-S", &format!("127.0.0.1,{port}"), "-l"]);
    command.arg(format!("puredb:{database}"));
    // No anonymous user, no DNS, a directory for each user, no TLS; the numbers of root are
    // allowed.
    command.args(["-E", "-H", "-A", "-u", "1"]);
    Some((command, "root", "", "me:secret@"))
}

/// Writes the users of pure-ftpd: `me`, with the password `secret`, at home in `home`. Returns the path
/// of the database.
pub(crate) fn write_pure_ftpd_users(folder: &Path, home: &str) -> String {
    let (passwords, database) = (folder.join("passwords"), folder.join("passwords.pdb"));
    // The user `nobody` exists on every system; pure-ftpd needs the number. `secret` has a hash
    // that takes a millisecond; the hashes of `pure-pw` take seconds.
    let hash = "$6$halfclose$weQ5Ehj9cb67b60Y7JCPYPwQFQsgE5ASkk0W2ZKlh/b9cwAJyYHnCqUTipCU3iiDPMyYQy\
                jdXNzILk1aM/dRd.";
    let line = format!("me:{hash}:65534:65534::{home}/./::::::::::::\n");
    fs::write(&passwords, line).expect("space");
    let mut make = Command::new("pure-pw");
    make.arg("mkdb").arg(&database).arg("-f").arg(&passwords);
    let made = make.output().expect("it starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    database.display().to_string()
}

fn proftpd(folder: &Path, port: u16, writable: bool) -> Option<Start> {
    if !is_there("proftpd") {
        return None;
    }
    let root = folder.join("root");
    fs::create_dir(&root).expect("space");
    open_to_all(&root, 0o777);
    let limit = if writable { "" } else { "<Limit WRITE>\nDenyAll\n</Limit>\n" };
    let text = format!(
        "ServerType standalone\nDefaultAddress 127.0.0.1\nPort {port}\nUseIPv6 off\n\
         SocketBindTight on\nUseReverseDNS off\nWtmpLog off\nUser nobody\nGroup nogroup\n\
         AuthOrder mod_auth_unix.c\nUseFtpUsers off\nDelayEngine off\nAllowOverwrite on\n\
         AllowStoreRestart on\nPidFile {at}/pid\nScoreboardFile {at}/scoreboard\n\
         ControlsSocket {at}/controls\nSystemLog none\nTransferLog none\n\
         <Anonymous {root}>\nUser nobody\nGroup nogroup\nUserAlias anonymous nobody\n\
         RequireValidShell off\nAllowOverwrite on\nAllowStoreRestart on\n{limit}</Anonymous>\n",
        at = folder.display(),
        root = root.display(),
    );
    let config = folder.join("proftpd.conf");
    fs::write(&config, text).expect("space");
    let mut command = Command::new("proftpd");
    command.arg("-n").arg("-c").arg(config);
    Some((command, "root", "", ""))
}

fn pyftpdlib(folder: &Path, port: u16, with: Properties<'_>) -> Option<Start> {
    if !is_there("python:pyftpdlib") {
        return None;
    }
    fs::create_dir(folder.join("root")).expect("space");
    let mut command = Command::new("python3");
    command.args(["-m", "pyftpdlib", "-i", "127.0.0.1", "-p", &port.to_string()]);
    command.args(with.writable.then_some("-w")).arg("-d");
    command.arg(folder.join("root"));
    if with.password {
        command.args(["-u", "me", "-P", "secret"]);
    }
    if let Some((first, last)) = with.passive {
        command.args(["-r", &format!("{first}-{last}")]);
    }
    Some((command, "root", "", ""))
}

fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}
