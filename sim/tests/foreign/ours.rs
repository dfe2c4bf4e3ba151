//! Our server, as a user has it: the program, in a directory of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A server under way.
pub(crate) struct Ours {
    child: Child,
    folder: TempDir,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Ours {
    /// Serves an empty directory to everybody, with those options.
    pub(crate) fn serve(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let mut child = Command::new(env!("CARGO_BIN_EXE_halfclose"))
            .arg("serve")
            .arg(folder.path())
            .args(["--listen", "127.0.0.1:0", "--anonymous", "--json", "--verbose"])
            .args(options)
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
        let address = said["address"].as_str().expect("an address");
        let (host, port) = address.rsplit_once(':').expect("with a port");
        // Its log is read all the time, or it would wait for a reader.
        let log = child.stderr.take().expect("piped");
        std::thread::spawn(move || {
            let shown = std::env::var_os("HALFCLOSE_TEST_LOG").is_some();
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                if shown {
                    eprintln!("    {line}");
                }
            }
        });
        Self { child, folder, host: host.to_owned(), port: port.parse().expect("a port") }
    }

    pub(crate) fn url(&self) -> String {
        format!("ftp://{}:{}", self.host, self.port)
    }

    /// Where a file of the server is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
