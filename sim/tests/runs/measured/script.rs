//! The script of the measurement, against a model: a client that speaks FTP by hand on one
//! simulated host, the server on another, and a link of fixed delay between them.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::ControlFlow;
use std::time::Duration;

use halfclose::internals::Sockets;
use halfclose_ftp::tcp::{Conn, Tcp};
use halfclose_ftp::wire::line::SYNCH;
use halfclose_ftp::{Driver, MemoryStore, Server, ServerConfig, ServerModel};
use halfclose_stack::{Config, Host, Packet};

/// The event on the control connection after half of the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Reset,
    Fin,
    Quit,
    Abor,
    AborSynch,
}

const SIZE: usize = 1 << 20;
const DELAY: Duration = Duration::from_micros(50);
const SECOND: Duration = Duration::from_secs(1);
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// Plays the script, and returns the result in the words of `control.tsv`.
pub(crate) fn play(model: &ServerModel, event: Event, draws: u64) -> String {
    let mut bench = Bench::new(model, draws);
    let data = bench.begin(b"STOR f\r\n");
    bench.send(data, SIZE / 2);
    bench.pass(Duration::from_millis(30));
    let before = bench.replies().len();
    let abor = matches!(event, Event::Abor | Event::AborSynch);
    bench.act(event);
    bench.pass(SECOND);
    let ended = bench.has_ended(data);
    if !ended && !abor {
        bench.send(data, SIZE / 2);
    }
    bench.sockets().close(data);
    bench.pass(SECOND);
    let mut control = "-";
    if abor {
        control = bench.control();
    }
    let mut replies = bench.replies().split_off(before);
    if control == "usable" {
        replies.pop();
    }
    let replies = if replies.is_empty() { "-".to_owned() } else { replies.join(" ") };
    let data = if ended { "ended" } else { "open" };
    let stored = bench.driver.store().get("f").map(|file| file.len().to_string());
    let stored = stored.as_deref().unwrap_or("absent");
    format!("{replies}, data {data}, control {control}, stored {stored}")
}

/// Requests a file, reads a little, resets the data connection, and returns the result in the words
/// of `retr.tsv`.
pub(crate) fn play_download(model: &ServerModel) -> String {
    let mut bench = Bench::new(model, 0);
    bench.driver.store_mut().insert("f", vec![7; SIZE].into());
    let data = bench.begin(b"RETR f\r\n");
    let before = bench.replies().len();
    let read = bench.sockets().receive(data, 64 << 10, &mut |_| ());
    assert!(matches!(read, ControlFlow::Continue(1..)), "{read:?}");
    bench.sockets().abort(data);
    bench.pass(SECOND);
    let replies = bench.replies().split_off(before);
    let last = replies.last().map_or("-", |reply| reply);
    format!("{last}, control {}", bench.control())
}

struct Bench {
    now: Duration,
    client: Host,
    server: Host,
    up: VecDeque<(Duration, Packet)>,
    down: VecDeque<(Duration, Packet)>,
    driver: Driver<Server, MemoryStore>,
    control: Option<Conn>,
    /// Whether the server has closed the control connection.
    closed: bool,
    /// The bytes of the server on the control connection.
    heard: String,
}

impl Bench {
    fn new(model: &ServerModel, draws: u64) -> Self {
        let host =
            |address, seed| Host::new(Config { address, seed, mtu: 9000, ..Config::default() });
        let config = ServerConfig { model: *model, draws, ..ServerConfig::default() };
        let mut bench = Self {
            now: Duration::ZERO,
            client: host(CLIENT, 1),
            server: host(SERVER, 2),
            up: VecDeque::new(),
            down: VecDeque::new(),
            driver: Driver::server(config, MemoryStore::new()),
            control: None,
            closed: false,
            heard: String::new(),
        };
        let mut sockets = Sockets { host: &mut bench.server, now: Duration::ZERO, watch: None };
        let at = SocketAddr::from((SERVER, 21));
        bench.driver.listen(&mut sockets, at, 8).expect("the port is free");
        bench
    }

    fn sockets(&mut self) -> Sockets<'_> {
        Sockets { host: &mut self.client, now: self.now, watch: None }
    }

    /// Whether the control connection is closed, or answers NOOP.
    fn control(&mut self) -> &'static str {
        if self.closed {
            return "closed";
        }
        self.say(b"NOOP\r\n");
        self.pass(SECOND);
        assert_eq!(self.replies().pop().as_deref(), Some("200"), "{}", self.heard);
        "usable"
    }

    /// Logs in, and sends `command` with a passive data connection.
    fn begin(&mut self, command: &[u8]) -> Conn {
        let at = SocketAddr::from((SERVER, 21));
        self.control = Some(self.sockets().connect(None, at).expect("a port is free"));
        self.pass(SECOND);
        for line in [&b"USER anonymous\r\n"[..], b"PASS x\r\n", b"PASV\r\n"] {
            self.say(line);
            self.pass(SECOND);
        }
        let ports = self.heard.rsplit_once("0,2,").expect("a reply to PASV").1;
        let (high, low) = ports.split_once(',').expect("two numbers");
        let low = low.split_once(')').expect("its end").0;
        let [high, low] = [high, low].map(|it| it.parse::<u8>().expect("a byte"));
        let at = SocketAddr::from((SERVER, u16::from_be_bytes([high, low])));
        let data = self.sockets().connect(None, at).expect("a port is free");
        self.pass(SECOND);
        self.say(command);
        self.pass(SECOND);
        data
    }

    fn act(&mut self, event: Event) {
        let control = self.control.expect("it is open");
        match event {
            Event::Reset => self.sockets().abort(control),
            Event::Fin => self.sockets().close(control),
            Event::Quit => self.say(b"QUIT\r\n"),
            Event::Abor => self.say(b"ABOR\r\n"),
            Event::AborSynch => {
                self.say(&SYNCH);
                self.sockets().urgent(control);
                self.say(b"ABOR\r\n");
            }
        }
        if matches!(event, Event::Reset | Event::Fin) {
            self.control = None;
        }
    }

    fn say(&mut self, line: &[u8]) {
        let control = self.control.expect("it is open");
        let sent = self.sockets().send(control, &mut |free| {
            free[..line.len()].copy_from_slice(line);
            line.len()
        });
        assert_eq!(sent, ControlFlow::Continue(line.len()));
    }

    /// Sends this many bytes, as fast as the host takes bytes.
    fn send(&mut self, data: Conn, count: usize) {
        let mut left = count;
        while left > 0 {
            let sent = self.sockets().send(data, &mut |free| {
                let piece = free.len().min(left);
                free[..piece].fill(7);
                left -= piece;
                piece
            });
            if sent.is_break() {
                return;
            }
            self.pass(DELAY);
        }
    }

    fn has_ended(&mut self, data: Conn) -> bool {
        let status = self.sockets().status(data);
        status.peer_closed || status.ending.is_some()
    }

    /// The code of each received reply, in order.
    fn replies(&self) -> Vec<String> {
        let last = |line: &&str| line.as_bytes().get(3) == Some(&b' ') && !line.starts_with(' ');
        self.heard.lines().filter(last).map(|line| line[..3].to_owned()).collect()
    }

    /// Lets virtual time pass, with every event in between.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            let arrivals = [&self.up, &self.down].map(|way| way.front().map(|(at, _)| *at));
            let timers =
                [self.client.next_wakeup(), self.server.next_wakeup(), self.driver.next_wakeup()];
            let next = arrivals.into_iter().chain(timers).flatten().min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(next);
            let now = self.now;
            while self.up.front().is_some_and(|(at, _)| *at <= now) {
                let (_, packet) = self.up.pop_front().expect("it was there above");
                self.server.handle_packet(now, &packet);
            }
            while self.down.front().is_some_and(|(at, _)| *at <= now) {
                let (_, packet) = self.down.pop_front().expect("it was there above");
                self.client.handle_packet(now, &packet);
            }
            self.client.handle_timeout(now);
            self.server.handle_timeout(now);
        }
        self.now = end;
    }

    fn settle(&mut self) {
        let now = self.now;
        loop {
            self.driver.pump(&mut Sockets { host: &mut self.server, now, watch: None }, now);
            self.hear();
            let mut quiet = true;
            while let Some(packet) = self.client.poll_transmit(now) {
                self.up.push_back((now + DELAY, packet));
                quiet = false;
            }
            while let Some(packet) = self.server.poll_transmit(now) {
                self.down.push_back((now + DELAY, packet));
                quiet = false;
            }
            while self.client.poll_note().is_some() || self.server.poll_note().is_some() {}
            if quiet {
                return;
            }
        }
    }

    fn hear(&mut self) {
        while self.sockets().poll_ready().is_some() {}
        let Some(control) = self.control else { return };
        let mut heard = Vec::new();
        let flow = self.sockets().receive(control, usize::MAX, &mut |it| heard.extend(it));
        self.heard += &String::from_utf8_lossy(&heard);
        self.closed |= flow.is_break();
    }
}
