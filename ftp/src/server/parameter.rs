//! `server::parameter` owns the transfer parameters and answers the commands that set the
//! parameters (RFC 959 §4.1.2, RFC 2428): type, structure, mode, and the address of the data
//! connection.

use super::{Server, ServerContext};
use crate::session::Action;
use crate::session::guesses::origin;
use crate::store::Store;
use crate::wire::address::{self, AddressError, Family, HostPort};
use crate::wire::representation::{self, ParameterError, Representation};
use std::net::{IpAddr, SocketAddr};

/// The address of the next data connection. Each transfer needs a new data connection (RFC 1123
/// §4.1.2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum DataAddress {
    #[default]
    None,
    /// The server will connect to the client: PORT, EPRT.
    Active(SocketAddr),
    /// The session has asked for a listener; the reply waits for the port.
    Asked,
    /// The client will connect: PASV, EPSV.
    Passive,
    /// The data connection is open.
    Open,
}

/// The parameters of the next transfer.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Parameters {
    pub(super) address: DataAddress,
    /// While a listener is asked for: EPSV rather than PASV.
    extended: bool,
    /// After EPSV ALL, only EPSV may set up a data connection (RFC 2428 §4).
    only_epsv: bool,
    /// The expected size of the next file (ALLO).
    pub(super) hint: Option<u64>,
    /// The type of transfers (TYPE).
    pub(super) representation: Representation,
    /// The byte at which the next transfer begins (REST).
    pub(super) restart: u64,
    /// The number of ports of the passive range that were tried.
    tried: u32,
}

impl Server {
    pub(super) fn handle_type<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let done = representation::parse_type(argument);
        let text = match done {
            Ok(Representation::Ascii) => "Type is A (ASCII).",
            _ => "Type is I (image).",
        };
        self.parameters.representation = done.unwrap_or(self.parameters.representation);
        self.reply_representation(done.map(|_| ()), text, cx);
    }

    pub(super) fn handle_stru<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let done = representation::parse_structure(argument);
        self.reply_representation(done, "Structure is F (file).", cx);
    }

    pub(super) fn handle_mode<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let done = representation::parse_mode(argument);
        self.reply_representation(done, "Mode is S (stream).", cx);
    }

    pub(super) fn only_epsv(&self) -> bool {
        self.parameters.only_epsv
    }

    pub(super) fn handle_pasv<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        if self.local().is_ipv4() {
            self.ask_listener(false, cx);
        } else {
            self.reply(502, &"PASV needs IPv4: use EPSV.", cx);
        }
    }

    pub(super) fn handle_port<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        match address::parse_port(argument) {
            Some(to) => self.set_active(to, cx),
            None => self.reply(501, &"Bad PORT argument.", cx),
        }
    }

    pub(super) fn handle_eprt<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        match address::parse_eprt(argument) {
            Ok(to) if to.is_ipv4() == self.local().is_ipv4() => self.set_active(to, cx),
            Ok(_) | Err(AddressError::UnknownProtocol) => self.reply_protocol(cx),
            Err(AddressError::Malformed) => self.reply(501, &"Bad EPRT argument.", cx),
        }
    }

    /// Answers PASV or EPSV once the listener is ready.
    pub(super) fn handle_listening<S: Store>(
        &mut self,
        at: Option<SocketAddr>,
        cx: &mut ServerContext<'_, S>,
    ) {
        let Some(at) = at else {
            return self.handle_no_listener(cx);
        };
        self.parameters.address = DataAddress::Passive;
        self.passive_deadline = cx.config.passive_timeout.map(|limit| cx.now + limit);
        match at.ip() {
            IpAddr::V4(ip) if !self.parameters.extended => {
                let ip = cx.config.passive_address.unwrap_or(ip);
                let host_port = HostPort(ip, at.port());
                self.reply(227, &format_args!("Entering Passive Mode ({host_port})."), cx);
            }
            _ => {
                let port = at.port();
                self.reply(229, &format_args!("Entering Extended Passive Mode (|||{port}|)"), cx);
            }
        }
    }

    /// Tries the next port of the range after a port was in use; without a further port, refuses.
    fn handle_no_listener<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        self.parameters.tried += 1;
        match &cx.config.passive_ports {
            Some(ports) if (self.parameters.tried as usize) < ports.len() => self.listen(cx),
            Some(_) => {
                self.parameters.address = DataAddress::None;
                // RFC 959 §4.2.2 has no better code, and 421 would end the session.
                self.reply(425, &"No passive port is free, try again later.", cx);
            }
            None => {
                self.parameters.address = DataAddress::None;
                self.reply(421, &"No port is free.", cx);
                self.end();
            }
        }
    }

    pub(super) fn handle_epsv<S: Store>(
        &mut self,
        argument: Option<&str>,
        cx: &mut ServerContext<'_, S>,
    ) {
        let Some(argument) = argument else {
            return self.ask_listener(true, cx);
        };
        if argument.eq_ignore_ascii_case("ALL") {
            self.parameters.only_epsv = true;
            return self.reply(200, &"EPSV ALL command successful.", cx);
        }
        match address::parse_epsv(argument) {
            Ok(family) if (family == Family::V4) == self.local().is_ipv4() => {
                self.ask_listener(true, cx);
            }
            Ok(_) | Err(AddressError::UnknownProtocol) => self.reply_protocol(cx),
            Err(AddressError::Malformed) => self.reply(501, &"Bad EPSV argument.", cx),
        }
    }

    fn ask_listener<S: Store>(&mut self, extended: bool, cx: &mut ServerContext<'_, S>) {
        if self.has_too_many_listeners(cx) {
            self.forget_data();
            return self.reply(425, &"Your address has too many passive ports.", cx);
        }
        self.parameters.address = DataAddress::Asked;
        self.parameters.extended = extended;
        self.parameters.tried = 0;
        self.actions.push(Action::DropData);
        self.listen(cx);
    }

    /// Whether the sessions of the peer's origin hold half of the passive ports, without the listener
    /// that this session gives back now.
    fn has_too_many_listeners<S: Store>(&self, cx: &mut ServerContext<'_, S>) -> bool {
        let (Some(ports), Some(peer)) = (&cx.config.passive_ports, self.peer()) else {
            return false;
        };
        let held = cx.shared.listeners_of(origin(peer));
        let own = usize::from(self.parameters.address == DataAddress::Passive);
        // A range of one port cannot be shared.
        ports.len() > 1 && held.saturating_sub(own) >= ports.len().div_ceil(2)
    }

    fn listen<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        let only = self.peer().filter(|_| cx.config.strict_addresses);
        let port = cx.config.passive_ports.as_ref().map_or(0, |ports| {
            // Sessions begin at different ports of the range, to avoid collisions.
            let begun = cx.id.0.wrapping_add(u32::try_from(self.transfers).unwrap_or(0));
            let nth = begun.wrapping_add(self.parameters.tried);
            let count = u32::try_from(ports.len()).unwrap_or(1).max(1);
            ports.start() + u16::try_from(nth % count).unwrap_or(0)
        });
        self.actions.push(Action::Listen { at: SocketAddr::new(self.local(), port), only });
    }

    fn set_active<S: Store>(&mut self, to: SocketAddr, cx: &mut ServerContext<'_, S>) {
        // RFC 2577 §3: no bounce to a third host and no port below 1024; the reply is 504.
        let strange = Some(to.ip()) != self.peer() || to.port() < 1024;
        if (cx.config.strict_addresses && strange) || to.port() == 0 {
            return self.reply(504, &"Illegal address or port.", cx);
        }
        self.actions.push(Action::DropData);
        self.parameters.address = DataAddress::Active(to);
        self.reply(200, &"Data address accepted.", cx);
    }

    fn reply_representation<S: Store>(
        &mut self,
        done: Result<(), ParameterError>,
        text: &'static str,
        cx: &mut ServerContext<'_, S>,
    ) {
        match done {
            Ok(()) => self.reply(200, &text, cx),
            Err(ParameterError::NotImplemented) => {
                self.reply(504, &"Not implemented for that parameter.", cx);
            }
            Err(ParameterError::Unknown) => self.reply(501, &"Unknown parameter.", cx),
        }
    }

    fn reply_protocol<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        let ours = if self.local().is_ipv4() { 1 } else { 2 };
        self.reply(522, &format_args!("Network protocol not supported, use ({ours})"), cx);
    }

    fn local(&self) -> IpAddr {
        let (local, _) = self.ends.expect("commands come on an open control connection");
        local.ip()
    }

    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.ends.map(|(_, peer)| peer.ip())
    }

    /// The local address of active data connections.
    pub(super) fn active_from<S: Store>(
        &self,
        cx: &mut ServerContext<'_, S>,
    ) -> Option<SocketAddr> {
        cx.config.active_port.map(|port| SocketAddr::new(self.local(), port))
    }
}
