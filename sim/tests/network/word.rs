//! The word of a server: what a log says of each file, what `put` says of an old file, who may write,
//! and one object for a script.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::hostile::raw::{Raw, pause, until};
use crate::program::{err, halfclose, out};
use crate::served::Ours;

/// Uploads bytes over a data connection of EPSV with this command, ends the connection by `end`, and
/// returns the final reply.
fn upload(session: &mut Raw, server: &Ours, command: &str, end: impl FnOnce(&TcpStream)) -> String {
    let port = session.say("EPSV");
    let port = port.split('|').nth(3).and_then(|port| port.parse().ok()).expect("a port");
    let mut data = TcpStream::connect((&*server.host, port)).expect("it listens");
    assert!(session.say(command).starts_with("150"));
    data.write_all(&[9; 1_000]).expect("room");
    end(&data);
    drop(data);
    session.reply().expect("a final reply")
}

fn fin(data: &TcpStream) {
    data.shutdown(Shutdown::Write).expect("it is open");
}

fn reset(data: &TcpStream) {
    socket2::SockRef::from(data).set_linger(Some(Duration::ZERO)).expect("an option");
}

/// The lines of the log about a file, without time and session.
fn told(server: Ours, name: &str) -> Vec<String> {
    server.signal(Signal::TERM);
    let (_, log, _) = server.wait();
    let about = log.into_iter().filter(|line| line.contains(&format!(" /{name}: ")));
    about.map(|line| line.split_once(", ").expect("a reply").1.to_owned()).collect()
}

#[test]
fn the_log_says_what_became_of_each_file_and_which_end_ended_it() {
    const UNFINISHED: &str = "426 Connection Closed, transfer aborted.; reset by the client; ";
    const NEVER: &str = "no final reply after 150 Opening BINARY mode data connection.; no data \
                         connection was opened; ";
    let server = Ours::serve(&[]);
    fs::write(server.path("f"), [1; 500]).expect("space");
    let mut session = Raw::login(&server);
    assert!(upload(&mut session, &server, "STOR new", reset).starts_with("426"));
    assert!(upload(&mut session, &server, "STOR f", reset).starts_with("426"));
    assert_eq!(fs::read(server.path("f")).expect("there"), [1; 500]);
    assert!(upload(&mut session, &server, "STOR f", fin).starts_with("226"));
    assert_eq!(fs::read(server.path("f")).expect("there"), [9; 1_000]);
    // The data connection never opens: the client connects elsewhere, and leaves.
    session.say("EPSV");
    session.stream.write_all(b"STOR f\r\n").expect("it listens");
    assert!(session.reply().expect("a reply").starts_with("150"));
    drop(session);
    let mut session = Raw::login(&server);
    assert!(upload(&mut session, &server, "APPE f", reset).starts_with("426"));
    assert!(session.say("REST 300").starts_with("350"));
    assert!(upload(&mut session, &server, "STOR f", reset).starts_with("426"));
    assert_eq!(fs::read(server.path("f")).expect("there"), [9; 300]);
    drop(session);
    let new = Ours::serve(&[]);
    let mut session = Raw::login(&new);
    assert!(upload(&mut session, &new, "STOR new", reset).starts_with("426"));
    drop(session);
    assert_eq!(told(new, "new"), [format!("{UNFINISHED}discarded: the file is removed")]);
    let old = |size: u32| format!("discarded: the old file of {size} bytes is there, unchanged");
    assert_eq!(
        told(server, "f"),
        [
            format!("{UNFINISHED}{}", old(500)),
            "226 Transfer complete.; ended by the client; the file is kept".to_owned(),
            format!("{NEVER}{}", old(1_000)),
            format!("{UNFINISHED}{}", old(1_000)),
            format!("{UNFINISHED}discarded: 300 bytes of the old file are left"),
        ]
    );
    // A server that keeps unfinished files says how much.
    let keeps = Ours::serve(&["--on-reset", "abort", "--in-place"]);
    let mut session = Raw::login(&keeps);
    assert!(upload(&mut session, &keeps, "STOR f", reset).starts_with("426"));
    drop(session);
    assert_eq!(told(keeps, "f"), [format!("{UNFINISHED}kept unfinished, 1000 bytes")]);
}

#[test]
fn a_reset_upload_onto_an_old_file_of_its_size_is_told_at_both_ends() {
    let server = Ours::serve(&[]);
    fs::write(server.path("x.bin"), [1; 10_000]).expect("space");
    let folder = tempfile::tempdir().expect("a directory");
    let local = folder.path().join("x.bin");
    fs::write(&local, [7; 10_000]).expect("space");
    let local = local.to_str().expect("UTF-8");
    let put = ["put", local, &format!("{}/x.bin", server.url()), "--close", "reset"];
    let output = halfclose(&put);
    assert_eq!((output.status.code(), out(&output)), (Some(3), ""));
    let said = "426: the server holds the file of 10,000 bytes that was there before, unchanged";
    assert!(err(&output).contains(said), "{}", err(&output));
    assert_eq!(fs::read(server.path("x.bin")).expect("there"), [1; 10_000]);
    let log = told(server, "x.bin");
    let said = "discarded: the old file of 10000 bytes is there, unchanged";
    assert!(log.len() == 1 && log[0].ends_with(said), "{log:?}");
}

#[test]
fn beside_a_user_anonymous_only_reads_unless_the_operator_says_otherwise() {
    let both = ["--user", "me", "--anonymous"];
    let as_user = |server: &Ours, name: &str| {
        let mut session = Raw::connect(server);
        assert!(session.say(&format!("USER {name}")).starts_with("331"));
        assert!(session.say("PASS secret").starts_with("230"));
        session
    };
    for (options, name, code) in [
        (&both[..], "anonymous", "550"),
        (&both, "me", "257"),
        (&[&both[..], &["--anonymous-writes"]].concat(), "anonymous", "257"),
        (&[], "anonymous", "257"),
        (&["--read-only"], "anonymous", "550"),
        (&[&both[..], &["--read-only"]].concat(), "me", "550"),
    ] {
        let server = Ours::serve(options);
        let reply = as_user(&server, name).say("MKD d");
        assert!(reply.starts_with(code), "{name} of {options:?}: {reply}");
        assert!(as_user(&server, name).say("CWD /").starts_with("250"));
    }
}

#[test]
fn permissions_are_set_on_the_disk() {
    let server = Ours::serve(&[]);
    fs::write(server.path("f"), "x").expect("space");
    let mut session = Raw::login(&server);
    assert!(session.say("SITE CHMOD 604 f").starts_with("200"));
    let mode = server.path("f").metadata().expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o604);
    assert!(session.say("SITE CHMOD 600 gone").starts_with("550"));
    assert!(
        session.say("SITE CHMOD 600 ../../../etc").starts_with("550"),
        "the root has no parent"
    );
    assert!(session.say("SITE HELP").starts_with("214"));
}

#[test]
fn with_the_dialogue_too_a_script_gets_one_object() {
    let server = Ours::serve(&[]);
    fs::write(server.path("f"), "x").expect("space");
    let folder = tempfile::tempdir().expect("a directory");
    let local = folder.path().join("f");
    fs::write(&local, "new").expect("space");
    let local = local.to_str().expect("UTF-8");
    let (url, gone) = (format!("{}/f", server.url()), format!("{}/gone", server.url()));
    let list = format!("{}/", server.url());
    let none = "ftp://127.0.0.1:1/f";
    for (words, status) in [
        (&["put", local, &url][..], 0),
        (&["put", local, none], 3),
        (&["get", &url, local], 0),
        (&["get", &gone, local], 3),
        (&["get", none, local], 3),
        (&["ls", &list], 0),
        (&["ls", &gone], 3),
        (&["ls", none], 3),
    ] {
        let output = halfclose(&[words, &["--json", "-v"]].concat());
        assert_eq!(output.status.code(), Some(status), "{words:?}: {}", err(&output));
        let said: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{words:?}: {error}: {}", out(&output)));
        assert_eq!(said["told"], if status == 0 { "success" } else { "failure" }, "{words:?}");
        assert_eq!(err(&output).contains("> QUIT\n"), !words.contains(&none), "{words:?}");
    }
}

/// Case 24 (pure-ftpd pull request 162): QUIT behind a transfer, then the client closes its half of the
/// control connection. RFC 959 §4.1.1: the transfer finishes, then 226 and 221.
#[test]
fn quit_and_a_half_close_behind_a_transfer_end_with_226_and_221() {
    let server = Ours::serve(&[]);
    fs::write(server.path("f"), vec![3; 300_000]).expect("space");
    for (command, active) in [
        ("STOR new", false),
        ("STOR new", true),
        ("APPE new", true),
        ("RETR f", false),
        ("RETR f", true),
        ("NLST", false),
    ] {
        let mut session = Raw::login(&server);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let passive = (!active).then(|| session.passive());
        if active {
            let said = session.say(&format!("PORT 127,0,0,1,{},{}", port >> 8, port & 255));
            assert!(said.starts_with("200"), "{said}");
        }
        let lines = format!("{command}\r\nNOOP\r\nQUIT\r\n");
        session.stream.write_all(lines.as_bytes()).expect("it listens");
        session.stream.shutdown(Shutdown::Write).expect("it is open");
        let mut data = passive.unwrap_or_else(|| listener.accept().expect("it connects").0);
        pause(Duration::from_millis(100));
        if command.starts_with("RETR") || command == "NLST" {
            let mut bytes = Vec::new();
            data.read_to_end(&mut bytes).expect("FIN ends the data");
            assert!(command == "NLST" || bytes.len() == 300_000, "{} bytes", bytes.len());
        } else {
            data.write_all(&[9; 200_000]).expect("room");
        }
        drop(data);
        for code in ["150", "226", "200", "221"] {
            let reply =
                session.reply().unwrap_or_else(|error| panic!("{command}: {code}: {error}"));
            assert!(reply.starts_with(code), "{command}, active {active}: {reply}");
        }
        assert!(session.is_closed(), "{command}");
    }
    assert_eq!(fs::read(server.path("new")).expect("stored").len(), 400_000);
    // Without QUIT the end of the control connection is the end of the upload.
    let mut session = Raw::login(&server);
    let mut data = session.passive();
    assert!(session.say("STOR half").starts_with("150"));
    data.write_all(&[9; 1_000]).expect("room");
    session.stream.shutdown(Shutdown::Write).expect("it is open");
    assert!(session.is_closed());
    drop(data);
    until("the upload is removed", || !server.path("half").exists());
}
