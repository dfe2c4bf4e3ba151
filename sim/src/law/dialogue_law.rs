//! The law of the dialogue pairs commands with replies (RFC 959 §5.4). It follows the bytes of each
//! control connection at the edge of the server's host, reads verbs and codes, and keeps no text.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use memchr::memchr;

use super::contradiction_law::{Said, Word, moves};
use super::file_laws::{FileName, Uploads};
use super::reply_law::{self, ABOR, APPE, DELE, GREETING, RNTO, SIZE, STOR, Verb};
use super::{About, Breach, Findings, Table, hash_table};
use crate::outcome::End;
use crate::side::Side;
use crate::terms::clone_by_field::clone_by_field;
use crate::terms::law_names::{ONE_REPLY, REPLY_CODES};

/// A command without a final reply so far.
#[derive(Clone, Copy, Debug, Hash)]
struct PendingCommand {
    verb: Verb,
    name: FileName,
    /// A 1yz has come.
    begun: bool,
    /// The number of commands that came before this ABOR, and that the ABOR overtakes if the server
    /// is busy.
    overtakes: usize,
}

/// The dialogue on a control connection.
#[derive(Debug, Default, Hash)]
struct Dialogue {
    pending: VecDeque<PendingCommand>,
    /// Files uploaded on this connection that a later task replaces.
    olds: Vec<FileName>,
    command: CommandLine,
    reply: ReplyLine,
    /// Whether no reply is owed any more: the server knows of the peer's end, or has said 421.
    over: bool,
}

clone_by_field! { Dialogue { pending, olds, command, reply, over } }

/// A command line up to the last byte received.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct CommandLine {
    verb: Verb,
    length: usize,
    name: FileName,
    telnet: Telnet,
}

/// Where in a Telnet command the bytes are (RFC 854).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Telnet {
    #[default]
    Text,
    /// The next byte follows IAC.
    Command,
    /// After WILL, WONT, DO or DONT.
    Option,
}

/// A reply up to the last byte sent.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct ReplyLine {
    /// The first bytes of this line, and how many of them are here.
    head: [u8; 4],
    length: usize,
    /// The code of a reply of several lines.
    inside: Option<u16>,
    /// The number of bytes that the line names: `213 N`, or `150 ... (N bytes)`.
    number: Option<u64>,
}

impl CommandLine {
    /// Take a byte. Returns the command at the end of a line.
    fn take(&mut self, byte: u8) -> Option<(Verb, FileName)> {
        match (self.telnet, byte) {
            // Most bytes are an argument's.
            (Telnet::Text, b' '..=254) if self.length > 4 => {
                self.name.push(byte);
                self.length += 1;
            }
            (Telnet::Text, 255) => self.telnet = Telnet::Command,
            (Telnet::Command, 251..=254) => self.telnet = Telnet::Option,
            (Telnet::Command | Telnet::Option, _) => self.telnet = Telnet::Text,
            (Telnet::Text, b'\n') => {
                let Self { verb, name, .. } = std::mem::take(self);
                return Some((verb.map(|byte| if byte == 0 { b' ' } else { byte }), name));
            }
            (Telnet::Text, b'\r') => {}
            (Telnet::Text, byte) => {
                let three = self.verb[3] == b' ';
                match self.verb.get_mut(self.length) {
                    Some(place) => *place = byte.to_ascii_uppercase(),
                    None if self.length > 4 || three => self.name.push(byte),
                    // A longer word than four letters is no command.
                    None if byte != b' ' => self.verb = *b"?   ",
                    None => {}
                }
                self.length += 1;
            }
        }
        None
    }
}

impl ReplyLine {
    /// Take a line, or a part of a line, from the front of `rest`. Returns the code and the number at
    /// the end of a reply. Only the code, the byte after the code and the number matter.
    fn take(&mut self, rest: &mut &[u8]) -> Option<(u16, Option<u64>)> {
        let end = memchr(b'\n', rest);
        let (line, behind) = rest.split_at(end.unwrap_or(rest.len()));
        if self.length == 0 && end.is_some() {
            self.number = number(line);
        }
        for &byte in line.iter().take(self.head.len() - self.length) {
            self.head[self.length] = byte;
            self.length += 1;
        }
        *rest = behind.get(1..).unwrap_or_default();
        end.and_then(|_| self.end())
    }

    fn end(&mut self) -> Option<(u16, Option<u64>)> {
        let Self { head, length, inside, number } = std::mem::take(self);
        let (code, mark) = (&head[..length.min(3)], head[3]);
        let digits = code.iter().fold(0, |digits, byte| match byte {
            b'0'..=b'9' => digits * 10 + u16::from(byte - b'0'),
            _ => 0,
        });
        match inside {
            Some(code) if digits == code && mark != b'-' => Some((code, number)),
            Some(_) => {
                self.inside = inside;
                None
            }
            None if mark == b'-' => {
                self.inside = Some(digits);
                None
            }
            None => Some((digits, number)),
        }
    }
}

/// The number of bytes that a line of a reply names.
fn number(line: &[u8]) -> Option<u64> {
    let (digits, behind) = match line.first_chunk()? {
        b"213 " => (&line[4..], &b""[..]),
        b"150 " | b"125 " => {
            let open = line.iter().rposition(|byte| *byte == b'(')?;
            (&line[open + 1..], &b" bytes"[..])
        }
        _ => return None,
    };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = std::str::from_utf8(&digits[..length]).ok()?;
    digits[length..].starts_with(behind).then(|| text.parse().ok())?
}

impl Dialogue {
    fn heard(&mut self, verb: Verb, name: FileName, now: Duration, words: &mut Vec<Word>) {
        if moves(verb) {
            words.push(Word { at: now, name, said: Said::Asked });
        }
        let mut pending = PendingCommand { verb, name, begun: false, overtakes: 0 };
        // RFC 959 §4.1.3: ABOR overtakes commands behind the transfer to abort.
        let behind = usize::from(self.pending.front().is_some_and(|first| first.begun));
        if verb == ABOR && behind < self.pending.len() {
            pending.overtakes = self.pending.len() - behind;
            self.pending.insert(behind, pending);
        } else {
            self.pending.push_back(pending);
        }
    }

    /// The server says `code`, with a number. Returns the law broken by the reply, with a
    /// description.
    fn said(
        &mut self,
        (code, number): (u16, Option<u64>),
        now: Duration,
        (uploads, words): (&mut Uploads, &mut Vec<Word>),
    ) -> Option<(&'static str, String)> {
        self.over |= code == 421;
        let Some((first, overtakes)) = self.pending.front().map(|it| (it.verb, it.overtakes))
        else {
            // RFC 1123 §4.1.3.2: an idle time-out ends a session unasked.
            return (code != 421).then(|| (ONE_REPLY, format!("{code} to no command")));
        };
        // A model may leave a command without a final reply. A reply out of order then counts for
        // the first command with such a reply, or every later reply would count for the wrong
        // command.
        let answers = |it: &PendingCommand| reply_law::allows(it.verb, it.begun, code);
        let answered = self.pending.iter().position(answers);
        let at = answered.unwrap_or(0);
        let PendingCommand { verb, name, .. } = self.pending[at];
        // The transfer's own reply comes before the reply to its ABOR (RFC 959 §4.1.3).
        let left_out = verb == ABOR && code >= 200 && at == 1 && self.pending[0].begun;
        if left_out {
            self.pending.drain(..2);
            return Some((
                ONE_REPLY,
                format!("{code} to ABOR, and {} has no reply", spoken(first)),
            ));
        }
        if code < 200 {
            self.pending[at].begun = true;
        } else {
            self.pending.remove(at);
            if let Some(first) = self.pending.front_mut().filter(|_| at > 0) {
                first.overtakes = first.overtakes.saturating_sub(1);
            }
        }
        let said = match (verb, code, number) {
            (SIZE, 213, Some(number)) => Some(Said::Size(number)),
            (verb, ..200, Some(number)) if moves(verb) => Some(Said::Announced(number)),
            (verb, 200.., _) if moves(verb) => Some(Said::Final(code)),
            _ => None,
        };
        words.extend(said.map(|said| Word { at: now, name, said }));
        match verb {
            STOR | APPE => uploads.replied(name, code),
            // A client may change its own files by renaming and deleting them.
            DELE if code < 300 => uploads.forget(name),
            // Renaming a directory may rename every file in the directory.
            RNTO if code < 300 => self.olds.iter().for_each(|name| uploads.forget(*name)),
            _ => {}
        }
        // A server that is not busy answers in the order of the commands.
        let in_order = answered.is_some_and(|at| at <= overtakes);
        (!in_order).then(|| (REPLY_CODES, format!("{code} to {}", spoken(first))))
    }
}

/// The dialogues of a run, by connection. Ended dialogues keep their memory in `spare`.
#[derive(Debug, Default)]
pub(super) struct Dialogues {
    live: Table<u64, Dialogue>,
    /// What client and server said of files, in order.
    pub(super) words: Vec<Word>,
    /// Files that commands may have changed since the last check.
    pub(super) due: Vec<FileName>,
    spare: Vec<Dialogue>,
}

impl Hash for Dialogues {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { live, words, due, spare: _ } = self;
        hash_table(live, state);
        (words, due).hash(state);
    }
}

impl Clone for Dialogues {
    fn clone(&self) -> Self {
        let mut clone = Self::default();
        clone.clone_from(self);
        clone
    }

    /// Keeps some spare memory: dialogues that are made anew here become spare later.
    fn clone_from(&mut self, source: &Self) {
        let Self { live, words, due, spare: _ } = source;
        self.spare.truncate(live.len());
        self.live.clone_from(live);
        self.words.clone_from(words);
        self.due.clone_from(due);
    }
}

impl Dialogues {
    pub(super) fn clear(&mut self) {
        self.spare.extend(self.live.drain(..).map(|(_, dialogue)| dialogue));
        self.due.clear();
        self.words.clear();
    }

    #[inline]
    pub(super) fn has(&self, conn: u64) -> bool {
        self.live.contains_key(&conn)
    }

    pub(super) fn open(&mut self, conn: u64) {
        let Dialogue { mut pending, mut olds, .. } = self.spare.pop().unwrap_or_default();
        pending.clear();
        olds.clear();
        pending.push_back(PendingCommand {
            verb: GREETING,
            name: FileName::default(),
            begun: false,
            overtakes: 0,
        });
        self.live.insert(conn, Dialogue { pending, olds, ..Dialogue::default() });
    }

    /// A file that was uploaded on `conn` stays until another upload replaces the file.
    pub(super) fn leaves(&mut self, conn: u64, name: FileName) {
        if let Some(dialogue) = self.live.get_mut(&conn) {
            dialogue.olds.push(name);
        }
    }

    pub(super) fn heard(&mut self, conn: u64, bytes: &[u8], now: Duration, uploads: &mut Uploads) {
        let Some(dialogue) = self.live.get_mut(&conn) else { return };
        // A local variable without pointers to the value can stay in registers.
        let mut command = dialogue.command;
        for &byte in bytes {
            if let Some((verb, name)) = command.take(byte) {
                dialogue.heard(verb, name, now, &mut self.words);
                if matches!(verb, STOR | APPE) {
                    uploads.asked(name, conn);
                }
                dialogue.olds.retain(|name| uploads.is_left(*name));
                self.due.extend(dialogue.olds.iter().rev());
            }
        }
        dialogue.command = command;
    }

    pub(super) fn said(
        &mut self,
        conn: u64,
        bytes: &[u8],
        now: Duration,
        uploads: &mut Uploads,
        breaches: &mut Vec<Breach>,
    ) {
        let Some(dialogue) = self.live.get_mut(&conn) else { return };
        let mut rest = bytes;
        while !rest.is_empty() {
            if let Some(reply) = dialogue.reply.take(&mut rest)
                && let Some((law, seen)) = dialogue.said(reply, now, (uploads, &mut self.words))
            {
                breaches.push(breach(law, now, seen, About::Other));
            }
        }
    }

    /// The peer has ended the connection.
    pub(super) fn ended(&mut self, conn: u64) {
        if let Some(dialogue) = self.live.get_mut(&conn) {
            dialogue.over = true;
        }
    }

    /// The server closes or aborts the connection. Returns the breach if a reply is owed.
    pub(super) fn close(&mut self, now: Duration, conn: u64) -> Option<Breach> {
        let dialogue = self.live.swap_remove(&conn)?;
        let owed = dialogue.pending.front().filter(|_| !dialogue.over).map(|it| it.verb);
        self.spare.push(dialogue);
        owed.map(|verb| {
            let seen =
                format!("the control connection is ended, and {} has no reply", spoken(verb));
            breach(ONE_REPLY, now, seen, About::Unanswered)
        })
    }
}

/// Check that no reply is owed at the end of a quiet run.
pub(super) fn unanswered(findings: &Findings<'_>, breaches: &mut Vec<Breach>) {
    if findings.end != End::Quiet {
        return;
    }
    for dialogue in findings.evidence.dialogues.live.values().filter(|dialogue| !dialogue.over) {
        if let Some(PendingCommand { verb, .. }) = dialogue.pending.front() {
            let seen = format!("{} never has a final reply", spoken(*verb));
            breaches.push(breach(ONE_REPLY, findings.now, seen, About::Unanswered));
        }
    }
}

fn breach(law: &'static str, at: Duration, seen: String, about: About) -> Breach {
    Breach { law, at, side: Side::Server, emission: None, seen, about }
}

fn spoken(verb: Verb) -> String {
    match verb {
        GREETING => "the greeting".to_owned(),
        verb => String::from_utf8_lossy(&verb).trim_end().to_owned(),
    }
}
