//! `truth` knows why each transfer of a run of ours ended as it did: from what the hosts noted, why
//! each RST was sent, and what became of each packet. Nothing here is inferred from a capture; the
//! accuracy of the capture's judgement is measured against this.

mod life;

use std::net::SocketAddr;
use std::time::Duration;

use halfclose_ftp::Told;
use halfclose_stack::{Ending, ResetCause};

use super::cause::Cause;
use crate::outcome::TransferOutcome;
use crate::run::Finished;
use crate::side::Side;
use life::{Life, Lives, SentReset};

/// An end that waits longer than this before it answers a FIN waits for something else.
const STANDOFF: Duration = Duration::from_secs(10);

/// Silence behind which a RST is of a device that has forgotten the connection.
const IDLE: Duration = Duration::from_secs(30);

/// Why one transfer of a run ended as it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// The cause of the end.
    pub cause: Cause,
    /// The cause as a sentence.
    pub because: String,
    /// Emission numbers of the packets that show so.
    pub packets: Vec<u64>,
}

impl Truth {
    fn new(
        cause: Cause,
        because: impl Into<String>,
        packets: impl IntoIterator<Item = u64>,
    ) -> Self {
        Self { cause, because: because.into(), packets: packets.into_iter().collect() }
    }
}

/// Why each transfer ended as it did, in the order of the outcome. The run has to be recorded with
/// [`Recording::Headers`](crate::network::trace::Recording::Headers) at least.
#[must_use]
pub fn of(finished: &Finished) -> Vec<Truth> {
    let lives = Lives::new(&finished.trace);
    finished.outcome.transfers.iter().map(|transfer| one(finished, &lives, transfer)).collect()
}

fn one(finished: &Finished, lives: &Lives, transfer: &TransferOutcome) -> Truth {
    if transfer.aborted {
        return Truth::new(Cause::AbortedByUser, "the client said ABOR", []);
    }
    if transfer.died {
        return Truth::new(Cause::ClientDied, "the client program died in the middle", []);
    }
    let sender = transfer.sender();
    let until = transfer.span.1.unwrap_or(finished.outcome.quiet_at);
    let life = match transfer.data {
        Some(ends) => lives.find(ends, transfer.span.0),
        // A connection that the client's program never saw: the one that opened meanwhile.
        None => lives.attempts(transfer.span.0, until).find(|life| life.is_established()),
    };
    let Some(life) = life else { return without_data(lives, transfer, until) };
    if let Some(truth) = forged_fin(life).or_else(|| forged(life)) {
        return truth;
    }
    match life.deciding_reset() {
        Some(reset) => by_reset(transfer, life, reset, sender),
        None => without_reset(transfer, life, sender),
    }
}

fn code(transfer: &TransferOutcome) -> u16 {
    transfer.reply.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The data connection never opened.
fn without_data(lives: &Lives, transfer: &TransferOutcome, until: Duration) -> Truth {
    let attempt = lives.attempts(transfer.span.0, until).next();
    if let Some(life) = attempt {
        let opener = if life.opened_by == Some(Side::Client) { 0 } else { 1 };
        let packets = life.first;
        return match life.endings[opener] {
            Some((_, Ending::Refused)) => {
                Truth::new(Cause::Refused, "the SYN was answered with a RST", packets)
            }
            _ => Truth::new(Cause::UnansweredSyn, "no answer to the SYN arrived", packets),
        };
    }
    match code(transfer) {
        425 if lives.has_earlier(transfer.span.0) => Truth::new(
            Cause::TimeWaitReuse,
            "the server's host refused to connect: the ports are in TIME-WAIT",
            [],
        ),
        400..=599 => Truth::new(
            Cause::ServerFailed,
            format!("the server said {} and opened no data connection", transfer.reply),
            [],
        ),
        _ => Truth::new(Cause::ControlSilent, "no final reply reached the client", []),
    }
}

/// A FIN that no host sent was taken for the end.
fn forged_fin(life: &Life) -> Option<Truth> {
    let (emission, at, claimed) = life.forged_fin?;
    let taken = life.end_taken(claimed).filter(|taken| *taken >= at)?;
    // Where the host sent its own FIN and both hosts finished, the forged copy has changed nothing.
    let finished = |it: &Option<_>| matches!(it, Some((_, Ending::Finished)));
    let harmless = life.endings.iter().all(finished);
    let own = life.fin_sent(claimed).is_some_and(|sent| sent < taken || harmless);
    let because = format!("a FIN that no host had sent came in the name of the {}", claimed.name());
    (!own).then(|| Truth::new(Cause::ForeignReset, because, [emission]))
}

/// A RST that no host sent ended the connection at one host.
fn forged(life: &Life) -> Option<Truth> {
    let (emission, at, claimed) = life.forged_reset?;
    let victim = claimed.peer() as usize;
    let (ended, ending) = life.endings[victim]?;
    let before = life.resets.iter().any(|reset| reset.side == claimed && reset.at < ended);
    if ending != Ending::Reset || before || ended < at {
        return None;
    }
    let idle = life.silence_before(at) > IDLE;
    let (cause, what) = match idle {
        true => (Cause::MiddleboxIdleReset, "after a long silence a RST"),
        false => (Cause::ForeignReset, "a RST"),
    };
    let because =
        format!("{what} that no host had sent came in the name of the {}", claimed.name());
    Some(Truth::new(cause, because, [emission]))
}

/// A host's RST decided.
fn by_reset(transfer: &TransferOutcome, life: &Life, reset: &SentReset, sender: Side) -> Truth {
    let (who, packets) = (reset.side.name(), reset.packet);
    let told = |cause, because: String| Truth::new(cause, because, packets);
    let receiver = sender.peer();
    let by_reply =
        sender == Side::Server && reset.side == receiver && transfer.told == Told::Success;
    if by_reply && matches!(reset.cause, ResetCause::CloseUnread | ResetCause::DataAfterClose) {
        let because = "the client closed on the server's reply, with bytes still on the way";
        return told(Cause::EarlyReply, because.to_owned());
    }
    if reset.cause == ResetCause::TimedOut {
        if reset.side == sender && life.ended_before_a_repeat(reset) {
            let because =
                format!("a deadline of the {who}'s close passed: a RST in place of a FIN");
            return told(Cause::ResetBehindLastByte, because);
        }
        return given_up(life, reset.side, packets);
    }
    let fin = life.fin_taken(sender);
    if reset.side == receiver && fin.is_some_and(|at| reset.at.saturating_sub(at) > STANDOFF) {
        let because = format!("the {} sent its FIN, and the {who} waited for more", sender.name());
        return told(Cause::HalfcloseStandoff, because);
    }
    let server_end = life.endings[Side::Server as usize];
    let gave_up = server_end.is_some_and(|(_, it)| it == Ending::Aborted);
    let refused = receiver == Side::Server || [450, 550].contains(&code(transfer));
    if gave_up && refused && code(transfer) >= 400 {
        let because = format!("the server gave up the transfer: {}", transfer.reply);
        return told(Cause::ServerFailed, because);
    }
    if reset.side == sender {
        return match reset.cause {
            ResetCause::CloseUnread => told(
                Cause::CloseWithUnread,
                format!("the {who} closed with bytes unread: its host sent a RST"),
            ),
            ResetCause::DataAfterClose => told(
                Cause::DataAfterClose,
                format!("bytes came for the {who} after its close: its host sent a RST"),
            ),
            _ => told(
                Cause::ResetBehindLastByte,
                format!("the {who} ended with a RST behind its last byte, in place of a FIN"),
            ),
        };
    }
    let cut_off = life.endings[sender as usize].is_some_and(|(_, it)| it == Ending::TimedOut);
    if cut_off && life.data_outstanding(sender) {
        return given_up(life, sender, packets);
    }
    let aborted = reset.cause == ResetCause::Abort;
    if aborted && reset.side == Side::Client && code(transfer) < 200 {
        return told(Cause::ControlSilent, "the client gave up: no reply came".to_owned());
    }
    if aborted && reset.side == Side::Client {
        return told(Cause::Unknown, "the client gave up the transfer by itself".to_owned());
    }
    if aborted || (reset.side == Side::Server && code(transfer) >= 400) {
        let because = format!("the server gave up the transfer: {}", transfer.reply);
        return told(Cause::ServerFailed, because);
    }
    match reset.cause {
        ResetCause::DataAfterClose => {
            told(Cause::DataAfterClose, format!("data came for the {who} after its close"))
        }
        ResetCause::CloseUnread => told(
            Cause::CloseWithUnread,
            format!("the {who} closed with bytes unread: its host sent a RST"),
        ),
        _ => told(Cause::Unknown, format!("the {who} aborted the data connection")),
    }
}

/// A host gave up: its repeats drew no answer.
fn given_up(life: &Life, side: Side, packets: Option<u64>) -> Truth {
    let who = side.name();
    let stalled = life.endings[side as usize].is_some_and(|(_, it)| it == Ending::Stalled);
    let gave_up = match stalled {
        true => "its TCP stack stalled, a fault of smoltcp and not of FTP",
        false => "its host gave up",
    };
    if !life.opened_at(side) {
        let because = format!("no answer to the {who}'s SYN or SYN-ACK arrived, and {gave_up}");
        return Truth::new(Cause::UnansweredSyn, because, packets);
    }
    if life.data_outstanding(side) {
        let because = format!("the {who}'s last bytes were never acknowledged, and {gave_up}");
        return Truth::new(Cause::TailUnacknowledged, because, packets);
    }
    if life.fin_outstanding(side) {
        let because = format!("the {who}'s FIN was never acknowledged, and {gave_up}");
        return Truth::new(Cause::FinLost, because, packets);
    }
    Truth::new(Cause::Unknown, format!("a deadline of the {who}'s host passed"), packets)
}

/// The judgement where no RST decided.
fn without_reset(transfer: &TransferOutcome, life: &Life, sender: Side) -> Truth {
    let closed = |side| life.fin_taken(side).is_some();
    let both = closed(Side::Client) && closed(Side::Server);
    for side in [sender, sender.peer()].into_iter().filter(|_| !both) {
        let over = life.endings[side as usize];
        if over.is_none_or(|(_, ending)| ending != Ending::Finished) {
            let truth = given_up(life, side, None);
            if truth.cause != Cause::Unknown {
                return truth;
            }
        }
    }
    let answered = life.fin_sent(sender.peer());
    let waited = match (life.fin_taken(sender), answered) {
        (Some(taken), Some(answered)) => answered.saturating_sub(taken) > STANDOFF,
        (Some(_), None) => true,
        (None, _) => false,
    };
    let failed = code(transfer) >= 400;
    if waited && (failed || answered.is_none()) {
        let (who, other) = (sender.name(), sender.peer().name());
        let because =
            format!("the {who} sent its FIN, and the {other} did not answer with its own");
        return Truth::new(Cause::HalfcloseStandoff, because, []);
    }
    match code(transfer) {
        400..=599 => Truth::new(
            Cause::ServerFailed,
            format!("the data connection ended orderly, and the server said {}", transfer.reply),
            [],
        ),
        200..=399 => Truth::new(
            Cause::Orderly,
            "both ends closed with a FIN, every byte was acknowledged, and the server said 2yz",
            [],
        ),
        _ => Truth::new(Cause::ControlSilent, "no final reply reached the client", []),
    }
}

/// Both ends as ports of the simulated hosts.
fn ports([client, server]: [SocketAddr; 2]) -> (u16, u16) {
    (client.port(), server.port())
}
