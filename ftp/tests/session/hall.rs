//! A server on a mock network, and clients that send arbitrary lines at any speed.

use crate::net::{CLIENT, Host, Net, Rules, SERVER, ip};
use halfclose_ftp::tcp::{Conn, Tcp};
use halfclose_ftp::{Driver, MemoryStore, Server, ServerConfig};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

/// A server, and clients that send arbitrary lines at any speed.
pub(crate) struct Hall {
    pub(crate) hosts: [Host; 2],
    pub(crate) net: Net,
    pub(crate) server: Driver<Server, MemoryStore>,
    pub(crate) now: Duration,
}

impl Hall {
    pub(crate) fn new(config: ServerConfig) -> Self {
        let net = Net::new(Rules::default());
        let mut hosts = [net.host(CLIENT), net.host(SERVER)];
        let mut server = Driver::server(config, MemoryStore::new());
        let at = SocketAddr::new(ip(SERVER), 21);
        server.listen(&mut hosts[SERVER], at, 64).unwrap();
        Self { hosts, net, server, now: Duration::ZERO }
    }

    pub(crate) fn enter(&mut self) -> Conn {
        let at = SocketAddr::new(ip(SERVER), 21);
        self.hosts[CLIENT].connect(None, at).unwrap()
    }

    pub(crate) fn settle(&mut self) {
        self.server.pump(&mut self.hosts[SERVER], self.now);
        while self.net.is_ready() {
            while self.hosts[CLIENT].poll_ready().is_some() {}
            self.server.pump(&mut self.hosts[SERVER], self.now);
        }
    }

    /// Sends as many bytes as the connection accepts; returns their number.
    pub(crate) fn say(&mut self, on: Conn, mut bytes: &[u8]) -> usize {
        let all = bytes.len();
        while !bytes.is_empty() {
            let sent = self.hosts[CLIENT].send(on, &mut |free| {
                let count = free.len().min(bytes.len());
                free[..count].copy_from_slice(&bytes[..count]);
                bytes = &bytes[count..];
                count
            });
            self.settle();
            if matches!(sent, ControlFlow::Break(_) | ControlFlow::Continue(0)) {
                break;
            }
        }
        all - bytes.len()
    }

    /// All bytes that arrive; `!` after them if the connection was reset, `.` if closed.
    pub(crate) fn hear(&mut self, from: Conn) -> String {
        let mut heard = Vec::new();
        loop {
            self.settle();
            let take = &mut |some: &[u8]| heard.extend_from_slice(some);
            let end = match self.hosts[CLIENT].receive(from, usize::MAX, take) {
                ControlFlow::Continue(0) => "",
                ControlFlow::Continue(_) => continue,
                ControlFlow::Break(halfclose_ftp::tcp::Ending::Finished) => ".",
                ControlFlow::Break(_) => "!",
            };
            return String::from_utf8(heard).unwrap().replace("\r\n", "|") + end;
        }
    }

    /// Lets the time pass, timer by timer.
    pub(crate) fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.server.next_wakeup().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.settle();
        }
        self.now = end;
        self.settle();
    }
}
