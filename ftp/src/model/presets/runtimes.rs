//! `model::presets::runtimes` owns the models of servers with an event loop, in Python, Rust and
//! node. The order of events on two connections is often a race there.

use super::MEASURED;
use crate::model::{
    Answer, Choice, ControlFate, ControlLoss, Interruption, Judgement, Kept, Phrase, Resets,
    ServerModel, ServerTexts, When,
};
use Choice::{Always, Either};

pub(super) const PYFTPDLIB: ServerModel = ServerModel {
    name: "pyftpdlib-2.2.0",
    source: "measured: pyftpdlib 2.2.0; its source has ECONNRESET among the ends of a file",
    texts: ServerTexts {
        opening: Phrase(150, "File status okay. About to open data connection."),
        already_open: Phrase(125, "Data connection already open. Transfer starting."),
        ..ServerTexts::PLAIN
    },
    on_reset: Resets { not_begun: PYFTPDLIB_VANISHED, ..Resets::always(Judgement::AS_EOF) },
    after_fin: Resets { not_begun: PYFTPDLIB_VANISHED, ..Resets::always(Judgement::AS_EOF) },
    on_download_reset: Answer::Says(Phrase(426, "Transfer aborted; {moved} bytes transmitted.")),
    quit: Interruption {
        when: When::Now,
        cut: false,
        says: &[Phrase(221, "Goodbye.")],
        control: ControlFate::CloseAfterTransfer,
    },
    abor: Always(Interruption::cutting(PYFTPDLIB_ABOR)),
    abor_synch: Always(Interruption::cutting(PYFTPDLIB_ABOR)),
    ..MEASURED
};

/// `accept` returns a dead socket, getpeername fails, and the handler ends without a reply.
const PYFTPDLIB_VANISHED: Choice<Judgement> = Either(
    Judgement { answer: Answer::Silence(ControlFate::Stays), kept: Kept::Empty },
    Judgement::AS_EOF,
);
const PYFTPDLIB_ABOR: &[Phrase] =
    &[Phrase(426, "Transfer aborted via ABOR."), Phrase(226, "ABOR command successful.")];

pub(super) const AIOFTP: ServerModel = ServerModel {
    name: "aioftp-0.28.3",
    source: "measured: aioftp 0.28.3",
    texts: ServerTexts {
        opening: Phrase(150, "data transfer started"),
        already_open: Phrase(150, "data transfer started"),
        complete: Phrase(226, "data transfer done"),
        aborted: Phrase(426, "transfer aborted"),
        goodbye: "bye",
        ..ServerTexts::PLAIN
    },
    on_reset: Resets {
        not_begun: Either(AIOFTP_GONE, Judgement { kept: Kept::Empty, ..AIOFTP_GONE }),
        ..Resets::always(AIOFTP_GONE)
    },
    on_download_reset: Answer::Silence(ControlFate::Close),
    quit: Interruption {
        control: ControlFate::Close,
        ..Interruption::cutting(&[Phrase(221, "bye")])
    },
    abor: Always(Interruption::cutting(&[
        Phrase(426, "transfer aborted"),
        Phrase(226, "abort successful"),
    ])),
    abor_synch: Either(AIOFTP_DIES, Interruption { cut: true, ..AIOFTP_DIES }),
    refuses: &[
        ("PORT", Phrase(502, "'port' not implemented")),
        ("EPRT", Phrase(502, "'eprt' not implemented")),
    ],
    ..MEASURED
};

/// The bytes of the Synch are not UTF-8: the session ends, and sometimes the transfer.
const AIOFTP_DIES: Interruption =
    Interruption { when: When::Now, cut: false, says: &[], control: ControlFate::Close };
const AIOFTP_GONE: Judgement =
    Judgement { answer: Answer::Silence(ControlFate::Close), kept: Kept::All };

pub(super) const TWISTED: ServerModel = ServerModel {
    name: "twisted-26.10",
    source: "measured: Twisted 26.10.0's FTP",
    texts: ServerTexts {
        opening: Phrase(125, "Data connection already open, starting transfer"),
        already_open: Phrase(125, "Data connection already open, starting transfer"),
        complete: Phrase(226, "Transfer Complete."),
        ..ServerTexts::PLAIN
    },
    on_reset: Resets::always(Judgement::AS_EOF),
    on_download_reset: Answer::Says(Phrase(426, "Transfer aborted.  Data connection closed.")),
    control_loss: ControlLoss::Finish,
    abor: Always(Interruption::queued(&[Phrase(502, "Command 'ABOR' not implemented")])),
    abor_synch: Always(Interruption::queued(&[])),
    ..MEASURED
};

pub(super) const LIBUNFTP: ServerModel = ServerModel {
    name: "libunftp-0.24.0",
    source: "measured: libunftp 0.24.0 with unftp-sbe-fs 0.4.0",
    texts: ServerTexts {
        opening: Phrase(150, "Ready to receive data"),
        already_open: Phrase(150, "Ready to receive data"),
        complete: Phrase(226, "File successfully written"),
        aborted: Phrase(426, "Connection closed"),
        goodbye: "Bye!",
        ..ServerTexts::PLAIN
    },
    on_reset: Resets {
        behind: Either(Judgement::ABORT, LIBUNFTP_BUFFER),
        not_begun: Always(LIBUNFTP_BUFFER),
        ..Resets::always(Judgement::ABORT)
    },
    control_loss: ControlLoss::Finish,
    quit: Interruption {
        when: When::Now,
        cut: false,
        says: &[Phrase(221, "Bye!")],
        control: ControlFate::Close,
    },
    abor: Always(Interruption::queued(&[Phrase(226, "Closed data channel")])),
    abor_synch: Either(LIBUNFTP_GARBLED, Interruption { when: When::Now, ..LIBUNFTP_GARBLED }),
    refuses: &[("EPRT", Phrase(500, "Command not implemented"))],
    ..MEASURED
};

/// The read that the reset overtook is dropped.
const LIBUNFTP_BUFFER: Judgement =
    Judgement { answer: Answer::Aborted, kept: Kept::AllButLastRead(8192) };
const LIBUNFTP_GARBLED: Interruption = Interruption {
    when: When::Queued,
    cut: false,
    says: &[Phrase(500, "Invalid UTF8 in command")],
    control: ControlFate::Close,
};

pub(super) const FTP_SRV: ServerModel = ServerModel {
    name: "ftp-srv-4.6.3",
    source: "measured: ftp-srv 4.6.3 (npm, node 20)",
    texts: ServerTexts {
        opening: Phrase(150, "File status okay; about to open data connection"),
        already_open: Phrase(150, "File status okay; about to open data connection"),
        complete: Phrase(226, "/{path}"),
        aborted: Phrase(550, "read ECONNRESET"),
        goodbye: "Client called QUIT",
        ..ServerTexts::PLAIN
    },
    on_reset: Resets {
        in_time: Always(Judgement::ABORT_DELETE),
        behind: Either(Judgement::AS_EOF, Judgement::ABORT_DELETE),
        not_begun: Always(Judgement::AS_EOF),
    },
    on_download_reset: Answer::Says(Phrase(551, "write ECONNRESET")),
    abor: Always(Interruption::queued(&[FTP_SRV_IDLE])),
    abor_synch: Always(Interruption::queued(&[
        Phrase(502, "Command not allowed: \u{fffd}\u{fffd}\u{fffd}"),
        FTP_SRV_IDLE,
    ])),
    ..MEASURED
};

const FTP_SRV_IDLE: Phrase = Phrase(225, "Data connection open; no transfer in progress");
