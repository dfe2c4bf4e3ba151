//! Captures of real programs over the loopback device: curl, lftp and Python's ftplib with vsftpd,
//! pure-ftpd, pyftpdlib and our server, captured by tcpdump and explained. Skipped, and said so, where a
//! program is missing or the user is not root; `HALFCLOSE_REQUIRE_FOREIGN=1` makes a missing program a
//! failure.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use halfclose::explain::{
    Analysis, Cause, Explanation, Sketch, TransferExplained, Whole, read_capture, recreate,
};

use super::capture::{Capture, alone};
use super::programs::content;
use super::theirs::{PURE_FTPD, PYFTPDLIB, Theirs, VSFTPD};
use crate::served::Ours;

/// The client that ends a transfer in a chosen way.
const CLIENT: &str = include_str!("capturing_client.py");

/// The explanation of a capture file, with the transfers of the server at `port` alone: other tests
/// use the loopback device too.
pub(super) fn explained(file: &Path, port: u16) -> Explanation {
    explained_with_sketches(file, port).0
}

/// The explanation, with the measures of each session of the server, from which a scenario is made.
pub(super) fn explained_with_sketches(file: &Path, port: u16) -> (Explanation, Vec<Sketch>) {
    let mut analysis = Analysis::new().keep_packets();
    read_capture(std::fs::File::open(file).expect("a capture"), &mut analysis).expect("pcap");
    let (mut explanation, sketches) = analysis.finish_with_sketches();
    explanation.transfers.retain(|one| one.server.ends_with(&format!(":{port}")));
    let own = |control: u64| explanation.transfers.iter().any(|one| one.control == control);
    let sketches = sketches.into_iter().filter(|(control, _)| own(*control));
    let sketches = sketches.map(|(_, sketch)| sketch).collect();
    (explanation, sketches)
}

/// A way in which the client ends, the cause that the explanation must name, and the state of the file.
type Row = (&'static str, &'static str, Cause, &'static [Whole]);

/// The rows of every server.
const ROWS: &[Row] = &[
    ("get", "RETR", Cause::Orderly, &[Whole::Whole]),
    ("active-get", "RETR", Cause::Orderly, &[Whole::Whole]),
    ("put", "STOR", Cause::Orderly, &[Whole::Whole]),
    ("active-put", "STOR", Cause::Orderly, &[Whole::Whole]),
    ("put-reset", "STOR", Cause::ResetBehindLastByte, &[Whole::Unknown, Whole::Short]),
    ("get-unread", "RETR", Cause::CloseWithUnread, &[Whole::Unknown, Whole::Short]),
    ("abort", "RETR", Cause::AbortedByUser, &[Whole::Unknown, Whole::Short, Whole::Whole]),
    ("die", "STOR", Cause::ClientDied, &[Whole::Unknown]),
];

/// Starts ftplib with a server at `port`; `login` is the directory, the user and the password.
pub(super) fn ftplib(at: &Path, port: u16, login: (&str, &str, &str), way: &str) -> Child {
    let script = at.join("client.py");
    std::fs::write(&script, CLIENT).expect("space");
    let (path, user, password) = login;
    let port = port.to_string();
    let mut client = Command::new("python3");
    client.arg(script).args([&port, path, user, password, way]);
    client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    client.spawn().expect("python starts")
}

/// Captures what ftplib does with `server`, and explains the capture.
fn dialogue(server: &Theirs, way: &str, snap: &str, filter: &str) -> (Explanation, Vec<Sketch>) {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(server.file("a.bin"), content(300_000)).expect("space");
    // More than both systems hold for a connection: a download of it is under way for as long as the
    // client does not read.
    std::fs::write(server.file("big.bin"), vec![7; 32 << 20]).expect("space");
    let _ = std::fs::remove_file(server.file("up.bin"));
    let file = folder.path().join("real.pcap");
    let filter = filter.replace("PORT", &server.port.to_string());
    let capture = Capture::start(&file, snap, &filter);
    let mut client = ftplib(folder.path(), server.port, server.login(), way);
    let _ = client.wait();
    capture.stop();
    explained_with_sketches(&file, server.port)
}

pub(super) fn only(found: &Explanation) -> &TransferExplained {
    assert_eq!(found.transfers.len(), 1, "{:#?}", found.transfers);
    &found.transfers[0]
}

/// Makes a scenario of the first session. Returns whether its run has the same explanation; if the run
/// has not, the scenario must say what is missing.
pub(super) fn recreated(name: &str, sketches: &[Sketch]) -> bool {
    let made = recreate(&sketches[0]).expect("a scenario");
    let word = if made.same { "the same explanation" } else { "not recreated" };
    eprintln!("RECREATED {name}: {word}, {} runs {:?}", made.runs, made.missing);
    assert!(made.same || !made.missing.is_empty(), "{name}: nothing said");
    made.same
}

fn each_end_is_explained(model: &str) {
    alone(&["python3"], || explain_each_end(model));
}

fn explain_each_end(model: &str) {
    let Some(server) = Theirs::start(model) else { return };
    for (way, command, cause, wholes) in ROWS {
        let (found, sketches) = dialogue(&server, way, "0", "tcp");
        let one = only(&found);
        let all = format!("{model} {way}: {one:#?}");
        assert_eq!(one.command, *command, "{all}");
        assert_eq!(one.cause, *cause, "{all}");
        assert!(wholes.contains(&one.whole), "{all}");
        // No client of a scenario closes a download in the middle and goes on.
        if *way != "get-unread" {
            assert!(recreated(&format!("{model} {way}"), &sketches), "{model} {way}");
        }
    }
    // 96 bytes of each packet: the lengths stand in the headers, and long replies are cut.
    let (found, _) = dialogue(&server, "put", "96", "tcp");
    assert!(found.cut.iter().any(|what| what.contains("snap length")), "{:?}", found.cut);
    assert!(found.transfers.iter().all(|one| one.whole != Whole::Short), "{found:#?}");
    // One direction of the control connection alone: no reply is in the capture, and none is made up.
    let (found, _) = dialogue(&server, "put", "0", "tcp and not src port PORT");
    assert!(found.transfers.iter().all(|one| one.reply.is_empty()), "{found:#?}");
    assert!(found.transfers.iter().all(|one| one.whole == Whole::Unknown), "{found:#?}");
}

#[test]
fn ends_with_vsftpd_are_explained() {
    each_end_is_explained(VSFTPD);
}

#[test]
fn ends_with_pure_ftpd_are_explained() {
    each_end_is_explained(PURE_FTPD);
}

#[test]
fn ends_with_pyftpdlib_are_explained() {
    each_end_is_explained(PYFTPDLIB);
}

#[test]
fn a_killed_server_is_not_called_an_orderly_end() {
    alone(&["python3"], kill_a_server);
}

fn kill_a_server() {
    let Some(server) = Theirs::start(PYFTPDLIB) else { return };
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("real.pcap");
    let capture = Capture::start(&file, "0", "tcp");
    let port = server.port;
    let mut client = ftplib(folder.path(), server.port, server.login(), "stall");
    let mut line = String::new();
    let stdout = client.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("one line");
    // Dropping a server kills the program with SIGKILL.
    drop(server);
    let _ = client.wait();
    capture.stop();
    let found = explained(&file, port);
    let one = only(&found);
    assert_ne!(one.cause, Cause::Orderly, "{one:#?}");
    assert_eq!((one.whole, one.told), (Whole::Unknown, "nothing"), "{one:#?}");
}

#[test]
fn a_capture_that_begins_in_the_middle_says_so() {
    alone(&["python3"], begin_in_the_middle);
}

fn begin_in_the_middle() {
    let Some(server) = Theirs::start(PYFTPDLIB) else { return };
    let folder = tempfile::tempdir().expect("a directory");
    let mut client = ftplib(folder.path(), server.port, server.login(), "stall");
    let mut line = String::new();
    let stdout = client.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("one line");
    let file = folder.path().join("real.pcap");
    let capture = Capture::start(&file, "0", "tcp");
    let _ = client.wait();
    capture.stop();
    let found = explained(&file, server.port);
    assert!(found.cut.iter().any(|what| what.contains("began before")), "{:?}", found.cut);
    assert!(found.transfers.is_empty(), "the command was not captured: {:#?}", found.transfers);
}

#[test]
fn curl_and_lftp_are_explained() {
    alone(&["curl", "lftp"], explain_curl_and_lftp);
}

fn explain_curl_and_lftp() {
    for model in [VSFTPD, PURE_FTPD, PYFTPDLIB] {
        let Some(server) = Theirs::start(model) else { continue };
        std::fs::write(server.file("a.bin"), content(300_000)).expect("space");
        let folder = tempfile::tempdir().expect("a directory");
        let got = folder.path().join("got");
        let url = server.url("a.bin");
        let curl = format!("curl -s --noproxy '*' --max-time 120 -o {} '{url}'", got.display());
        let lftp = format!(
            "lftp -c \"set net:timeout 60; set net:max-retries 1; set ftp:ssl-allow no; \
             get -e '{url}' -o {}\"",
            got.display()
        );
        for line in [curl, lftp] {
            let file = folder.path().join("real.pcap");
            let capture = Capture::start(&file, "0", "tcp");
            let done = Command::new("sh").args(["-c", &line]).output().expect("a shell");
            capture.stop();
            let (found, sketches) = explained_with_sketches(&file, server.port);
            let name = format!("{model} {}", line.split(' ').next().unwrap_or(""));
            assert!(recreated(&name, &sketches), "{name}");
            let gets: Vec<_> = found.transfers.iter().filter(|it| it.command == "RETR").collect();
            let said = format!("{model}: {line}: {done:?} {:#?}", found.transfers);
            assert_eq!(gets.len(), 1, "{said}");
            assert_eq!((gets[0].cause, gets[0].whole), (Cause::Orderly, Whole::Whole), "{said}");
            assert_eq!((gets[0].bytes, gets[0].told), (300_000, "success"), "{said}");
        }
    }
}

#[test]
fn curl_and_our_server_are_explained() {
    alone(&["curl"], explain_our_server);
}

fn explain_our_server() {
    let server = Ours::serve(&["--user", "u"]);
    std::fs::write(server.path("a.bin"), content(300_000)).expect("space");
    let port = server.url().trim_end_matches('/').rsplit_once(':').expect("a port").1.to_owned();
    let port: u16 = port.parse().expect("a port");
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("real.pcap");
    for (snap, whole) in [("0", Whole::Whole), ("96", Whole::Unknown)] {
        let capture = Capture::start(&file, snap, "tcp");
        let url = format!("ftp://u:secret@127.0.0.1:{port}/a.bin");
        let got =
            Command::new("curl").args(["-s", "--noproxy", "*", "-o", "/dev/null", &url]).status();
        assert!(got.expect("curl starts").success());
        capture.stop();
        let found = explained(&file, port);
        let one = only(&found);
        assert_eq!((&*one.command, &*one.file, one.whole), ("RETR", "a.bin", whole), "{one:#?}");
        // 96 bytes cut the reply that announces the data connection: nothing is guessed.
        let cut = found.cut.iter().any(|what| what.contains("snap length"));
        assert_eq!(cut, snap == "96", "{:?}", found.cut);
    }
}

#[test]
fn captures_without_ftp_are_explained_as_connections() {
    alone(&["curl", "python3"], explain_http);
}

fn explain_http() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join("page"), content(50_000)).expect("space");
    let mut http = Command::new("python3");
    http.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]);
    let mut http = http.arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let http = http.as_mut().expect("python starts");
    let mut line = String::new();
    BufReader::new(http.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let port = line.split_whitespace().find_map(|word| word.parse::<u16>().ok()).expect("a port");
    let file = folder.path().join("http.pcap");
    let capture = Capture::start(&file, "0", &format!("tcp port {port}"));
    let url = format!("http://127.0.0.1:{port}/page");
    let status =
        Command::new("curl").args(["-s", "--noproxy", "*", "-o", "/dev/null", &url]).status();
    assert!(status.expect("curl starts").success());
    capture.stop();
    let _ = http.kill();
    let _ = http.wait();
    let found = explained(&file, port);
    assert_eq!(found.transfers.len(), 0);
    assert_eq!(found.connections.len(), 1, "{:#?}", found.connections);
    let one = &found.connections[0];
    assert_eq!((one.cause, one.channel, one.conn_state), (Cause::Orderly, None, "SF"));
    assert!(one.bytes.server > 50_000);
}
