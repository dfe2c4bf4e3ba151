//! Captures of real programs: curl talks to `halfclose serve` over the loopback device, and tcpdump
//! captures. Skipped, and said so, without root, curl or tcpdump; `HALFCLOSE_REQUIRE_FOREIGN=1` makes a
//! missing program a failure.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use halfclose::explain::{Analysis, Cause, Explanation, Whole, read_capture};

/// Whether the programs are there, and may capture.
fn can_capture() -> bool {
    for program in ["curl", "tcpdump"] {
        let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
        if !found.is_ok_and(|found| found.status.success()) {
            let required = std::env::var_os("HALFCLOSE_REQUIRE_FOREIGN").is_some();
            assert!(!required, "{program} is not installed");
            eprintln!("SKIPPED: {program} is not installed");
            return false;
        }
    }
    let allowed = Command::new("tcpdump").args(["-i", "lo", "-c", "0", "-w", "/dev/null"]).output();
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0"));
    if !root || allowed.is_err() {
        eprintln!("SKIPPED: only root may capture");
        return false;
    }
    true
}

/// A process that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Captures what `curl` does with a server of ours that has a file of 300,000 bytes.
fn captured(at: &Path, snap: &str, transfer: &dyn Fn(&str) -> Vec<String>) -> Explanation {
    let tree = at.join("tree");
    std::fs::create_dir_all(&tree).expect("space");
    std::fs::write(tree.join("a.bin"), vec![7; 300_000]).expect("space");
    let mut server = Command::new(env!("CARGO_BIN_EXE_halfclose"))
        .args(["serve", tree.to_str().expect("UTF-8"), "--listen", "127.0.0.1:0", "--user", "u"])
        .env("HALFCLOSE_PASSWORD", "x")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("our own program starts");
    let mut line = String::new();
    let stdout = server.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("one line with the address");
    let server = Ended(server);
    let address = line.split_whitespace().find(|word| word.contains("127.0.0.1:"));
    let address = address.expect("the address is in the line");
    let digits = |c: char| !c.is_ascii_digit();
    let address = address.trim_matches(digits).to_owned();
    let file = at.join("real.pcap");
    let mut dump = Command::new("tcpdump")
        .args([
            "-i",
            "lo",
            "-U",
            "--immediate-mode",
            "-B",
            "65536",
            "-n",
            "-Z",
            "root",
            "-s",
            snap,
            "-w",
        ])
        .arg(&file)
        .arg("tcp")
        .stderr(Stdio::piped())
        .spawn()
        .expect("tcpdump starts");
    // tcpdump says that it listens before the first packet is captured.
    let mut stderr = BufReader::new(dump.stderr.take().expect("piped"));
    line.clear();
    while !line.contains("listening") {
        assert!(stderr.read_line(&mut line).expect("text") > 0, "tcpdump ended: {line}");
    }
    let mut curl = Command::new("curl");
    curl.args(["-s", "--noproxy", "*", "--max-time", "20"]).args(transfer(&address));
    let status = curl.output().expect("curl starts").status;
    assert!(status.success() || status.code() == Some(28), "curl: {status}");
    drop(server);
    let _ = Command::new("sh").args(["-c", "sleep 1.5"]).status();
    let _ = Command::new("kill").args(["-INT", &dump.id().to_string()]).status();
    let _ = stderr.read_to_string(&mut line);
    let _ = dump.wait();
    let mut analysis = Analysis::new();
    read_capture(std::fs::File::open(&file).expect("a capture"), &mut analysis).expect("pcap");
    // Other tests use the loopback device too.
    let mut explanation = analysis.finish();
    explanation.transfers.retain(|one| one.server == address);
    explanation
}

#[test]
fn curl_and_our_server_are_explained() {
    if !can_capture() {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let got = folder.path().join("got").to_str().expect("UTF-8").to_owned();
    let get =
        |address: &str| vec!["-o".to_owned(), got.clone(), format!("ftp://u:x@{address}/a.bin")];
    let found = captured(folder.path(), "0", &get);
    let one = &found.transfers[0];
    assert_eq!((one.cause, one.whole, one.bytes), (Cause::Orderly, Whole::Whole, 300_000));
    assert_eq!((&*one.command, &*one.file, one.told), ("RETR", "a.bin", "success"));
    // 96 bytes cut the reply that announces the data connection: nothing is guessed.
    let found = captured(folder.path(), "96", &get);
    assert!(found.cut.iter().any(|what| what.contains("snap length")), "{:?}", found.cut);
    assert_eq!(found.transfers[0].whole, Whole::Unknown);
    let source = folder.path().join("tree/a.bin").to_str().expect("UTF-8").to_owned();
    let put =
        |address: &str| vec!["-T".to_owned(), source.clone(), format!("ftp://u:x@{address}/b")];
    let found = captured(folder.path(), "0", &put);
    let one = &found.transfers[0];
    assert_eq!((&*one.command, one.cause, one.bytes), ("STOR", Cause::Orderly, 300_000));
}
