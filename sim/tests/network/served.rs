//! Our server as a user has the server: the program, with a directory of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A running server with its directory and log.
pub(crate) struct Ours {
    child: Child,
    folder: TempDir,
    log: Receiver<String>,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The walls that the first line names.
    pub(crate) walls: Vec<String>,
}

impl Ours {
    /// Serves an empty directory to all users, with these options.
    pub(crate) fn serve(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let root = folder.path().join("root");
        std::fs::create_dir(&root).expect("space");
        Self::serve_in(folder, &[], options)
    }

    /// Serves the directory `root` of a folder; `before` are words before the program: a shell that
    /// sets limits.
    pub(crate) fn serve_in(folder: TempDir, before: &[&str], options: &[&str]) -> Self {
        let program = [env!("CARGO_BIN_EXE_halfclose")];
        let words: Vec<_> = before.iter().chain(&program).collect();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .arg("serve")
            .arg(folder.path().join("root"))
            .args(if options.contains(&"--listen") {
                &[][..]
            } else {
                &["--listen", "127.0.0.1:0"]
            })
            .arg("--json")
            .args(if options.contains(&"--user") { &[][..] } else { &["--anonymous"] })
            .args(options)
            .env("HALFCLOSE_PASSWORD", "secret")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        out.read_line(&mut line).expect("it prints UTF-8");
        let Ok(said) = serde_json::from_str::<Value>(&line) else {
            let mut err = String::new();
            let _ = child.stderr.take().expect("piped").read_to_string(&mut err);
            panic!("it printed `{line}`, and: {err}");
        };
        let walls = said["walls"].as_array().expect("a list").iter();
        let walls = walls.filter_map(Value::as_str).map(str::to_owned).collect();
        let address = said["address"].as_str().expect("an address");
        let (host, port) = address.rsplit_once(':').expect("with a port");
        let (host, port) = (host.to_owned(), port.parse().expect("a port"));
        // A thread reads the log all the time, because the server waits for a reader of a full
        // pipe.
        let (lines, log) = channel();
        let err = child.stderr.take().expect("piped");
        std::thread::spawn(move || {
            let shown = std::env::var_os("HALFCLOSE_TEST_LOG").is_some();
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                if shown {
                    eprintln!("    {line}");
                }
                // A test that has ended reads no more.
                let _ = lines.send(line);
            }
        });
        Self { child, folder, log, host, port, walls }
    }

    pub(crate) fn url(&self) -> String {
        format!("ftp://{}:{}", self.host, self.port)
    }

    /// The path of a file of the server.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("root").join(name)
    }

    /// The folder around the root of the server.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the server.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(id.expect("a process"), signal).expect("it is ours");
    }

    /// Waits for the end of the server. Returns the exit status, the log and the folder.
    pub(crate) fn wait(mut self) -> (ExitStatus, Vec<String>, TempDir) {
        let status = self.child.wait().expect("it ends");
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a directory"));
        (status, self.log.iter().collect(), folder)
    }

    /// The words behind a key of the server's `/proc/PID/status`.
    pub(crate) fn status(&self, key: &str) -> Vec<String> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("a Linux");
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("a key of it");
        line.split_whitespace().map(str::to_owned).collect()
    }

    /// The processor time of the server's main thread, which serves all sessions.
    pub(crate) fn worked(&self) -> Duration {
        let path = format!("/proc/{}/schedstat", self.child.id());
        let times = std::fs::read_to_string(path).expect("a Linux with scheduler statistics");
        let worked = times.split(' ').next().and_then(|worked| worked.parse().ok());
        Duration::from_nanos(worked.expect("nanoseconds"))
    }

    /// The number of files that the server has open.
    pub(crate) fn open_files(&self) -> usize {
        let path = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(path).expect("a Linux").count()
    }

    /// A number of the server's `/proc/PID/status`, in KiB.
    pub(crate) fn memory(&self, key: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("a Linux");
        let line = status.lines().find(|line| line.starts_with(key)).expect("a key of it");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
