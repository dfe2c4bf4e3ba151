//! `session_seen` owns one FTP dialogue as a capture shows it: commands, the replies that belong to
//! them, and the transfers, each with the announcement of its data connection.

use std::collections::VecDeque;
use std::net::SocketAddr;

use halfclose_ftp::wire::address::{parse_eprt, parse_port, scan_227, scan_229};
use halfclose_ftp::wire::reply::{Parser, Progress, Reply};

use super::lines::{Lines, Place};
use super::numbered::Numbered;
use super::sizes::{Sizes, announced_size};

/// Transfers that are kept of one session at a time.
const TRANSFERS_MAX: usize = 65_536;
/// Announcements that are kept of one session at a time.
const SETUPS_MAX: usize = 2 * TRANSFERS_MAX;
/// Announcements before the first transfer that are kept: a port may be used again.
const SETUPS_BEHIND: usize = 16;
/// Commands that may wait for a reply.
const UNANSWERED_MAX: usize = 1024;
/// The longest argument that is kept.
const ARGUMENT_MAX: usize = 512;

/// A transfer command, and what followed.
#[derive(Clone, Debug)]
pub(crate) struct TransferSeen {
    /// The verb in capitals.
    pub(crate) verb: &'static str,
    /// The argument, as text.
    pub(crate) argument: String,
    /// The packet of the command.
    pub(crate) said: Place,
    /// The announcement of a data connection before the command: its number in the session.
    pub(crate) setup: Option<usize>,
    /// The preliminary reply: the code and the packet.
    pub(crate) begun: Option<(u16, Place)>,
    /// The final reply: code, text and packet.
    pub(crate) reply: Option<(u16, String, Place)>,
    /// The client has gone on behind the reply.
    pub(crate) reply_heard: bool,
    /// ABOR was said while the transfer went on.
    pub(crate) abor: Option<u64>,
    /// ABOR was said by a client whose host had the reply already.
    pub(crate) late_abor: Option<u64>,
    /// Where the transfer begins in the file (REST).
    pub(crate) offset: u64,
    /// The size that SIZE told, or the preliminary reply; of the whole file.
    pub(crate) size: Option<u64>,
    /// The transfer has TYPE I, by a TYPE command that the server took.
    pub(crate) image: bool,
    /// The size that SIZE told after the transfer, both with TYPE I: the file of a transfer with TYPE A
    /// may have fewer bytes than the connection carried.
    pub(crate) size_after: Option<u64>,
    /// The number of the data connection.
    pub(crate) data: Option<u64>,
}

impl TransferSeen {
    /// Whether the client sends the file.
    pub(crate) fn is_upload(&self) -> bool {
        matches!(self.verb, "STOR" | "APPE" | "STOU")
    }
}

/// An announcement of a data connection, and the connection that came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// The server listens (PASV, EPSV); otherwise the client does.
    pub(crate) passive: bool,
    /// The address that was announced.
    pub(crate) address: SocketAddr,
    /// The number of the connection.
    pub(crate) data: Option<u64>,
}

/// A command that has no final reply yet.
#[derive(Clone, Debug)]
struct Unanswered {
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Transfer(usize),
    Passive,
    Size(String),
    Image,
    Rest(u64),
    Auth,
    Abor,
    Quit,
    Other,
}

/// One FTP dialogue of a capture.
#[derive(Debug)]
pub(crate) struct SessionSeen {
    /// The number of the control connection.
    pub(crate) flow: u64,
    /// The client's end of the control connection.
    pub(crate) client: SocketAddr,
    /// The server's end of the control connection.
    pub(crate) server: SocketAddr,
    /// The transfers that are not let go of.
    pub(crate) transfers: Numbered<TransferSeen>,
    /// Transfers beyond those that are kept.
    pub(crate) uncounted: u64,
    /// The announcements that are not let go of.
    pub(crate) setups: Numbered<Setup>,
    /// The announcement that the transfer before the first one has taken.
    taken: Option<usize>,
    /// The packet of QUIT.
    pub(crate) quit: Option<u64>,
    /// The dialogue is encrypted from this packet on.
    pub(crate) secured: Option<u64>,
    /// The last reply: code and packet.
    pub(crate) last_reply: Option<(u16, Place)>,
    /// Whether a command or a greeting has shown that this is FTP.
    pub(crate) confirmed: bool,
    unanswered: VecDeque<Unanswered>,
    pub(crate) from: [Lines; 2],
    parser: Parser,
    greeted: bool,
    offset: u64,
    sizes: Sizes,
}

/// What a line has announced: where a data connection will go to.
pub(crate) struct Announced {
    /// The number of the announcement in the session.
    pub(crate) setup: usize,
    /// The addresses that the connection may go to.
    pub(crate) at: [SocketAddr; 2],
}

const VERBS: [&str; 8] = ["STOR", "RETR", "APPE", "STOU", "LIST", "NLST", "MLSD", "ABOR"];

/// Verbs by which a client shows that it speaks FTP.
const OPENING: [&str; 12] =
    ["USER", "AUTH", "FEAT", "HOST", "SYST", "OPTS", "CLNT", "PASS", "QUIT", "NOOP", "PWD", "TYPE"];

impl SessionSeen {
    /// The dialogue of the control connection `flow`.
    pub(crate) fn new(flow: u64, [client, server]: [SocketAddr; 2]) -> Self {
        Self {
            flow,
            client,
            server,
            transfers: Numbered::default(),
            uncounted: 0,
            setups: Numbered::default(),
            taken: None,
            quit: None,
            secured: None,
            last_reply: None,
            confirmed: false,
            unanswered: VecDeque::new(),
            from: [Lines::default(), Lines::default()],
            parser: Parser::default(),
            greeted: false,
            offset: 0,
            sizes: Sizes::default(),
        }
    }

    /// The client said `line`, having acknowledged the server's bytes up to `heard`. False: no FTP
    /// client says so.
    pub(crate) fn client_said(
        &mut self,
        line: &[u8],
        passed: Place,
        heard: i64,
    ) -> (bool, Option<Announced>) {
        if self.secured.is_some() {
            return (true, None);
        }
        if let Some(last) = self.transfers.iter_mut().next_back() {
            last.reply_heard |= last.reply.as_ref().is_some_and(|(.., it)| it.end <= heard);
        }
        let text = String::from_utf8_lossy(line);
        let (verb, argument) = text.trim_start().split_once(' ').unwrap_or((&text, ""));
        let verb = verb.trim().to_ascii_uppercase();
        if !self.confirmed {
            let known = OPENING.contains(&&*verb) || VERBS.contains(&&*verb);
            if !known && self.server.port() != 21 {
                return (false, None);
            }
            self.confirmed = true;
        }
        let mut announced = None;
        let what = match &*verb {
            "PORT" | "EPRT" => {
                let found = match &*verb {
                    "PORT" => parse_port(argument.trim()),
                    _ => parse_eprt(argument.trim()).ok(),
                };
                if let Some(address) = found {
                    let other = SocketAddr::new(self.client.ip(), address.port());
                    announced = Some(self.announce(false, [address, other]));
                }
                What::Other
            }
            "PASV" | "EPSV" => What::Passive,
            "SIZE" => What::Size(clipped(argument)),
            // TYPE L 8 is TYPE I; every other type holds from the command on, without a reply.
            "TYPE" if argument.starts_with(['I', 'i', 'L', 'l']) => What::Image,
            "TYPE" => {
                self.sizes.image = false;
                What::Other
            }
            "REST" => What::Rest(argument.trim().parse().unwrap_or(0)),
            "AUTH" => What::Auth,
            "QUIT" => {
                self.quit = Some(passed.frame);
                What::Quit
            }
            "ABOR" => {
                self.aborts(passed.frame, heard);
                What::Abor
            }
            verb => match VERBS.iter().find(|known| **known == verb) {
                Some(verb) => self.begins(verb, argument, passed),
                None => What::Other,
            },
        };
        if self.unanswered.len() < UNANSWERED_MAX {
            self.unanswered.push_back(Unanswered { what });
        }
        (true, announced)
    }

    /// The server said `line`; what the line announces comes back.
    pub(crate) fn server_said(&mut self, line: &[u8], passed: Place) -> Option<Announced> {
        if self.secured.is_some() || self.parser.handle_line(line) != Progress::Complete {
            return None;
        }
        let reply = self.parser.reply().clone();
        self.last_reply = Some((reply.code, passed));
        if reply.code == 220 && !self.greeted && self.unanswered.is_empty() {
            self.greeted = true;
            return None;
        }
        match reply.code {
            100..=199 => {
                self.begun(&reply, passed);
                None
            }
            // 421 comes unasked, and ends everything.
            421 if self.unanswered.is_empty() => None,
            _ => self.answered(&reply, passed),
        }
    }

    fn begins(&mut self, verb: &'static str, argument: &str, said: Place) -> What {
        if self.transfers.len() == TRANSFERS_MAX {
            self.uncounted += 1;
            return What::Other;
        }
        let argument = clipped(argument);
        let upload = matches!(verb, "STOR" | "APPE" | "STOU");
        What::Transfer(self.transfers.push(TransferSeen {
            verb,
            size: self.sizes.of(&argument).filter(|_| !upload),
            image: self.sizes.image,
            argument,
            said,
            setup: self.setups.last_number(),
            begun: None,
            reply: None,
            reply_heard: false,
            abor: None,
            late_abor: None,
            offset: std::mem::take(&mut self.offset),
            size_after: None,
            data: None,
        }))
    }

    fn aborts(&mut self, frame: u64, heard: i64) {
        let open = self.unanswered.iter().rev().find_map(|unanswered| match unanswered.what {
            What::Transfer(number) => Some(number),
            _ => None,
        });
        if let Some(transfer) = open.and_then(|number| self.transfers.get_mut(number)) {
            transfer.abor.get_or_insert(frame);
        } else if let Some(last) = self.transfers.iter_mut().next_back() {
            // The reply was said first; perhaps the user did not know.
            let knew = last.reply.as_ref().is_none_or(|(.., reply)| heard >= reply.end);
            let abor = if knew { &mut last.late_abor } else { &mut last.abor };
            abor.get_or_insert(frame);
        }
    }

    fn announce(&mut self, passive: bool, at: [SocketAddr; 2]) -> Announced {
        if self.setups.len() == SETUPS_MAX {
            self.setups.pop_first();
        }
        Announced { setup: self.setups.push(Setup { passive, address: at[0], data: None }), at }
    }

    /// Gives each transfer its data connection: the one that came to its announcement.
    pub(crate) fn join(&mut self) {
        // One announcement is for one transfer: the first that follows.
        let mut taken = self.taken;
        for transfer in self.transfers.iter_mut() {
            let setup = transfer.setup.filter(|_| transfer.setup != taken);
            transfer.data = setup.and_then(|number| self.setups.get(number)?.data);
            taken = transfer.setup;
        }
    }

    /// Lets go of the first transfer, which is joined, and of the announcements before its own.
    pub(crate) fn let_go(&mut self) -> Option<TransferSeen> {
        let transfer = self.transfers.pop_first()?;
        self.taken = transfer.setup;
        while self.setups.first_number() + SETUPS_BEHIND < transfer.setup.unwrap_or(0) {
            self.setups.pop_first();
        }
        Some(transfer)
    }

    fn begun(&mut self, reply: &Reply, passed: Place) {
        let Some(Unanswered { what: What::Transfer(number) }) = self.unanswered.front() else {
            return;
        };
        let Some(transfer) = self.transfers.get_mut(*number) else { return };
        transfer.begun.get_or_insert((reply.code, passed));
        if !transfer.is_upload() && transfer.size.is_none() {
            transfer.size = announced_size(&reply.text);
        }
    }

    fn answered(&mut self, reply: &Reply, passed: Place) -> Option<Announced> {
        let Unanswered { what } = self.unanswered.pop_front()?;
        match what {
            What::Transfer(number) => {
                let text = clipped(&reply.text);
                if let Some(transfer) = self.transfers.get_mut(number) {
                    transfer.reply = Some((reply.code, text, passed));
                }
            }
            What::Passive if reply.code == 227 => {
                let address = scan_227(&reply.text)?;
                let other = SocketAddr::new(self.server.ip(), address.port());
                return Some(self.announce(true, [address, other]));
            }
            What::Passive if reply.code == 229 => {
                let address = SocketAddr::new(self.server.ip(), scan_229(&reply.text)?);
                return Some(self.announce(true, [address; 2]));
            }
            What::Size(name) if reply.code == 213 => {
                if let Ok(size) = reply.text.trim().parse() {
                    self.sized(name, size);
                }
            }
            What::Image => self.sizes.image |= (200..300).contains(&reply.code),
            What::Rest(offset) if reply.code == 350 => self.offset = offset,
            What::Auth if reply.code == 234 || reply.code == 334 => {
                self.secured = Some(passed.frame);
            }
            What::Passive
            | What::Size(_)
            | What::Rest(_)
            | What::Auth
            | What::Abor
            | What::Quit
            | What::Other => {}
        }
        None
    }

    fn sized(&mut self, name: String, size: u64) {
        let stored = self.transfers.iter_mut().rev().find(|one| one.argument == name);
        let stored = stored.filter(|one| one.is_upload() && one.reply.is_some());
        if let Some(transfer) = stored.filter(|one| one.image && self.sizes.image) {
            transfer.size_after = Some(size);
        }
        self.sizes.tell(name, size);
    }
}

fn clipped(text: &str) -> String {
    text.trim_end().chars().take(ARGUMENT_MAX).collect()
}
