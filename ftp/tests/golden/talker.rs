//! A client that sends given lines and records all answers: on the control connection, and on the
//! data connection of the commands before.

use crate::net::{CLIENT, Host, Net, Rules, SERVER, ip};
use halfclose_ftp::tcp::{Conn, Listener, Tcp};
use halfclose_ftp::wire::address;
use halfclose_ftp::{Driver, MemoryStore, Server, ServerConfig};
use std::fmt::Write;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

/// The way to make the next data connection.
enum Next {
    Nothing,
    Connect(SocketAddr),
    Accept(Listener),
}

pub(crate) struct Talker {
    net: Net,
    hosts: [Host; 2],
    server: Driver<Server, MemoryStore>,
    control: Conn,
    next: Next,
    now: Duration,
    over: bool,
}

/// The port at which a client listens after PORT.
const DATA_PORT: u16 = 2049;

impl Talker {
    pub(crate) fn new(config: ServerConfig) -> Self {
        let net = Net::new(Rules::default());
        let mut hosts = [net.host(CLIENT), net.host(SERVER)];
        let mut store = MemoryStore::new();
        store.set_epoch(config.epoch);
        let hour = Duration::from_secs(3600);
        for (name, content, age) in [
            ("readme.txt", &b"one\ntwo\n"[..], 1),
            ("photos/cat.jpg", b"\xff\xd8 no picture", 24 * 300),
            ("photos/2002/dog.jpg", b"", 2),
            ("has space", b"\r\n", 0),
            ("q\"uote", b"x", 0),
        ] {
            store.insert(name, content.into());
            let date = config.epoch - hour * age;
            halfclose_ftp::Store::set_modified(&mut store, name, date).unwrap();
        }
        let mut server = Driver::server(config, store);
        let at = SocketAddr::new(ip(SERVER), 21);
        server.listen(&mut hosts[SERVER], at, 8).unwrap();
        let control = hosts[CLIENT].connect(None, at).unwrap();
        let now = Duration::ZERO;
        Self { net, hosts, server, control, next: Next::Nothing, now, over: false }
    }

    /// Sends a command; returns the answer as lines.
    pub(crate) fn say(&mut self, command: &str) -> String {
        let (command, upload) = match command.split_once(" << ") {
            Some((command, upload)) => (command, Some(unescape(upload))),
            None => (command, None),
        };
        let transfers = ["STOR", "STOU", "APPE", "RETR", "LIST", "NLST", "MLSD"];
        let verb = command.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let passive = match self.next {
            Next::Connect(at) if transfers.contains(&&*verb) => {
                Some(self.hosts[CLIENT].connect(None, at).unwrap())
            }
            _ => None,
        };
        self.send(self.control, &[&unescape(command)[..], b"\r\n"].concat());
        if command.starts_with("PORT ") || command.starts_with("EPRT ") {
            if let Next::Accept(listener) = self.next {
                self.hosts[CLIENT].unlisten(listener);
            }
            let at = SocketAddr::new(ip(CLIENT), DATA_PORT);
            let (listener, _) = self.hosts[CLIENT].listen(at, 1).unwrap();
            self.next = Next::Accept(listener);
        }
        let mut out = self.heard();
        if !transfers.contains(&&*verb) {
            return out;
        }
        let active = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Accept(listener) => {
                let conn = self.hosts[CLIENT].accept(listener);
                self.hosts[CLIENT].unlisten(listener);
                conn
            }
            _ => None,
        };
        let Some(data) = passive.or(active) else { return out };
        if let Some(upload) = &upload {
            self.send(data, upload);
        }
        if upload.is_some() || out.starts_with(['4', '5']) {
            self.hosts[CLIENT].close(data);
            self.settle();
        } else {
            // What is on the data connection comes between the replies.
            let replies = out.split_off(out.find('\n').unwrap() + 1);
            let (bytes, ended) = self.drain(data);
            if verb == "RETR" {
                writeln!(out, "| {}", escape(&bytes)).unwrap();
            } else {
                for line in String::from_utf8(bytes).unwrap().split_inclusive("\r\n") {
                    let whole = line.strip_suffix("\r\n").expect("every line has its end");
                    writeln!(out, "| {}", escape(whole.as_bytes())).unwrap();
                }
            }
            assert!(ended, "the server ends what it sends");
            self.hosts[CLIENT].close(data);
            out.push_str(&replies);
        }
        out.push_str(&self.heard());
        if let (Some(_), Some(name)) = (upload, command.split(' ').nth(1))
            && let Some(stored) = self.server.store().get(name.trim_start_matches('/'))
        {
            writeln!(out, "|> {}", escape(stored)).unwrap();
        }
        out
    }

    /// Lets this number of seconds pass in silence.
    pub(crate) fn wait(&mut self, seconds: u64) -> String {
        let end = self.now + Duration::from_secs(seconds);
        self.settle();
        while let Some(at) = self.server.next_wakeup().filter(|at| *at <= end) {
            self.now = at;
            self.settle();
        }
        self.now = end;
        self.heard()
    }

    /// Sends the client's FIN on the control connection.
    pub(crate) fn close(&mut self) -> String {
        self.hosts[CLIENT].shutdown(self.control);
        let out = self.heard();
        assert!(self.server.is_done(), "a session outlives its client");
        out
    }

    /// The server's replies, as lines.
    pub(crate) fn heard(&mut self) -> String {
        if self.over {
            return String::new();
        }
        let (bytes, ended) = self.drain(self.control);
        let mut out = String::new();
        for line in String::from_utf8(bytes).unwrap().split_inclusive("\r\n") {
            let line = line.strip_suffix("\r\n").expect("every reply has its end");
            let line = self.note_address(line);
            writeln!(out, "{}", escape(line.as_bytes())).unwrap();
        }
        if ended {
            self.over = true;
            out.push_str("(the server closes the control connection)\n");
        }
        out
    }

    /// Remembers the server's data port; the recorded line has no port.
    fn note_address(&mut self, line: &str) -> String {
        let port = match line.get(..3) {
            Some("227") => address::scan_227(line).map(|at| at.port()),
            Some("229") => address::scan_229(line),
            _ => None,
        };
        let Some(port) = port else { return line.to_owned() };
        self.next = Next::Connect(SocketAddr::new(ip(SERVER), port));
        let [high, low] = port.to_be_bytes();
        line.replace(&format!("{high},{low})"), "P1,P2)").replace(&format!("|{port}|"), "|PORT|")
    }

    fn send(&mut self, on: Conn, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let sent = self.hosts[CLIENT].send(on, &mut |free| {
                let count = free.len().min(bytes.len());
                free[..count].copy_from_slice(&bytes[..count]);
                bytes = &bytes[count..];
                count
            });
            self.settle();
            if sent.is_break() {
                return;
            }
        }
    }

    /// All bytes that arrive; true if the connection has ended.
    fn drain(&mut self, from: Conn) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        loop {
            self.settle();
            match self.hosts[CLIENT]
                .receive(from, usize::MAX, &mut |some| bytes.extend_from_slice(some))
            {
                ControlFlow::Continue(0) => return (bytes, false),
                ControlFlow::Continue(_) => {}
                ControlFlow::Break(_) => return (bytes, true),
            }
        }
    }

    fn settle(&mut self) {
        self.server.pump(&mut self.hosts[SERVER], self.now);
        while self.net.is_ready() {
            while self.hosts[CLIENT].poll_ready().is_some() {}
            self.server.pump(&mut self.hosts[SERVER], self.now);
        }
    }
}

fn escape(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\r' => out.push_str("\\r"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                c if c.is_control() => write!(out, "\\x{:02x}", u32::from(c)).unwrap(),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}").unwrap();
        }
    }
    out
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once('\\') {
        out.extend_from_slice(plain.as_bytes());
        let (byte, length) = match &behind[..1] {
            "r" => (b'\r', 1),
            "n" => (b'\n', 1),
            "t" => (b'\t', 1),
            "x" => (u8::from_str_radix(&behind[1..3], 16).unwrap(), 3),
            other => panic!("\\{other} means nothing"),
        };
        out.push(byte);
        rest = &behind[length..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}
