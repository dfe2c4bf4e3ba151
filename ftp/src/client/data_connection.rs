//! `client::data_connection` opens the client's data connections (RFC 959 §3.2, RFC 2428). In
//! active mode the client listens and names the port, in passive mode the client asks for a port
//! and connects; EPRT and EPSV come first if the configuration allows them.

use super::{Client, ClientContext, DataMode, Stage, ended};
use crate::habit::ClientHabit;
use crate::session::Action;
use crate::store::Store;
use crate::tcp::Ending;
use crate::wire::address::{self, EprtArgument, HostPort};
use crate::wire::reply::{Class, Reply};
use std::net::{IpAddr, SocketAddr};

impl Client {
    /// Opens a data connection, a new connection for each transfer (RFC 1123 §4.1.2.5).
    pub(super) fn open_data<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        match cx.config.mode {
            DataMode::Active => {
                self.stage = Stage::Listening;
                let only = Some(self.peer().ip());
                let port = cx.config.data_port.unwrap_or(0);
                let at = SocketAddr::new(self.local().ip(), port);
                self.actions.push(Action::Listen { at, only });
            }
            DataMode::Passive => {
                let extended = cx.config.extended && !self.no_extensions;
                self.ask_passive(extended || self.local().is_ipv6(), cx);
            }
        }
    }

    pub(super) fn handle_listening<S: Store>(
        &mut self,
        at: Option<SocketAddr>,
        cx: &mut ClientContext<'_, S>,
    ) {
        match at {
            Some(at) => {
                let extended = cx.config.extended && !self.no_extensions;
                self.name_port(extended || at.is_ipv6(), at, cx);
            }
            None => self.fail_transfer(None, &cx.config.texts.refused, cx),
        }
    }

    fn name_port<S: Store>(
        &mut self,
        extended: bool,
        at: SocketAddr,
        cx: &mut ClientContext<'_, S>,
    ) {
        self.stage = Stage::Port { extended, at };
        match at.ip() {
            IpAddr::V4(ip) if !extended => {
                self.command("PORT", Some(&HostPort(ip, at.port())), cx);
            }
            _ => self.command("EPRT", Some(&EprtArgument(at)), cx),
        }
    }

    pub(super) fn handle_port_reply<S: Store>(
        &mut self,
        reply: &Reply,
        extended: bool,
        at: SocketAddr,
        cx: &mut ClientContext<'_, S>,
    ) {
        match reply.class() {
            Some(Class::Completion) => self.send_transfer_command(cx),
            Some(Class::TransientFailure | Class::PermanentFailure) if extended && at.is_ipv4() => {
                self.no_extensions = true;
                cx.journal.fell_back = true;
                self.name_port(false, at, cx);
            }
            _ => self.fail_transfer(Some(reply), &reply.to_string(), cx),
        }
    }

    fn ask_passive<S: Store>(&mut self, extended: bool, cx: &mut ClientContext<'_, S>) {
        self.stage = Stage::Passive { extended };
        self.command(if extended { "EPSV" } else { "PASV" }, None, cx);
    }

    pub(super) fn handle_passive_reply<S: Store>(
        &mut self,
        reply: &Reply,
        extended: bool,
        cx: &mut ClientContext<'_, S>,
    ) {
        // Take only the port from the reply: a server that names a different host is behind an
        // address translator, or attacks that host.
        let at_peer = |port| SocketAddr::new(self.peer().ip(), port);
        let to = match reply.code {
            229 => address::scan_229(&reply.text).map(at_peer),
            227 if cx.config.follows_227 => address::scan_227(&reply.text),
            227 => address::scan_227(&reply.text).map(|at| at_peer(at.port())),
            _ => None,
        };
        match to {
            Some(_) if cx.config.habit == Some(ClientHabit::NeverConnects) => {
                self.send_transfer_command(cx);
            }
            Some(to) if to.port() > 0 => {
                self.stage = Stage::Connecting { extended };
                self.actions.push(Action::Connect { from: None, to });
            }
            _ if self.may_ask_pasv(extended) => self.ask_pasv(cx),
            _ => self.fail_transfer(Some(reply), &reply.to_string(), cx),
        }
    }

    /// Whether PASV may lead to a connection where EPSV did not: over IPv4 only.
    fn may_ask_pasv(&self, extended: bool) -> bool {
        extended && self.local().is_ipv4()
    }

    /// Asks with PASV, in this session from now on.
    fn ask_pasv<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        self.no_extensions = true;
        cx.journal.fell_back = true;
        self.ask_passive(false, cx);
    }

    pub(super) fn handle_data_failed<S: Store>(
        &mut self,
        ending: Ending,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Stage::Connecting { extended } = self.stage else { return };
        if self.may_ask_pasv(extended) {
            return self.ask_pasv(cx);
        }
        self.fail_transfer(None, ended(ending, cx.config), cx);
    }
}
