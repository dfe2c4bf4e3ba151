//! Slow readers of a download, at our server and at vsftpd: every reader gets the whole file and a FIN,
//! however long the last bytes wait in the server's kernel, and no reset follows a 226.
//!
//! By default each reader is slow for twelve seconds at the end of the file, longer than any patience of
//! a closed connection. `HALFCLOSE_SLOW_READERS=1` (as `.ci/run` sets it) makes the readers slow for up to
//! 84 seconds, and `HALFCLOSE_SLOW_READERS=full` reads the whole file at 20 kB/s, in seven minutes.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::programs::content;
use super::theirs::{Theirs, VSFTPD};
use crate::hostile::raw::{Raw, instant, pause};
use crate::served::Ours;

/// The length of the file.
const LENGTH: usize = 8 << 20;
/// The receive buffer of a reader: the rest of the file waits at the server.
const BUFFER: usize = 32 << 10;

/// How a reader reads.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// No byte is read for this long.
    pause: Duration,
    /// Bytes at the end of the file that are read slowly.
    slowly: usize,
    /// Bytes a second of the slow part.
    rate: usize,
}

impl Pace {
    /// The readers of this test run: 20 kB/s, 100 kB/s, and a pause.
    fn all() -> Vec<Self> {
        let how = std::env::var_os("HALFCLOSE_SLOW_READERS").unwrap_or_default();
        let (pause, seconds) = match how.to_str().unwrap_or_default() {
            "" => (12, [12, 12]),
            "full" => (30, [LENGTH / 20_000 + 1, LENGTH / 100_000 + 1]),
            _ => (30, [80, LENGTH / 100_000 + 1]),
        };
        let slow = |rate: usize, seconds: usize| Self {
            pause: Duration::ZERO,
            slowly: (rate * seconds).min(LENGTH),
            rate,
        };
        let paused = Self { pause: Duration::from_secs(pause), slowly: 0, rate: 0 };
        vec![slow(20_000, seconds[0]), slow(100_000, seconds[1]), paused]
    }

    /// Reads to the end: the bytes, and the error in place of a FIN.
    fn read(self, data: &mut TcpStream) -> (Vec<u8>, Option<std::io::Error>) {
        pause(self.pause);
        let mut bytes = Vec::with_capacity(LENGTH);
        let mut buffer = vec![0; 64 << 10];
        let mut began = None;
        loop {
            let slow = bytes.len() + self.slowly >= LENGTH && self.rate > 0;
            let most = if slow { self.rate / 10 } else { buffer.len() };
            match data.read(&mut buffer[..most]) {
                Ok(0) => return (bytes, None),
                Ok(read) => bytes.extend(&buffer[..read]),
                Err(error) => return (bytes, Some(error)),
            }
            if slow {
                let (start, at) = *began.get_or_insert((instant(), bytes.len()));
                let micros = (bytes.len() - at) as u64 * 1_000_000 / self.rate as u64;
                pause(Duration::from_micros(micros).saturating_sub(start.elapsed()));
            }
        }
    }
}

/// Downloads `path` from the server on `port` at a pace: the bytes, the error, and the final reply.
fn download(port: u16, path: &str, pace: Pace) -> (Vec<u8>, Option<std::io::Error>, String) {
    let mut session = Raw::at("127.0.0.1", port);
    session.expect("220");
    for line in ["USER anonymous", "PASS x", "TYPE I"] {
        session.say(line);
    }
    let to = SocketAddr::from(([127, 0, 0, 1], session.passive_port()));
    let data = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    // A buffer of a fixed size does not grow with the reader.
    data.set_recv_buffer_size(BUFFER).expect("an option");
    data.connect(&to.into()).expect("it listens");
    let mut data = TcpStream::from(data);
    assert!(session.say(&format!("RETR {path}")).starts_with("150"));
    let (bytes, error) = pace.read(&mut data);
    let reply = session.reply().expect("a final reply");
    (bytes, error, reply)
}

#[test]
fn slow_readers_get_the_whole_file_as_from_vsftpd() {
    let ours = Ours::serve(&[]);
    let theirs = Theirs::start(VSFTPD);
    let all = content(LENGTH);
    fs::write(ours.path("large"), &all).expect("space");
    let mut servers = vec![("halfclose", ours.port, "large")];
    if let Some(theirs) = &theirs {
        fs::write(theirs.file("large"), &all).expect("space");
        servers.push(("vsftpd", theirs.port, "up/large"));
    }
    std::thread::scope(|scope| {
        for pace in Pace::all() {
            for (name, port, path) in &servers {
                let all = &all;
                scope.spawn(move || {
                    let (bytes, error, reply) = download(*port, path, pace);
                    let seen =
                        format!("{name}, {pace:?}: {} bytes, {error:?}, {reply}", bytes.len());
                    assert!(bytes == *all, "{seen}");
                    assert!(error.is_none() && reply.starts_with("226"), "{seen}");
                });
            }
        }
    });
}
