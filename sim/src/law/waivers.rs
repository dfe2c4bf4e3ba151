//! Waivers excuse breaches of laws: policies of hosts and servers with measured or documented
//! breaches, and losses for which a law makes no promise.

use halfclose_ftp::{AborReplies, ClientHabit, DownloadEnd, Judgement, OnFin};
use halfclose_stack::State;

use super::{About, Waiver};
use crate::scenario::{Action, Fault, Task};
use crate::side::Side;

pub(super) const AS_EOF: Waiver = Waiver {
    name: "server.on_reset=as-eof",
    reason: "The server takes a reset for the end of the file. Measured: pyftpdlib and Twisted \
             say 226 for an incomplete file.",
    applies: |findings, breach| {
        breach.side == Side::Server && findings.scenario.server.on_reset == Some(Judgement::AS_EOF)
    },
};

pub(super) const HABIT: Waiver = Waiver {
    name: "server.habit",
    reason: "The server does wrong on purpose, as users reported of real servers: the client may \
             not be able to know.",
    applies: |findings, _| findings.scenario.server.habit.is_some(),
};

pub(super) const CLIENT_HABIT: Waiver = Waiver {
    name: "client.habit",
    reason: "The client does wrong on purpose (client.habit, or client.close_after below the size of \
             the file), as users reported of real clients.",
    applies: |findings, _| {
        let client = &findings.scenario.client;
        client.habit.is_some() || client.close_after.is_some()
    },
};

pub(super) const NO_DATA: Waiver = Waiver {
    name: "client.habit=no-data-connection",
    reason: "The client never takes the data connection up, and a server without a data timeout waits \
             for ever.",
    applies: |findings, breach| {
        matches!(breach.about, About::Unanswered | About::Alive(_))
            && findings.scenario.client.habit == Some(ClientHabit::NeverConnects)
            && findings.scenario.server.data_timeout.is_none()
    },
};

pub(super) const FORGED: Waiver = Waiver {
    name: "fault=inject",
    reason: "A forged segment speaks in the name of a host (RFC 5961 §1): the receiver believes in \
             an end that the host knows nothing of.",
    applies: |findings, _| {
        let forges = |fault: &Fault| matches!(fault.action, Action::Inject(_));
        findings.scenario.faults.iter().any(forges)
    },
};

pub(super) const ON_FIN: Waiver = Waiver {
    name: "server.on_fin=waits",
    reason: "The server waits for more than a FIN, and without a deadline for ever. Reported: \
             curl/curl issue 17130, python/cpython issue 103443.",
    applies: |findings, breach| {
        matches!(breach.about, About::Unanswered | About::Alive(_))
            && findings.scenario.server.on_fin == OnFin::Waits
    },
};

pub(super) const TRUSTS: Waiver = Waiver {
    name: "client.trusts=reply",
    reason: "The client takes the server's 2yz for the end of a download and closes the data \
             connection. Reported: gezedo/lwftp issue 10, eclipse-ecal/fineftp-server issue 63.",
    applies: |findings, breach| {
        breach.side == Side::Client && findings.scenario.client.trusts == DownloadEnd::Reply
    },
};

pub(super) const ABOR_REPLIES: Waiver = Waiver {
    name: "client.abor_replies=one",
    reason: "The client takes the second reply after ABOR for the reply to its next command. \
             Reported: aio-libs/aioftp issue 205, fsspec/filesystem_spec issue 231.",
    applies: |findings, _| {
        let aborts = |task: &Task| task.file().is_some_and(|file| file.abort_after.is_some());
        findings.scenario.client.abor_replies == AborReplies::One
            && findings.scenario.tasks.iter().any(aborts)
    },
};

pub(super) const RESUME: Waiver = Waiver {
    name: "do.resume",
    reason: "The rest of a file was put behind the bytes of another file: SIZE tells the number \
             of bytes there, and no command tells their content. Measured: ncftpput -z.",
    applies: |_, breach| breach.about == About::ResumedAnother,
};

pub(super) const DROP_CONTROL: Waiver = Waiver {
    name: "server.on_reset=drop-control",
    reason: "The server ends the control connection in place of a reply. Measured: aioftp; and one \
             reading of Q123208's Error 146.",
    applies: |findings, breach| {
        breach.about == About::Unanswered
            && findings.scenario.server.on_reset == Some(Judgement::DROP_CONTROL)
    },
};

pub(super) const FIN_WAIT_2: Waiver = Waiver {
    name: "fin-wait-2-deadline",
    reason: "The host forgets a closed connection whose peer never sends a FIN. RFC 9293 has no \
             such arrow; Linux' tcp_fin_timeout is 60 s, and other systems have a similar \
             deadline.",
    applies: |findings, breach| {
        breach.about == About::Arrow(State::FinWait2, State::Closed)
            && findings.scenario.close_policy(breach.side).fin_wait_2.is_some()
    },
};

pub(super) const RESET_LOST: Waiver = Waiver {
    name: "reset-lost",
    reason: "A RST is not sent again (RFC 9293 §3.5.2): a host learns of the end from its own \
             deadlines alone if the RST is lost, or not believed and not challenged (RFC 5961 §3.2 \
             and §7), or if the segment is lost that the RST would answer.",
    applies: |findings, _| findings.evidence.reset_lost,
};

pub(super) const NO_FIN_WAIT_2: Waiver = Waiver {
    name: "host=smoltcp",
    reason: "The host has no deadline in FIN-WAIT-2, as RFC 9293 has none: the host waits for a \
             FIN that the peer may never send.",
    applies: |findings, breach| {
        [Side::Client, Side::Server]
            .into_iter()
            .any(|side| findings.scenario.close_policy(side).fin_wait_2.is_none())
            && matches!(breach.about, About::Alive(_))
    },
};

pub(super) const MODEL: Waiver = Waiver {
    name: "server.model",
    reason: "A real server's replies, as measured (docs/MODELS.md): 226 for an incomplete file, \
             500 where the table has 426, or no reply.",
    applies: |findings, breach| {
        breach.side == Side::Server && findings.scenario.server.model.is_some()
    },
};
