//! `model` says what a real server program does where RFC 959 leaves it free or is not followed: at
//! a reset of an upload, at the loss of the control connection, at QUIT and ABOR in a transfer, and
//! in which words. A model is a value: no server has code of its own. Where a real server answered
//! the same thing in two ways, the model has two ways, and the owner of the server draws between
//! them ([`crate::ServerConfig::draws`]): nothing here is random.

mod presets;
mod reply_text;

pub use presets::PRESETS;
pub use reply_text::{Phrase, ReplyValues, ServerTexts};

use crate::transfer::Lateness;

/// What one server program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerModel {
    /// Program and version, and what of its configuration matters.
    pub name: &'static str,
    /// What it is, and where that is known from.
    pub source: &'static str,
    /// Its words.
    pub texts: ServerTexts,
    /// What a reset of an upload's data connection means.
    pub on_reset: Resets,
    /// What a reset means that came after the FIN, before the program had read so far. One that
    /// comes after the program has read the FIN is never seen: the end of the file.
    pub after_fin: Resets,
    /// What it says when a download's data connection is reset.
    pub on_download_reset: Answer,
    /// What becomes of an upload that the server itself gives up (ABOR, a timeout, a full disk).
    pub abandoned: Kept,
    /// An upload is under another name until it is complete.
    pub hidden: bool,
    /// What becomes of a transfer whose control connection is lost.
    pub control_loss: ControlLoss,
    /// QUIT in a transfer.
    pub quit: Interruption,
    /// ABOR in a transfer, as a plain line.
    pub abor: Choice<Interruption>,
    /// ABOR in a transfer after a Telnet Synch, as RFC 959 §4.1.3 wants it.
    pub abor_synch: Choice<Interruption>,
    /// Commands that it does not know although we do, and its answers.
    pub refuses: &'static [(&'static str, Phrase)],
}

impl ServerModel {
    /// Whether the model has two ways anywhere, so that something is drawn for each transfer.
    #[must_use]
    pub fn has_two_ways(&self) -> bool {
        let Self { on_reset, after_fin, abor, abor_synch, .. } = self;
        let resets = [on_reset.in_time, on_reset.behind, on_reset.not_begun];
        let late = [after_fin.in_time, after_fin.behind, after_fin.not_begun];
        resets.iter().chain(&late).any(Choice::is_either)
            || abor.is_either()
            || abor_synch.is_either()
    }
}

/// What it does, or the two things of which it does one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<T> {
    /// Always this.
    Always(T),
    /// One of two, as it happens.
    Either(T, T),
}

impl<T> Choice<T> {
    /// Whether there are two things.
    fn is_either(&self) -> bool {
        matches!(self, Self::Either(..))
    }

    /// What it is this time.
    pub fn take(self, draw: bool) -> T {
        match self {
            Self::Always(it) | Self::Either(it, _) if !draw => it,
            Self::Always(it) | Self::Either(_, it) => it,
        }
    }
}

/// What a reset means, by how far the program had come when it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resets {
    /// It had read everything.
    pub in_time: Choice<Judgement>,
    /// Received bytes (or a FIN) were waiting for it.
    pub behind: Choice<Judgement>,
    /// It had not yet taken up the connection.
    pub not_begun: Choice<Judgement>,
}

impl Resets {
    /// The same however far it had come.
    #[must_use]
    pub const fn always(judgement: Judgement) -> Self {
        let it = Choice::Always(judgement);
        Self { in_time: it, behind: it, not_begun: it }
    }

    /// What one means.
    #[must_use]
    pub fn judge(self, late: Lateness, draw: bool) -> Judgement {
        match late {
            Lateness::InTime => self.in_time.take(draw),
            Lateness::Behind => self.behind.take(draw),
            Lateness::NotBegun => self.not_begun.take(draw),
        }
    }
}

/// What a server says of an upload, and what it keeps of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it says.
    pub answer: Answer,
    /// What it keeps.
    pub kept: Kept,
}

impl Judgement {
    /// 426, and keep what was received.
    pub const ABORT: Self = Self { answer: Answer::Aborted, kept: Kept::All };
    /// 426, and remove it.
    pub const ABORT_DELETE: Self = Self { answer: Answer::Aborted, kept: Kept::Nothing };
    /// Take the reset for the end of the file: 226.
    pub const AS_EOF: Self = Self { answer: Answer::Complete, kept: Kept::All };
    /// 426 with the system's error text (Q123208's second), and keep what was received.
    pub const PERROR_REPLY: Self = Self {
        answer: Answer::Says(Phrase(426, "Error 146: Connection reset by peer")),
        kept: Kept::All,
    };
    /// Say nothing, reset the control connection, keep what was received.
    pub const DROP_CONTROL: Self =
        Self { answer: Answer::Silence(ControlFate::Abort), kept: Kept::All };
}

/// The final reply to a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// [`ServerTexts::complete`].
    Complete,
    /// [`ServerTexts::aborted`].
    Aborted,
    /// This.
    Says(Phrase),
    /// None at all, and that becomes of the control connection.
    Silence(ControlFate),
}

/// What becomes of the control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlFate {
    /// The session goes on.
    Stays,
    /// It is closed.
    Close,
    /// It is closed once the transfer is over.
    CloseAfterTransfer,
    /// It is reset.
    Abort,
}

/// What is left of an upload that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// All that was received.
    All,
    /// As many whole blocks of so many bytes as were received: the last one is lost in the program.
    WholeBlocks(u64),
    /// All but the last read, of at most so many bytes; a first read that is the last is not lost.
    AllButLastRead(u64),
    /// An empty file: none of it was ever read.
    Empty,
    /// No file.
    Nothing,
}

impl Kept {
    /// How many of `received` bytes stay; none: the file is removed.
    #[must_use]
    pub fn of(self, received: u64) -> Option<u64> {
        match self {
            Self::WholeBlocks(block) => Some(received - received % block.max(1)),
            Self::AllButLastRead(block) if received > block => {
                Some((received - 1) - (received - 1) % block.max(1))
            }
            Self::All | Self::AllButLastRead(_) => Some(received),
            Self::Empty => Some(0),
            Self::Nothing => None,
        }
    }
}

/// What becomes of a transfer whose control connection is lost (RFC 959 leaves it open; servers
/// differ).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ControlLoss {
    /// It is ended at once.
    #[default]
    Abort,
    /// It runs to its end.
    Finish,
    /// It is ended once so many more bytes have moved: nobody looks at the control connection
    /// before.
    NextData(u64),
}

/// What a command does that comes in the middle of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// When it is read.
    pub when: When,
    /// The transfer is ended then, its data connection closed. (Never if it was over already.)
    pub cut: bool,
    /// All that is said then. If the transfer is cut, the first of them is its final reply.
    pub says: &'static [Phrase],
    /// And then.
    pub control: ControlFate,
}

/// When a command in a transfer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After the transfer: it waits like any other.
    Queued,
    /// At once.
    Now,
    /// When so many more bytes have moved, or the transfer ends by itself.
    NextData(u64),
}

impl Interruption {
    /// After the transfer these replies.
    #[must_use]
    pub const fn queued(says: &'static [Phrase]) -> Self {
        Self { when: When::Queued, cut: false, says, control: ControlFate::Stays }
    }

    /// At once the end of the transfer, and these replies.
    #[must_use]
    pub const fn cutting(says: &'static [Phrase]) -> Self {
        Self { when: When::Now, cut: true, says, control: ControlFate::Stays }
    }
}

impl ServerModel {
    /// No server in particular: what RFC 959 says, and Q123208's words.
    pub const PLAIN: Self = Self {
        name: "none",
        source: "RFC 959",
        texts: ServerTexts::PLAIN,
        on_reset: Resets::always(Judgement::ABORT),
        after_fin: Resets::always(Judgement::AS_EOF),
        on_download_reset: Answer::Aborted,
        abandoned: Kept::All,
        hidden: false,
        control_loss: ControlLoss::Abort,
        quit: Interruption::queued(&[]),
        abor: Choice::Always(ABOR),
        abor_synch: Choice::Always(ABOR),
        refuses: &[],
    };

    /// The same with the policy of a careful server: an upload is under another name until it is
    /// whole, and what is not whole is removed.
    pub const WHOLE_OR_ABSENT: Self = Self {
        name: "whole-or-absent",
        on_reset: Resets::always(Judgement::ABORT_DELETE),
        abandoned: Kept::Nothing,
        hidden: true,
        ..Self::PLAIN
    };

    /// The preset of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|model| model.name == name)
    }

    /// The same server, but for what a reset of an upload means. If it then removes the file, it
    /// removes that of any other failed upload as well.
    #[must_use]
    pub const fn on_reset(self, judgement: Judgement) -> Self {
        let abandoned = match judgement.kept {
            Kept::Nothing => Kept::Nothing,
            _ => self.abandoned,
        };
        Self { on_reset: Resets::always(judgement), abandoned, ..self }
    }
}

/// RFC 959 §4.1.3: 426 for the transfer, 226 for the command.
const ABOR: Interruption = Interruption::cutting(&[
    Phrase(426, "Connection Closed, transfer aborted."),
    Phrase(226, "ABOR successful."),
]);
