//! `model::presets` owns the models of 15 real server set-ups on Linux, measured in 2026:
//! docs/MODELS.md has the measurement of each value, and tells the guesses.

mod runtimes;

use super::{
    Answer, Choice, ControlFate, ControlLoss, Interruption, Judgement, Kept, Phrase, Resets,
    ServerModel, ServerTexts, When,
};
use Choice::{Always, Either};
use runtimes::{AIOFTP, FTP_SRV, LIBUNFTP, PYFTPDLIB, TWISTED};

/// The values that the measured programs share: each closes its sockets with close(2).
const MEASURED: ServerModel = ServerModel { cuts_by_reset: false, ..ServerModel::PLAIN };

/// All set-ups that were measured.
pub static PRESETS: [ServerModel; 15] = [
    VSFTPD,
    ServerModel {
        name: "vsftpd-3.0.3-del",
        source: "measured: vsftpd 3.0.3, delete_failed_uploads=YES (Debian 12)",
        on_reset: Resets::always(Judgement::ABORT_DELETE),
        abandoned: Kept::Nothing,
        ..VSFTPD
    },
    PROFTPD,
    ServerModel {
        name: "proftpd-1.3.8-hid",
        source: "measured: proftpd 1.3.8, HiddenStores on, DeleteAbortedStores on (Debian 12)",
        on_reset: Resets::always(Judgement::ABORT_DELETE),
        abandoned: Kept::Nothing,
        hidden: true,
        ..PROFTPD
    },
    PURE_FTPD,
    ServerModel {
        name: "pure-ftpd-1.0.50-notruncate",
        source: "measured: pure-ftpd 1.0.50 --notruncate (Debian 12)",
        ..PURE_FTPD
    },
    INETUTILS,
    ServerModel {
        name: "ftpd-ssl-0.17",
        source: "measured: ftpd-ssl 0.17, netkit (Debian 12)",
        abor: Always(Interruption::queued(&[Phrase(226, "ABOR command caused no action.")])),
        ..INETUTILS
    },
    ServerModel {
        name: "globus-gridftp-13.24",
        source: "measured: globus-gridftp-server 13.24 (Debian 12)",
        texts: ServerTexts {
            opening: Phrase(150, "Beginning transfer."),
            already_open: Phrase(150, "Beginning transfer."),
            complete: Phrase(226, "Transfer Complete."),
            aborted: GRIDFTP_FAILED,
            ..ServerTexts::PLAIN
        },
        on_reset: Resets::always(Judgement { answer: Answer::Aborted, kept: GRIDFTP_BLOCKS }),
        on_download_reset: Answer::Says(GRIDFTP_FAILED_TO_SEND),
        abandoned: GRIDFTP_BLOCKS,
        abor: Always(Interruption {
            control: ControlFate::Close,
            ..Interruption::cutting(&[Phrase(226, "Transfer Complete.")])
        }),
        abor_synch: Always(Interruption::queued(&[Phrase(500, "Command not supported.")])),
        ..MEASURED
    },
    PYFTPDLIB,
    ServerModel {
        name: "pyftpdlib-1.5.7",
        source: "measured: pyftpdlib 1.5.7 (Debian 12)",
        ..PYFTPDLIB
    },
    AIOFTP,
    TWISTED,
    LIBUNFTP,
    FTP_SRV,
];

const VSFTPD: ServerModel = ServerModel {
    name: "vsftpd-3.0.3",
    source: "measured: vsftpd 3.0.3, async_abor_enable=YES (Debian 12)",
    texts: ServerTexts {
        opening: Phrase(150, "Ok to send data."),
        already_open: Phrase(150, "Ok to send data."),
        aborted: Phrase(426, "Failure reading network stream."),
        ..ServerTexts::PLAIN
    },
    on_download_reset: Answer::Says(Phrase(426, "Failure writing network stream.")),
    control_loss: ControlLoss::Finish,
    abor: Always(Interruption::queued(&[Phrase(225, "No transfer to ABOR.")])),
    abor_synch: Always(Interruption::cutting(&[
        Phrase(426, "Failure reading network stream."),
        Phrase(226, "ABOR successful."),
    ])),
    ..MEASURED
};

/// The size of a read; proftpd looks at the control connection only after a read.
const PROFTPD_READ: u64 = 128 << 10;

const PROFTPD: ServerModel = ServerModel {
    name: "proftpd-1.3.8",
    source: "measured: proftpd 1.3.8 (Debian 12)",
    texts: ServerTexts {
        opening: Phrase(150, "Opening BINARY mode data connection for {path}"),
        already_open: Phrase(150, "Opening BINARY mode data connection for {path}"),
        complete: Phrase(226, "Transfer complete"),
        aborted: Phrase(426, "Transfer aborted. Data connection closed"),
        ..ServerTexts::PLAIN
    },
    control_loss: ControlLoss::NextData(PROFTPD_READ),
    quit: Interruption {
        when: When::NextData(PROFTPD_READ),
        cut: true,
        says: &[Phrase(221, "Goodbye.")],
        control: ControlFate::Close,
    },
    abor: Always(Interruption::queued(&[Phrase(226, "Abort successful")])),
    abor_synch: Always(Interruption {
        when: When::NextData(PROFTPD_READ),
        ..Interruption::cutting(BSD_ABOR)
    }),
    ..MEASURED
};

const BSD_ABOR: &[Phrase] =
    &[Phrase(426, "Transfer aborted. Data connection closed."), Phrase(226, "Abort successful")];

const PURE_FTPD: ServerModel = ServerModel {
    name: "pure-ftpd-1.0.50",
    source: "measured: pure-ftpd 1.0.50 (Debian 12)",
    texts: ServerTexts {
        opening: Phrase(150, "Accepted data connection"),
        already_open: Phrase(150, "Accepted data connection"),
        complete: Phrase(
            226,
            "File successfully transferred\n{seconds} seconds (measured here), {rate} per second",
        ),
        aborted: Phrase(
            451,
            "Error during read from data connection\nTransfer aborted\n\
             {seconds} seconds (measured here), {rate} per second",
        ),
        ..ServerTexts::PLAIN
    },
    // The last word on a download is a 1yz reply: a client that waits for a final reply waits for
    // ever.
    on_download_reset: Answer::Says(Phrase(
        150,
        "{seconds} seconds (measured here), {rate} per second",
    )),
    // pure-ftpd looks at the error bits of poll before reading.
    after_fin: Resets {
        in_time: Always(Judgement::AS_EOF),
        behind: Either(Judgement::AS_EOF, PURE_FTPD_ERROR_BIT),
        not_begun: Either(Judgement::AS_EOF, PURE_FTPD_ERROR_BIT),
    },
    quit: Interruption { control: ControlFate::Close, ..Interruption::cutting(PURE_FTPD_ABOR) },
    abor: Always(Interruption::cutting(PURE_FTPD_ABOR)),
    abor_synch: Always(Interruption::cutting(PURE_FTPD_ABOR)),
    ..MEASURED
};

/// The reply when no read has failed.
const PURE_FTPD_ABORTED: Phrase =
    Phrase(451, "Transfer aborted\n{seconds} seconds (measured here), {rate} per second");
const PURE_FTPD_ERROR_BIT: Judgement =
    Judgement { answer: Answer::Says(PURE_FTPD_ABORTED), kept: Kept::All };
const PURE_FTPD_ABOR: &[Phrase] = &[Phrase(426, "Transfer aborted"), PURE_FTPD_ABORTED];

const INETUTILS: ServerModel = ServerModel {
    name: "inetutils-ftpd-2.4",
    source: "measured: inetutils-ftpd 2.4 (Debian 12)",
    texts: ServerTexts {
        opening: Phrase(150, "Opening BINARY mode data connection for '{path}'."),
        already_open: Phrase(150, "Opening BINARY mode data connection for '{path}'."),
        // perror_reply(426, "Data Connection"): the routine of 4.4BSD, with the text of strerror.
        aborted: Phrase(426, "Data Connection: Connection reset by peer."),
        ..ServerTexts::PLAIN
    },
    on_download_reset: Answer::Says(Phrase(426, "Data connection: Connection reset by peer.")),
    control_loss: ControlLoss::Finish,
    abor: Always(Interruption::queued(&[Phrase(225, "ABOR command successful.")])),
    abor_synch: Always(Interruption::cutting(BSD_ABOR)),
    ..MEASURED
};

/// The server writes whole blocks, and drops a partial block when a read fails.
const GRIDFTP_BLOCKS: Kept = Kept::WholeBlocks(256 << 10);
const GRIDFTP_FAILED_TO_SEND: Phrase = Phrase(
    500,
    "Command failed. : callback failed.\n\
     globus_xio: System error in send: Connection reset by peer\n\
     globus_xio: A system call failed: Connection reset by peer\nEnd.",
);
const GRIDFTP_FAILED: Phrase = Phrase(
    500,
    "Command failed. : callback failed.\n\
     globus_xio: System error in recv: Connection reset by peer\n\
     globus_xio: A system call failed: Connection reset by peer\nEnd.",
);
