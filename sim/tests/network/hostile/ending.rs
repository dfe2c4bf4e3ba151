//! The end of the server: transfers finish or are cut, and every file is whole or absent.

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use rustix::process::Signal;

use super::raw::{PATIENCE, Raw, instant};
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
    let server = Ours::serve(&["--grace", "300s"]);
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
    assert!(began.elapsed() < PATIENCE, "it ends with its last session");
    assert_eq!(fs::read(folder.path().join("root/a.bin")).expect("whole").len(), 200_000);
}

#[test]
fn a_transfer_that_does_not_finish_is_cut_and_leaves_nothing() {
    // The time of the first is the option's, and not the 30 s of a server without the option.
    for (signals, grace, least, most) in [(1, "1s", 1, 25), (2, "300s", 0, 60)] {
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
