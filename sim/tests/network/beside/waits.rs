//! Lines 3, 5 and 9 of the table: the waits of other sessions beside a hostile pattern, a log that is
//! not read, a long series of unique names, and listings of links.

use std::fs::{self, File};
use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::any_server::{AnyServer, Properties, longest_wait, ms};
use super::beside;
use crate::hostile::raw::{Raw, instant};

/// The longest wait of a session of our server, on a busy machine (`hostile::turns` asserts the work of
/// each turn).
const WAIT: Duration = Duration::from_secs(2);
/// The time for which another session asks for replies.
const WHILE: Duration = Duration::from_secs(1);

/// The wait of another session for a while.
fn wait_of_another(server: &AnyServer, ask: impl FnOnce()) -> Duration {
    let mut other = server.login();
    ask();
    let began = instant();
    longest_wait(server, &mut other, || began.elapsed() < WHILE)
}

#[test]
fn a_pattern_of_brackets() {
    let trial = |server: &AnyServer| {
        fs::create_dir(server.file("d")).expect("space");
        let brackets = "[".repeat(240);
        for at in 0..4096 {
            fs::write(server.file(&format!("d/{brackets}{at:04}")), "").expect("space");
        }
        let (mut greedy, mut other) = (server.login(), server.login());
        let line = format!("STAT {}/*{brackets}b", server.path("d"));
        let (longest, reply, took) = thread::scope(|scope| {
            let search = scope.spawn(move || {
                let began = instant();
                let reply = greedy.ask(&line).unwrap_or_else(|error| error.to_string());
                (reply, began.elapsed())
            });
            let longest = longest_wait(server, &mut other, || !search.is_finished());
            let (reply, took) = search.join().expect("it ends");
            (longest, reply, took)
        });
        let reply = format!("STAT in {}: {reply}", ms(took));
        (format!("longest NOOP {}; {reply}", ms(longest)), longest)
    };
    beside("3 a pattern of 250 brackets", Properties::OPEN, trial, |longest| *longest < WAIT);
}

#[test]
fn listings_of_links_that_lead_out() {
    const CROWD: usize = 40;
    let trial = |server: &AnyServer| {
        fs::create_dir(server.file("links")).expect("space");
        for at in 0..4000 {
            let link = server.file(&format!("links/{at}"));
            std::os::unix::fs::symlink("/etc/passwd", link).expect("space");
        }
        let line = format!("LIST {}\r\n", server.path("links"));
        let mut crowd: Vec<_> = (0..CROWD).map(|_| server.login()).collect();
        let data: Vec<_> = crowd.iter_mut().map(Raw::passive).collect();
        let longest = wait_of_another(server, || {
            for client in &mut crowd {
                client.stream.write_all(line.as_bytes()).expect("it listens");
            }
        });
        drop(data);
        (format!("longest NOOP {}", ms(longest)), longest)
    };
    beside("9 40 listings of 4,000 links", Properties::OPEN, trial, |longest| *longest < WAIT);
}

#[test]
fn a_long_series_of_unique_names() {
    const CROWD: usize = 20;
    let trial = |server: &AnyServer| {
        for at in 0..1000 {
            let name = if at == 0 { "stou".to_owned() } else { format!("stou.{at}") };
            fs::write(server.file(&name), "").expect("space");
        }
        let mut crowd: Vec<_> = (0..CROWD).map(|_| server.login()).collect();
        let directory = server.path("");
        for client in crowd.iter_mut().filter(|_| !directory.is_empty()) {
            assert!(client.say(&format!("CWD {directory}")).starts_with("250"));
        }
        let longest = wait_of_another(server, || {
            for client in &mut crowd {
                client
                    .stream
                    .write_all(&b"PASV\r\nSTOU\r\nABOR\r\n".repeat(10))
                    .expect("it listens");
            }
        });
        (format!("longest NOOP {}", ms(longest)), longest)
    };
    beside("9 20 sessions, 1,000 names of STOU", Properties::OPEN, trial, |longest| {
        *longest < WAIT
    });
}

/// Sessions one after another, whose lines fill the pipe of the log.
#[test]
fn a_log_that_is_not_read() {
    const SESSIONS: usize = 400;
    let folder = tempfile::tempdir().expect("a directory");
    // Each server has a pipe of its own, which is open for reading and never read.
    let pipes = ["a", "b", "c"].map(|name| {
        let path = folder.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
        let open = File::options().read(true).write(true).open(&path).expect("a pipe");
        (path, open)
    });
    let models = [super::OURS, super::VSFTPD, super::PYFTPDLIB];
    for (model, (path, _open)) in models.iter().zip(&pipes) {
        let with = Properties { log: Some(path), ..Properties::OPEN };
        let Some(server) = AnyServer::start(model, with) else { continue };
        let answered = (0..SESSIONS).take_while(|_| is_served(&server)).count();
        let ended = server.end();
        let end = ended.map_or_else(
            || "does not end it".to_owned(),
            |took| format!("ends it in {}", ms(took)),
        );
        eprintln!(
            "5 a log that is not read | {model} | {answered} of {SESSIONS} sessions, SIGTERM {end}"
        );
        if *model == super::OURS {
            assert!(answered == SESSIONS && ended.is_some(), "{answered} sessions, {ended:?}");
        }
    }
}

/// Whether a session is answered from the greeting to the end: another server within a second each time.
fn is_served(server: &AnyServer) -> bool {
    let Ok(stream) = std::net::TcpStream::connect(("127.0.0.1", server.port())) else {
        return false;
    };
    let mut client = Raw::over(stream);
    let patience = server.patience(Duration::from_secs(1));
    client.stream.set_read_timeout(Some(patience)).expect("a time");
    let greeted = client.reply().is_ok_and(|reply| reply.starts_with("220"));
    greeted
        && ["USER anonymous", "PASS x", "SYST", "PWD", "NOOP", "QUIT"]
            .iter()
            .all(|line| client.ask(line).is_ok())
}
