//! Connections that are refused, sessions that end and stay open at the client, and a log that is not
//! read: no other client waits.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::raw::{PATIENCE, Raw, connect_from, instant, until};
use crate::busy::{Watch, within};
use crate::served::Ours;

/// The time until the server greets a client of another address.
fn greeted(server: &Ours) -> Duration {
    let watch = Watch::start(server.id());
    let mut other = connect_from("127.0.0.2", server.port).expect("it listens");
    other.set_read_timeout(Some(PATIENCE)).expect("a time");
    let mut line = String::new();
    BufReader::new(&mut other).read_line(&mut line).expect("a greeting");
    assert!(line.starts_with("220"), "{line}");
    watch.took()
}

/// One address opens connections and never closes one: 256 open files are enough for another address.
#[test]
fn refused_and_ended_connections_hold_no_files() {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(folder.path().join("root")).expect("space");
    let shell = ["sh", "-c", "ulimit -n 256; exec \"$@\"", "sh"];
    let server = Ours::serve_in(folder, &shell, &[]);
    let mut held: Vec<TcpStream> = Vec::new();
    for at in 0..600 {
        let mut client = Raw::knock(&server);
        let greeting = client.reply().expect("a reply to every client");
        if greeting.starts_with("220") && at % 2 == 0 {
            client.say("QUIT");
        }
        held.push(client.stream);
    }
    let took = within(Duration::from_secs(1), "another address greeted", || greeted(&server));
    let open = server.open_files();
    assert!(open < 128, "{open} open files for one address");
    eprintln!(
        "600 connections of one address: {open} open files, another address greeted in {took:?}"
    );
}

/// Reads the first line of a program's output: the address of the server.
fn address(line: &str) -> (String, u16) {
    let at = line.split("ftp://").nth(1).and_then(|rest| rest.split('/').next()).expect("a URL");
    let (host, port) = at.rsplit_once(':').expect("a port");
    (host.to_owned(), port.parse().expect("a number"))
}

#[test]
fn a_log_that_is_not_read_stops_neither_the_server_nor_its_end() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut child = Command::new(env!("CARGO_BIN_EXE_halfclose"))
        .arg("serve")
        .arg(folder.path())
        .args(["--anonymous", "--listen", "127.0.0.1:0", "--verbose"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let mut log = child.stderr.take().expect("piped");
    let (host, port) = address(&line);
    // Far more lines than the pipe and the queue of the log take.
    for _ in 0..300 {
        let mut client = TcpStream::connect((&*host, port)).expect("it listens");
        client.set_read_timeout(Some(PATIENCE)).expect("a time");
        client.write_all(&b"NOOP\r\n".repeat(50)).expect("it listens");
        client.write_all(b"QUIT\r\n").expect("it listens");
        let mut heard = String::new();
        client.read_to_string(&mut heard).expect("it answers to the end");
        assert!(heard.ends_with("221 Goodbye.\r\n"), "{heard}");
    }
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(id, Signal::TERM).expect("it is ours");
    let began = instant();
    while child.try_wait().expect("it is ours").is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().expect("it is ours");
        }
        super::raw::pause(Duration::from_millis(10));
    }
    assert_eq!(child.wait().expect("it has ended").code(), Some(0), "SIGTERM ends the server");
    let mut text = Vec::new();
    log.read_to_end(&mut text).expect("what is left");
    eprintln!("a log without a reader: ended in {:?}, {} bytes left", began.elapsed(), text.len());
}

#[test]
fn uploads_that_wait_for_the_disk_end_well() {
    let server = Ours::serve(&["--sync"]);
    let (mut one, mut other) = (Raw::login(&server), Raw::login(&server));
    for at in 0..5 {
        let name = format!("a{at}");
        assert!(one.put(&name, &[7; 300_000]).starts_with("226"));
        assert!(other.say("NOOP").starts_with("200"));
        assert_eq!(std::fs::read(server.path(&name)).expect("there").len(), 300_000);
    }
}

#[test]
fn sighup_ends_a_server_with_grace() {
    let server = Ours::serve(&[]);
    let mut idle = Raw::login(&server);
    server.signal(Signal::HUP);
    idle.expect("421");
    let (status, log, _) = server.wait();
    assert_eq!(status.code(), Some(0));
    assert!(log.last().expect("a line").ends_with("ended"), "{log:?}");
}

/// The line that docs/SERVING.md gives to fail2ban.
#[test]
fn each_line_of_a_session_names_the_address() {
    let server = Ours::serve(&["--user", "me"]);
    let mut client = Raw::connect(&server);
    client.say("USER me");
    assert!(client.say("PASS wrong").starts_with("530"));
    client.say("USER 192.0.2.1 not logged in: x");
    assert!(client.say("PASS wrong").starts_with("530"));
    let open = server.open_files();
    drop(client);
    until("the session is over", || server.open_files() < open);
    server.signal(Signal::TERM);
    let (_, log, _) = server.wait();
    let lines: Vec<_> = log.iter().filter(|line| !line.starts_with("halfclose: ")).collect();
    // The connection, two failures, and the end of the connection.
    assert_eq!(lines.len(), 4, "{log:?}");
    for line in &lines {
        let mut words = line.split(' ').skip(1);
        assert_eq!((words.next(), words.next()), (Some("#0"), Some("127.0.0.1")), "{line}");
    }
    let failed = lines.iter().filter(|line| line.contains(" #0 127.0.0.1 not logged in: "));
    assert_eq!(failed.count(), 2, "{log:?}");
}
