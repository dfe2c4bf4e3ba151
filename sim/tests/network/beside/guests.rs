//! Lines 7 and 8 of the table: one address that connects 400 times a second, and one address that guesses
//! passwords.

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Resource;

use super::any_server::{AnyServer, Properties, ms};
use super::beside;
use crate::hostile::raw::{Raw, connect_from, instant, pause};

/// The open files of a server among 400 connections of one address.
const FILES: u64 = 256;

#[test]
fn four_hundred_connections_a_second_of_one_address() {
    let trial = |server: &AnyServer| {
        server.limit(Resource::Nofile, FILES);
        let at = ([127, 0, 0, 1], server.port()).into();
        let mut held = Vec::new();
        let began = instant();
        while began.elapsed() < Duration::from_secs(1) {
            held.extend(TcpStream::connect_timeout(&at, Duration::from_millis(100)));
            pause(Duration::from_micros(2400));
        }
        let greeted = server.greets("127.0.0.2", Duration::from_secs(2));
        let other = greeted.map_or("not within 2 s".to_owned(), |took| format!("in {}", ms(took)));
        (format!("{} of the connects held; another greeted {other}", held.len()), greeted)
    };
    beside("7 400 connects in a second", Properties::OPEN, trial, |greeted| {
        greeted.is_some_and(|took| took < Duration::from_secs(2))
    });
}

/// How a guess ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guess {
    Right,
    Wrong,
    /// No reply within the patience of the guesser.
    Silent,
    /// The server took no password.
    Refused,
}

/// The user with a password, and the port of a server.
#[derive(Clone, Copy)]
struct Account {
    user: &'static str,
    port: u16,
    /// The longest wait for the greeting and for the reply to USER.
    patience: Duration,
}

impl Account {
    fn of(server: &AnyServer) -> Self {
        let user = match server {
            // The passwords of vsftpd are those of `anonymous`.
            AnyServer::Theirs(theirs) if theirs.login().0 == "up" => "anonymous",
            _ => "me",
        };
        Self { user, port: server.port(), patience: server.patience(Duration::from_secs(1)) }
    }
}

/// Guesses once, on a connection of its own.
fn guess(account: Account, from: &str, word: &str, patience: Duration) -> Guess {
    let Account { user, port, .. } = account;
    let Ok(stream) = connect_from(from, port) else { return Guess::Refused };
    let mut client = Raw::over(stream);
    client.stream.set_read_timeout(Some(account.patience)).expect("a time");
    let welcome = client.reply().is_ok_and(|reply| reply.starts_with("220"))
        && client.ask(&format!("USER {user}")).is_ok_and(|reply| reply.starts_with("331"));
    if !welcome {
        return Guess::Refused;
    }
    client.stream.set_read_timeout(Some(patience)).expect("a time");
    match client.ask(&format!("PASS {word}")) {
        Ok(reply) if reply.starts_with("230") => Guess::Right,
        Ok(reply) if reply.starts_with("530") => Guess::Wrong,
        Ok(_) => Guess::Refused,
        Err(_) => Guess::Silent,
    }
}

/// The guesses of a crowd of one address in a second that told whether the password is right.
fn rate(account: Account, from: &str, patience: Duration, silence_tells: bool) -> f64 {
    const CROWD: usize = 8;
    const WHILE: Duration = Duration::from_secs(2);
    let (told, began) = (AtomicUsize::new(0), instant());
    thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(|| {
                while began.elapsed() < WHILE {
                    let guess = guess(account, from, "wrong", patience);
                    let tells = guess == Guess::Wrong || guess == Guess::Silent && silence_tells;
                    told.fetch_add(usize::from(tells), Ordering::Relaxed);
                }
            });
        }
    });
    told.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// A guesser who waits for 20 ms, where a right password is answered at once, and else a guesser who
/// waits for each reply.
#[test]
fn guesses_of_one_address() {
    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(4);
    let with = Properties { password: true, ..Properties::OPEN };
    let trial = |server: &AnyServer| {
        let account = Account::of(server);
        let long = server.patience(LONG);
        assert!(guess(account, "127.0.0.4", "wrong", long) == Guess::Wrong);
        // On a busy machine a process may be late.
        let tells = (0..5).any(|_| guess(account, "127.0.0.4", "secret", SHORT) == Guess::Right);
        let rate = rate(account, "127.0.0.3", if tells { SHORT } else { LONG }, tells);
        let how = if tells { "a right password is told within 20 ms" } else { "each is slow" };
        (format!("{rate:.1}: {how}"), rate)
    };
    beside("8 guesses a second", with, trial, |rate| *rate <= 2.0);
}
