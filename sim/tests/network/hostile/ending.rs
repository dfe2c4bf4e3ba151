//! The end of the server: transfers finish or are cut, and every file is whole or absent.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;

use super::raw::{Raw, instant};
use crate::served::Ours;

/// Opens a session in the middle of an upload, and an idle session.
fn busy(server: &Ours) -> (Raw, TcpStream, Raw) {
    let mut client = Raw::login(server);
    let mut data = client.passive();
    assert!(client.say("STOR a.bin").starts_with("150"));
    data.write_all(&[7; 100_000]).expect("it listens");
    (client, data, Raw::login(server))
}

#[test]
fn a_transfer_may_finish() {
    let server = Ours::serve(&["--grace", "20s"]);
    let (mut client, mut data, mut idle) = busy(&server);
    let began = instant();
    server.signal(Signal::TERM);
    idle.expect("421");
    assert!(idle.is_closed());
    let refused = TcpStream::connect((&*server.host, server.port));
    assert!(refused.is_err(), "a new client is refused");
    data.write_all(&[7; 100_000]).expect("it goes on");
    drop(data);
    client.expect("226");
    client.expect("421");
    let (status, _, folder) = server.wait();
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10), "it ends with its last session");
    assert_eq!(fs::read(folder.path().join("root/a.bin")).expect("whole").len(), 200_000);
}

#[test]
fn a_transfer_that_does_not_finish_is_cut_and_leaves_nothing() {
    for (signals, least, most) in [(1, 1, 4), (2, 0, 3)] {
        let grace = if signals == 1 { "1s" } else { "60s" };
        let server = Ours::serve(&["--grace", grace]);
        let (mut client, data, mut idle) = busy(&server);
        let began = instant();
        server.signal(Signal::TERM);
        idle.expect("421");
        if signals == 2 {
            // A second signal ends the wait.
            server.signal(Signal::INT);
        }
        let (status, _, folder) = server.wait();
        let took = began.elapsed();
        assert_eq!(status.code(), Some(0));
        assert!((least..most).contains(&took.as_secs()), "{signals} signals: {took:?}");
        client.expect("426");
        client.expect("421");
        assert!(client.is_closed());
        let left = fs::read_dir(folder.path().join("root")).expect("it is there").count();
        assert_eq!(left, 0, "neither a.bin nor a stump");
        drop(data);
    }
}
