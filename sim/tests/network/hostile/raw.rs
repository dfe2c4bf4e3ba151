//! A client that sends exactly the given bytes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::busy::Watch;
use crate::served::Ours;

/// The longest wait for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A control connection without a protocol machine.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    replies: BufReader<TcpStream>,
}

impl Raw {
    /// Connects and reads the greeting.
    pub(crate) fn connect(server: &Ours) -> Self {
        let mut this = Self::knock(server);
        this.expect("220");
        this
    }

    /// Connects without reading the greeting.
    pub(crate) fn knock(server: &Ours) -> Self {
        Self::at(&server.host, server.port)
    }

    /// Connects to any server without reading the greeting.
    pub(crate) fn at(host: &str, port: u16) -> Self {
        Self::over(TcpStream::connect((host, port)).expect("it listens"))
    }

    /// The control connection over an open stream, without reading the greeting.
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        let replies = BufReader::new(stream.try_clone().expect("a file"));
        Self { stream, replies }
    }

    /// Connects and logs in.
    pub(crate) fn login(server: &Ours) -> Self {
        let mut this = Self::connect(server);
        for (line, code) in [("USER anonymous", "331"), ("PASS x", "230"), ("TYPE I", "200")] {
            let reply = this.say(line);
            assert!(reply.starts_with(code), "{line}: {reply}");
        }
        this
    }

    /// Sends a line, and returns the last line of the reply.
    pub(crate) fn say(&mut self, line: &str) -> String {
        self.ask(line).unwrap_or_else(|error| panic!("no reply to {line}: {error}"))
    }

    /// Sends a line to a server that may be gone, and returns the last line of the reply.
    pub(crate) fn ask(&mut self, line: &str) -> io::Result<String> {
        self.stream.write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Returns the last line of the next reply.
    pub(crate) fn reply(&mut self) -> io::Result<String> {
        let whole = self.whole_reply()?;
        Ok(whole.lines().last().unwrap_or_default().trim_end().to_owned())
    }

    /// Returns all lines of the next reply.
    pub(crate) fn whole_reply(&mut self) -> io::Result<String> {
        let mut whole = String::new();
        loop {
            let begin = whole.len();
            if self.replies.read_line(&mut whole)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = &whole.as_bytes()[begin..];
            if line.len() > 3 && line[..3].iter().all(u8::is_ascii_digit) && line[3] == b' ' {
                return Ok(whole);
            }
        }
    }

    /// Reads the next reply, which must have this beginning.
    pub(crate) fn expect(&mut self, code: &str) -> String {
        let reply = self.reply().unwrap_or_else(|error| panic!("no {code}: {error}"));
        assert!(reply.starts_with(code), "{reply} in place of {code}");
        reply
    }

    /// Opens a data connection for which the server waits.
    pub(crate) fn passive(&mut self) -> TcpStream {
        let at = self.passive_port();
        let stream = TcpStream::connect(("127.0.0.1", at)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        stream
    }

    pub(crate) fn passive_port(&mut self) -> u16 {
        let reply = self.say("EPSV");
        let port = reply.split('|').nth(3).and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("{reply}"))
    }

    /// Uploads a file, and returns the final reply.
    pub(crate) fn put(&mut self, name: &str, bytes: &[u8]) -> String {
        let mut data = self.passive();
        let reply = self.say(&format!("STOR {name}"));
        if !reply.starts_with('1') {
            return reply;
        }
        // A server that refuses the rest closes the connection.
        let _ = data.write_all(bytes);
        drop(data);
        self.reply().expect("a reply")
    }

    /// Downloads a file or listing, and returns the final reply with the bytes.
    pub(crate) fn get(&mut self, command: &str) -> (String, Vec<u8>) {
        let mut data = self.passive();
        let reply = self.say(command);
        if !reply.starts_with('1') {
            return (reply, Vec::new());
        }
        let mut bytes = Vec::new();
        let _ = data.read_to_end(&mut bytes);
        (self.reply().expect("a reply"), bytes)
    }

    /// Whether the server has closed the connection, or closes the connection within a while.
    pub(crate) fn is_closed(&mut self) -> bool {
        loop {
            match self.reply() {
                Ok(_) => {}
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
    }
}

/// Connects from another address of this machine.
pub(crate) fn connect_from(from: &str, to: u16) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let from: SocketAddr = format!("{from}:0").parse().expect("an address");
    socket.bind(&from.into())?;
    socket.connect_timeout(&SocketAddr::from(([127, 0, 0, 1], to)).into(), PATIENCE)?;
    Ok(socket.into())
}

/// Asserts that the server serves a new client, and how fast: an upload and a download of a
/// megabyte.
pub(crate) fn assert_serves(server: &Ours) -> Duration {
    let watch = Watch::start(server.id());
    let mut client = Raw::login(server);
    let bytes: Vec<u8> = (0..1_000_000_usize).map(|at| at.to_le_bytes()[0]).collect();
    let reply = client.put("served.bin", &bytes);
    assert!(reply.starts_with("226"), "{reply}");
    let (reply, back) = client.get("RETR served.bin");
    assert!(reply.starts_with("226") && back == bytes, "{reply}");
    client.say("DELE served.bin");
    watch.took()
}

#[expect(clippy::disallowed_methods, reason = "a real program answers in real time")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "a real program needs real time")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Waits until the condition holds.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = instant();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "not in {PATIENCE:?}: {what}");
        pause(Duration::from_millis(10));
    }
}
