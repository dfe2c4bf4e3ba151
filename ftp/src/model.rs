//! `model` owns the behaviour of real server programs where RFC 959 leaves a choice or is not
//! followed: a reset of an upload, the loss of the control connection, QUIT and ABOR in a transfer,
//! and the reply texts. A model is a value: no server has code of its own. Where a real server
//! answered the same event in two ways, the model has two choices, and
//! [`crate::ServerConfig::draws`] selects: nothing here is random.

mod presets;
mod reply_text;

pub use presets::PRESETS;
pub use reply_text::{Phrase, ReplyValues, ServerTexts};

use crate::transfer::Lateness;

/// The behaviour of one server program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerModel {
    /// Program and version, with the part of the configuration that matters.
    pub name: &'static str,
    /// Description, and the source of the knowledge.
    pub source: &'static str,
    /// The texts of the replies.
    pub texts: ServerTexts,
    /// The judgement of a reset on an upload's data connection.
    pub on_reset: Resets,
    /// The judgement of a reset that came after the FIN, before the program had read the FIN. A
    /// reset after the program has read the FIN is never seen.
    pub after_fin: Resets,
    /// The reply to a reset of a download's data connection.
    pub on_download_reset: Answer,
    /// The rest of an upload that the server itself aborts (ABOR, a timeout, a full disk).
    pub abandoned: Kept,
    /// Whether an upload has a temporary name until complete.
    pub hidden: bool,
    /// A download that the server gives up ends with a RST. With false the download ends with a
    /// FIN, as close(2) leaves it: the client takes the FIN for the end of the file.
    pub cuts_by_reset: bool,
    /// The fate of a transfer after the loss of the control connection.
    pub control_loss: ControlLoss,
    /// The effect of QUIT in a transfer.
    pub quit: Interruption,
    /// The effect of ABOR in a transfer, as a plain line.
    pub abor: Choice<Interruption>,
    /// The effect of ABOR in a transfer after a Telnet Synch, as RFC 959 §4.1.3 wants.
    pub abor_synch: Choice<Interruption>,
    /// Commands that the real server refuses although this server knows them, with the replies.
    pub refuses: &'static [(&'static str, Phrase)],
}

impl ServerModel {
    /// Whether a reply of the model tells how long a transfer took.
    #[must_use]
    pub fn tells_durations(&self) -> bool {
        self.phrases().any(Phrase::tells_duration)
    }

    /// Every reply of the model.
    fn phrases(&self) -> impl Iterator<Item = Phrase> {
        let Self {
            on_reset, after_fin, on_download_reset, quit, abor, abor_synch, refuses, ..
        } = self;
        let ServerTexts { opening, already_open, complete, aborted, .. } = self.texts;
        let judgements = [on_reset, after_fin].into_iter().flat_map(|resets| {
            let Resets { in_time, behind, not_begun } = resets;
            [in_time, behind, not_begun].into_iter().flat_map(Choice::both)
        });
        let answers = judgements.map(|judgement| judgement.answer).chain([*on_download_reset]);
        let own = answers.filter_map(|answer| match answer {
            Answer::Says(phrase) => Some(phrase),
            Answer::Complete | Answer::Aborted | Answer::Silence(_) => None,
        });
        let interruptions = [quit].into_iter().chain(abor.both()).chain(abor_synch.both());
        let says = interruptions.flat_map(|interruption| interruption.says).copied();
        let refuses = refuses.iter().map(|(_, phrase)| *phrase);
        [opening, already_open, complete, aborted].into_iter().chain(own).chain(says).chain(refuses)
    }

    /// Whether the model has two choices anywhere, so that each transfer needs a draw.
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

/// A behaviour, or two behaviours of which a draw selects one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice<T> {
    /// Always the same behaviour.
    Always(T),
    /// One of two behaviours, by draw.
    Either(T, T),
}

impl<T> Choice<T> {
    /// Whether there are two behaviours.
    fn is_either(&self) -> bool {
        matches!(self, Self::Either(..))
    }

    /// The behaviour, or both behaviours.
    fn both(&self) -> impl Iterator<Item = &T> {
        let (Self::Always(one) | Self::Either(one, _)) = self;
        let other = if let Self::Either(_, other) = self { Some(other) } else { None };
        [one].into_iter().chain(other)
    }

    /// The behaviour for this draw.
    pub fn take(self, draw: bool) -> T {
        match self {
            Self::Always(it) | Self::Either(it, _) if !draw => it,
            Self::Always(it) | Self::Either(_, it) => it,
        }
    }
}

/// The judgement of a reset, by how far the program had come when the reset arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resets {
    /// The program had read everything.
    pub in_time: Choice<Judgement>,
    /// Received bytes (or a FIN) were waiting to be read.
    pub behind: Choice<Judgement>,
    /// The program had not yet accepted the connection.
    pub not_begun: Choice<Judgement>,
}

impl Resets {
    /// The same judgement however far the program had come.
    #[must_use]
    pub const fn always(judgement: Judgement) -> Self {
        let it = Choice::Always(judgement);
        Self { in_time: it, behind: it, not_begun: it }
    }

    /// The judgement of a reset with this lateness and draw.
    #[must_use]
    pub fn judge(self, late: Lateness, draw: bool) -> Judgement {
        match late {
            Lateness::InTime => self.in_time.take(draw),
            Lateness::Behind => self.behind.take(draw),
            Lateness::NotBegun => self.not_begun.take(draw),
        }
    }
}

/// The final reply to a transfer, and the part of the file that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Judgement {
    /// The final reply to the transfer.
    pub answer: Answer,
    /// The part of the file that is kept.
    pub kept: Kept,
}

impl Judgement {
    /// Reply 426, and keep the received bytes.
    pub const ABORT: Self = Self { answer: Answer::Aborted, kept: Kept::All };
    /// Reply 426, and remove the file.
    pub const ABORT_DELETE: Self = Self { answer: Answer::Aborted, kept: Kept::Nothing };
    /// Take the reset for the end of the file: reply 226.
    pub const AS_EOF: Self = Self { answer: Answer::Complete, kept: Kept::All };
    /// Reply 426 with the system's error text (the second in Q123208), and keep the received bytes.
    pub const PERROR_REPLY: Self = Self {
        answer: Answer::Says(Phrase(426, "Error 146: Connection reset by peer")),
        kept: Kept::All,
    };
    /// Send no reply, reset the control connection, keep the received bytes.
    pub const DROP_CONTROL: Self =
        Self { answer: Answer::Silence(ControlFate::Abort), kept: Kept::All };
}

/// The final reply to a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The model's reply [`ServerTexts::complete`].
    Complete,
    /// The model's reply [`ServerTexts::aborted`].
    Aborted,
    /// A reply of the model's own.
    Says(Phrase),
    /// No reply; the control connection has this fate.
    Silence(ControlFate),
}

/// The fate of the control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ControlFate {
    /// The session goes on.
    Stays,
    /// The control connection is closed.
    Close,
    /// The control connection is closed after the transfer.
    CloseAfterTransfer,
    /// The control connection is reset.
    Abort,
}

/// The part of a failed upload that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// All bytes that were received.
    All,
    /// All received whole blocks of this size in bytes; the program loses the last, partial block.
    WholeBlocks(u64),
    /// All bytes but those of the last read, of at most this size; a single read is not lost.
    AllButLastRead(u64),
    /// An empty file: the program read no byte.
    Empty,
    /// No file at all.
    Nothing,
}

impl Kept {
    /// The number of bytes that stay of `received` bytes; `None`: the file is removed.
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

/// The fate of a transfer after the loss of the control connection (RFC 959 leaves a choice, and
/// servers differ).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ControlLoss {
    /// The transfer ends at once.
    #[default]
    Abort,
    /// The transfer runs to the end.
    Finish,
    /// The transfer ends once this number of bytes more has moved: the program reads the control
    /// connection only then.
    NextData(u64),
}

/// The effect of a command in the middle of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interruption {
    /// The time when the server reads the command.
    pub when: When,
    /// Whether the command ends the transfer and closes the data connection (unless the transfer is
    /// over already).
    pub cut: bool,
    /// The replies at this time. If the transfer is cut, the first is the transfer's final reply.
    pub says: &'static [Phrase],
    /// The fate of the control connection after the replies.
    pub control: ControlFate,
}

/// The time when a server reads a command in a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// After the transfer, like any other command.
    Queued,
    /// At once, in the transfer.
    Now,
    /// After this number of bytes more has moved, or at the end of the transfer.
    NextData(u64),
}

impl Interruption {
    /// These replies after the transfer.
    #[must_use]
    pub const fn queued(says: &'static [Phrase]) -> Self {
        Self { when: When::Queued, cut: false, says, control: ControlFate::Stays }
    }

    /// The end of the transfer at once, with these replies.
    #[must_use]
    pub const fn cutting(says: &'static [Phrase]) -> Self {
        Self { when: When::Now, cut: true, says, control: ControlFate::Stays }
    }
}

impl ServerModel {
    /// No server in particular: the rules of RFC 959, with the texts of Q123208.
    pub const PLAIN: Self = Self {
        name: "none",
        source: "RFC 959",
        texts: ServerTexts::PLAIN,
        on_reset: Resets::always(Judgement::ABORT),
        after_fin: Resets::always(Judgement::AS_EOF),
        on_download_reset: Answer::Aborted,
        abandoned: Kept::All,
        hidden: false,
        cuts_by_reset: true,
        control_loss: ControlLoss::Abort,
        quit: Interruption::queued(&[]),
        abor: Choice::Always(ABOR),
        abor_synch: Choice::Always(ABOR),
        refuses: &[],
    };

    /// The policy of a careful server: an upload has a temporary name until whole, and an
    /// incomplete upload is removed.
    pub const WHOLE_OR_ABSENT: Self = Self {
        name: "whole-or-absent",
        on_reset: Resets::always(Judgement::ABORT_DELETE),
        abandoned: Kept::Nothing,
        hidden: true,
        ..Self::PLAIN
    };

    /// The preset with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|model| model.name == name)
    }

    /// The same server with a different judgement of a reset upload. If the judgement removes the
    /// file, the server also removes every other failed upload.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a phrase that tells a duration is found wherever a model has a phrase, and nowhere else.
    #[test]
    fn durations_are_found_in_phrases() {
        for model in PRESETS {
            let text = format!("{:?}", ServerModel { name: "", source: "", ..model });
            let tells = text.contains("{seconds}") || text.contains("{rate}");
            assert_eq!(model.tells_durations(), tells, "{}", model.name);
        }
        assert!(PRESETS.iter().any(ServerModel::tells_durations));
        const TELLS: Phrase = Phrase(226, "{rate} a second");
        let says = Judgement { answer: Answer::Says(TELLS), kept: Kept::All };
        let either = Choice::Either(Judgement::ABORT, says);
        let plain = ServerModel::PLAIN;
        for model in [
            ServerModel { texts: ServerTexts { opening: TELLS, ..plain.texts }, ..plain },
            ServerModel { on_reset: Resets { behind: either, ..plain.on_reset }, ..plain },
            ServerModel { after_fin: Resets { not_begun: either, ..plain.after_fin }, ..plain },
            ServerModel { on_download_reset: Answer::Says(TELLS), ..plain },
            ServerModel { quit: Interruption::queued(&[TELLS]), ..plain },
            ServerModel {
                abor_synch: Choice::Either(ABOR, Interruption::queued(&[TELLS])),
                ..plain
            },
            ServerModel { refuses: &[("MDTM", TELLS)], ..plain },
        ] {
            assert!(model.tells_durations(), "{model:?}");
        }
        assert!(!ServerModel { name: "{seconds}", ..plain }.tells_durations());
    }
}
