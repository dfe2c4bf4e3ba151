//! `report` owns the results of sessions: a report for each transfer and task, and the dialogue.
//! The room judges nothing: FTP cannot tell whether a file is whole.

use crate::clone_by_field::{TimeKind, clone_by_field, hash_by_field};
use crate::tcp::Ending;
use crate::wire::listing::Form;
use crate::wire::reply::Reply;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The number of a session in its driver, in the order of the sessions, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// What the program told the user about a transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told {
    /// Nothing yet: the transfer has not ended (and may never end).
    #[default]
    Nothing,
    /// The program reported success.
    Success,
    /// The program reported failure.
    Failure,
}

impl Told {
    /// The words for the variants, as scenario files and JSON write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("success", Self::Success), ("failure", Self::Failure), ("nothing", Self::Nothing)];
}

/// The direction of a transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the client to the server: STOR, APPE, STOU.
    #[default]
    Upload,
    /// From the server to the client: RETR and the listings.
    Download,
}

/// The file of an upload behind the transfer, as the server's store has the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remains {
    /// The upload is kept whole: every byte that came is in the file.
    Kept,
    /// Of the bytes that came, the file has this number.
    Cut(u64),
    /// The upload is discarded, and the old file of this number of bytes is there.
    Old(u64),
    /// The upload is discarded, and this number of bytes of the old file is left (REST).
    OldPart(u64),
    /// The upload is discarded, and no file has the name.
    Removed,
}

/// One transfer, as the program on this side saw the transfer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TransferReport {
    /// The session of the transfer.
    pub session: SessionId,
    /// Client: the index of the task in the script. Server: the number of earlier transfers in the
    /// session.
    pub task: usize,
    /// The direction of the transfer.
    pub direction: Direction,
    /// The form, if the transfer is a listing. A client's form changes with a fallback.
    pub listing: Option<Form>,
    /// The name of the file in this side's store; for a listing on the server, the directory.
    pub name: String,
    /// Client: the result by the client's own rule. Server: the result by the final reply.
    pub told: Told,
    /// Client: the last text that the user saw. Server: empty.
    pub text: String,
    /// The server's last reply to the transfer: preliminary if no final reply followed.
    pub reply: Option<Reply>,
    /// Bytes of the file before the first moved byte (REST, APPE), as far as this side knows.
    pub offset: u64,
    /// The name that the server chose (STOU).
    pub remote_name: Option<String>,
    /// The size of a download as the server told the size before the data (SIZE, or in 150).
    pub announced: Option<u64>,
    /// The size of the file on the server after the transfer, if the client asked (SIZE).
    pub remote_size: Option<u64>,
    /// Bytes that this side handed to the data connection.
    pub sent: u64,
    /// Bytes that this side took from the data connection.
    pub received: u64,
    /// Whether the receiving side has opened the file, as far as this side knows (from the server's
    /// 1yz reply, or from its own store).
    pub opened: bool,
    /// The local and the peer's address of the control connection, once open (client only).
    pub control: Option<(SocketAddr, SocketAddr)>,
    /// The local and the peer's address of the data connection, once open (client only).
    pub data: Option<(SocketAddr, SocketAddr)>,
    /// Whether the data connection opened (server only, once the transfer has ended).
    pub connected: bool,
    /// The file behind an upload (server only, and only if the dialogue is recorded).
    pub remains: Option<Remains>,
    /// The peer of the session, if the journal hands reports over: for a log.
    pub peer: Option<IpAddr>,
    /// How the data connection ended for this side's program; `None` if the connection never
    /// opened, or if the program closed the connection (FIN) before an end.
    pub ending: Option<Ending>,
    /// The time of the first command of the transfer, or of the task's turn in the script.
    pub started: Duration,
    /// The time when the user was told.
    pub ended: Option<Duration>,
}

clone_by_field! {
    TransferReport {
        session, task, direction, listing, name, told, text, reply, offset, remote_name,
        announced, remote_size, sent, received, opened, control, data, connected, remains, peer,
        ending, started, ended,
    }
}

impl Hash for TransferReport {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            session,
            task,
            direction,
            listing,
            name,
            told,
            text,
            reply,
            offset,
            remote_name,
            announced,
            remote_size,
            sent,
            received,
            opened,
            control,
            data,
            connected,
            remains,
            peer,
            ending,
            started,
            ended,
        } = self;
        (session, task, direction, listing, name, told, text, reply).hash(state);
        (offset, remote_name, announced, remote_size, sent, received, opened).hash(state);
        (control, data, connected, remains, peer, ending).hash(state);
        // A reply text may tell the length of a transfer: then a search compares absolute times.
        TimeKind::Record.hash(*started, state);
        TimeKind::Record.hash(*ended, state);
    }
}

/// The result of a task that moves no data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommandReport {
    /// The session of the task.
    pub session: SessionId,
    /// The index of the task in the script.
    pub task: usize,
    /// Success if the server replied 2yz.
    pub told: Told,
    /// The last text that the user saw.
    pub text: String,
    /// The server's last reply to the task.
    pub reply: Option<Reply>,
    /// The value that the task asked for.
    pub value: Value,
}

/// A value that the server told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Value {
    /// No value, or an unreadable value.
    #[default]
    None,
    /// A size in bytes.
    Size(u64),
    /// A time since 1970-01-01T00:00:00Z.
    Date(Duration),
    /// A path on the server.
    Path(String),
}

/// The source of a line of the dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Speaker {
    /// A command on the control connection (a password is masked).
    Client,
    /// A reply on the control connection.
    Server,
    /// The program: a client to the user, a server to the log.
    Program,
}

/// One line of the dialogue. Control characters are escaped as in Rust (`\u{1b}`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spoken {
    /// The time of the line.
    pub at: Duration,
    /// The session of the line.
    pub session: SessionId,
    /// The peer of the session, if the journal hands reports over: for a log.
    pub peer: Option<IpAddr>,
    /// The source of the line.
    pub speaker: Speaker,
    /// The text without the line end; `\n` separates several lines.
    pub text: String,
}

/// The results of all sessions: always the reports, and the dialogue if asked for. A journal grows
/// until `reset`, or until its contents are taken (`hand_over`, draining `dialogue`).
#[derive(Debug, Default)]
pub struct Journal {
    /// One report for each transfer, in the order in which the transfers began (unless
    /// `hand_over`).
    pub reports: Vec<TransferReport>,
    /// One report for each task without data, once the server has answered.
    pub commands: Vec<CommandReport>,
    /// The dialogue; empty unless `record_dialogue`.
    pub dialogue: Vec<Spoken>,
    /// Whether the dialogue is recorded.
    pub record_dialogue: bool,
    /// Whether complete reports are taken by `poll_finished` and their indexes used again: for a
    /// server. A client's reports belong to the script and stay.
    pub hand_over: bool,
    /// A client was refused EPSV or EPRT and fell back to PASV or PORT, which write a port in
    /// decimal digits.
    pub fell_back: bool,
    /// The peers of the sessions under way, if `hand_over`.
    peers: BTreeMap<SessionId, IpAddr>,
    /// Indexes of complete reports that have not been taken.
    finished: VecDeque<usize>,
    /// Indexes to use again.
    free: Vec<usize>,
    /// Texts of earlier runs, kept for their memory.
    spare: Vec<String>,
}

hash_by_field! {
    Journal {
        reports, commands, dialogue, record_dialogue, hand_over, fell_back, peers, finished, free,
    } without { spare }
}

impl Clone for Journal {
    fn clone(&self) -> Self {
        let mut clone = Self::default();
        clone.clone_from(self);
        clone
    }

    /// Keeps the texts of reports that `source` does not have for later reports, as far as it needs.
    fn clone_from(&mut self, source: &Self) {
        let Self {
            reports,
            commands,
            dialogue,
            record_dialogue,
            hand_over,
            fell_back,
            finished,
            free,
            peers,
            spare: _,
        } = source;
        self.spare_from(reports.len());
        self.spare.truncate(3 * (reports.len() + 1));
        self.reports.clone_from(reports);
        self.commands.clone_from(commands);
        self.dialogue.clone_from(dialogue);
        self.finished.clone_from(finished);
        self.free.clone_from(free);
        self.peers.clone_from(peers);
        (self.record_dialogue, self.hand_over) = (*record_dialogue, *hand_over);
        self.fell_back = *fell_back;
    }
}

impl Journal {
    /// Forgets all reports and lines; keeps the settings and the buffers.
    pub fn reset(&mut self) {
        self.spare_from(0);
        self.commands.clear();
        self.dialogue.clear();
        self.fell_back = false;
        self.finished.clear();
        self.free.clear();
        self.peers.clear();
    }

    /// Notes the peer of a session, for the lines of a log.
    pub(crate) fn meet(&mut self, session: SessionId, peer: IpAddr) {
        if self.hand_over {
            self.peers.insert(session, peer);
        }
    }

    /// Forgets the peer of a session that is over.
    pub(crate) fn part(&mut self, session: SessionId) {
        self.peers.remove(&session);
    }

    pub(crate) fn peer(&self, session: SessionId) -> Option<IpAddr> {
        self.peers.get(&session).copied()
    }

    /// Takes the reports from `first` on away, and keeps their texts for their memory.
    fn spare_from(&mut self, first: usize) {
        for report in self.reports.drain(first.min(self.reports.len())..) {
            self.spare.extend([report.name, report.text]);
            self.spare.extend(report.reply.map(|reply| reply.text));
        }
    }

    /// Begins the report of a transfer. Returns the index of the report.
    pub fn begin(
        &mut self,
        session: SessionId,
        task: usize,
        direction: Direction,
        name: &str,
        now: Duration,
    ) -> usize {
        let (name, text) = (self.text(name), self.text(""));
        let known = TransferReport { peer: self.peer(session), started: now, ..Default::default() };
        let report = TransferReport { session, task, direction, name, text, ..known };
        if let Some(place) = self.free.pop() {
            self.reports[place] = report;
            return place;
        }
        self.reports.push(report);
        self.reports.len() - 1
    }

    /// Marks the report as complete.
    pub fn finish(&mut self, place: usize) {
        if self.hand_over {
            self.finished.push_back(place);
        }
    }

    /// Takes the next complete report, if `hand_over` is set.
    pub fn poll_finished(&mut self) -> Option<TransferReport> {
        let place = self.finished.pop_front()?;
        let report = &mut self.reports[place];
        let name = std::mem::take(&mut report.name);
        let text = std::mem::take(&mut report.text);
        let reply = report.reply.take();
        self.free.push(place);
        Some(TransferReport { name, text, reply, ..report.clone() })
    }

    /// Sets the server's last reply to the transfer of this report.
    pub fn reply(&mut self, report: usize, code: u16, text: &str) {
        let known = self.reports[report].reply.take().map(|reply| reply.text);
        let mut buffer = known.unwrap_or_else(|| self.text(""));
        buffer.clear();
        buffer.push_str(text);
        self.reports[report].reply = Some(Reply { code, text: buffer });
    }

    fn text(&mut self, text: &str) -> String {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer.push_str(text);
        buffer
    }
}
