//! `report` says what came of each transfer, and who said what: data for whoever runs a session.
//! It judges nothing: whether the file is whole is not a question FTP can answer.

use crate::tcp::Ending;
use crate::wire::listing::Form;
use crate::wire::reply::Reply;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// A session, as its driver numbers them: in the order they began, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// What the user of a transfer was told by the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told {
    /// Nothing: the transfer has not ended (or never will).
    #[default]
    Nothing,
    /// It worked.
    Success,
    /// It did not work.
    Failure,
}

impl Told {
    /// The words for the variants, as scenario files and JSON write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("success", Self::Success), ("failure", Self::Failure), ("nothing", Self::Nothing)];
}

/// Which way a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the client to the server: STOR, APPE, STOU.
    Upload,
    /// From the server to the client: RETR, and the listings.
    Download,
}

/// One transfer, as one side's program saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferReport {
    /// Whose transfer.
    pub session: SessionId,
    /// Client: the place of the task in its script. Server: the how-manieth transfer of the session.
    pub task: usize,
    /// Which way the file goes.
    pub direction: Direction,
    /// The form of a listing, if it is one. The client's changes when it falls back.
    pub listing: Option<Form>,
    /// The file's name in this side's store; of a listing at the server, the directory.
    pub name: String,
    /// Client: told by its own rule. Server: what its final reply says.
    pub told: Told,
    /// Client: what its user saw last. Server: empty.
    pub text: String,
    /// Server's last reply to the transfer; a preliminary one if nothing followed.
    pub reply: Option<Reply>,
    /// Bytes of the file before the first one that was moved (REST, APPE), as far as this side knows.
    pub offset: u64,
    /// The name that the server chose, where it was left to it (STOU).
    pub remote_name: Option<String>,
    /// Bytes of the file as the server has it, where the client has asked after a doubtful end.
    pub remote_size: Option<u64>,
    /// Bytes that this side handed to the data connection.
    pub sent: u64,
    /// Bytes that this side took from the data connection.
    pub received: u64,
    /// The receiving side has opened its file, as far as this side knows: by its own doing, or by the
    /// server's 1yz.
    pub opened: bool,
    /// The control connection's addresses here and there, once it has opened (client only).
    pub control: Option<(SocketAddr, SocketAddr)>,
    /// The data connection's addresses here and there, once it has opened (client only).
    pub data: Option<(SocketAddr, SocketAddr)>,
    /// How the data connection ended for this side's program; none if it never opened, or if the
    /// program closed it (FIN) before it saw an end.
    pub ending: Option<Ending>,
    /// When the transfer began: its first command, its place in the script's turn.
    pub started: Duration,
    /// When the user was told.
    pub ended: Option<Duration>,
}

/// What came of a step of a client's script that moves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandReport {
    /// Whose step.
    pub session: SessionId,
    /// Its place in the script.
    pub task: usize,
    /// Whether it was done: the server said 2yz.
    pub told: Told,
    /// What the user saw last.
    pub text: String,
    /// The server's last reply to it.
    pub reply: Option<Reply>,
    /// What was asked for.
    pub value: Value,
}

/// What a server has told when it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// Nothing, or nothing that could be read.
    #[default]
    None,
    /// Bytes.
    Size(u64),
    /// Since 1970-01-01T00:00:00Z.
    Date(Duration),
    /// A path on the server.
    Path(String),
}

/// Who says a line of the dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Speaker {
    /// A command on the control connection (a password is masked).
    Client,
    /// A reply on the control connection.
    Server,
    /// The program itself: a client to its user, a server to its log.
    Program,
}

/// One line of the dialogue, as its user saw it; control characters are escaped, as
/// Rust writes them (`\u{1b}`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken {
    /// When.
    pub at: Duration,
    /// In which session.
    pub session: SessionId,
    /// By whom.
    pub speaker: Speaker,
    /// What, without the line's end (several lines are separated by `\n`).
    pub text: String,
}

/// What sessions leave behind: reports always, the dialogue if asked. It grows until it is reset, or
/// taken away: `hand_over`, and draining `dialogue`.
#[derive(Debug, Default)]
pub struct Journal {
    /// One for every transfer, in the order their sessions began them (unless `hand_over`).
    pub reports: Vec<TransferReport>,
    /// One for every other step of a client's script, once it has been answered.
    pub commands: Vec<CommandReport>,
    /// The dialogue, empty unless `record_dialogue`.
    pub dialogue: Vec<Spoken>,
    /// Whether lines are recorded.
    pub record_dialogue: bool,
    /// A server's reports are taken away by `poll_finished` once they are complete, and their places
    /// used again. Not for a client, whose reports belong to its script.
    pub hand_over: bool,
    /// A client was refused EPSV or EPRT and fell back to PASV or PORT, which write a port in
    /// decimal digits.
    pub fell_back: bool,
    /// Places of complete reports that have not been taken.
    finished: VecDeque<usize>,
    /// Places to use again.
    free: Vec<usize>,
    /// Texts of earlier runs, for their memory.
    spare: Vec<String>,
}

impl Journal {
    /// Forgets everything said and done; keeps the settings and the buffers.
    pub fn reset(&mut self) {
        for report in self.reports.drain(..) {
            self.spare.extend([report.name, report.text]);
            self.spare.extend(report.reply.map(|reply| reply.text));
        }
        self.commands.clear();
        self.dialogue.clear();
        self.fell_back = false;
        self.finished.clear();
        self.free.clear();
    }

    /// Begins the report of a transfer. Returns its place.
    pub fn begin(
        &mut self,
        session: SessionId,
        task: usize,
        direction: Direction,
        name: &str,
        now: Duration,
    ) -> usize {
        let (name, text) = (self.text(name), self.text(""));
        let report = TransferReport {
            session,
            task,
            direction,
            listing: None,
            name,
            told: Told::Nothing,
            text,
            reply: None,
            offset: 0,
            remote_name: None,
            remote_size: None,
            sent: 0,
            received: 0,
            opened: false,
            control: None,
            data: None,
            ending: None,
            started: now,
            ended: None,
        };
        if let Some(place) = self.free.pop() {
            self.reports[place] = report;
            return place;
        }
        self.reports.push(report);
        self.reports.len() - 1
    }

    /// The report at that place is complete.
    pub fn finish(&mut self, place: usize) {
        if self.hand_over {
            self.finished.push_back(place);
        }
    }

    /// The next report that is complete, if they are handed over.
    pub fn poll_finished(&mut self) -> Option<TransferReport> {
        let place = self.finished.pop_front()?;
        let report = &mut self.reports[place];
        let name = std::mem::take(&mut report.name);
        let text = std::mem::take(&mut report.text);
        let reply = report.reply.take();
        self.free.push(place);
        Some(TransferReport { name, text, reply, ..report.clone() })
    }

    /// The server's last reply to the transfer of that report.
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
