//! `divergence.rs` owns the names of the differences between smoltcp 0.14 and the RFCs that a run may
//! notice, so no defect of smoltcp is blamed on an application. This crate mends most of them.

use std::fmt;

/// A difference between smoltcp and the RFCs in the life of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Divergence {
    /// CLOSE in SYN-RECEIVED: smoltcp mistakes the handshake's ACK for the ACK of a FIN never sent.
    CloseInSynReceived,
    /// A RST after a retransmission timeout: smoltcp numbers it from the rewound SND.NXT.
    ResetSequence,
    /// A RST in the window but not exactly at RCV.NXT: smoltcp believes the RST.
    ResetInWindow,
    /// A RST exactly at RCV.NXT after a FIN on data filled the window: smoltcp ignores the RST.
    ResetIgnored,
    /// ABORT where no RST may leave: smoltcp would send one.
    ResetForbidden,
    /// A SYN on a synchronized connection: smoltcp is silent.
    SynIgnored,
    /// A FIN behind a gap: smoltcp forgets the FIN until the peer's timeout repeats the FIN.
    FinOutOfOrder,
    /// A FIN on a repeated segment whose data has arrived already: smoltcp ignores the FIN again.
    FinOnOldData,
    /// A FIN on a segment cut by the window: smoltcp takes the FIN without the bytes before it.
    FinPastWindow,
    /// Data on a segment whose ACK is old: smoltcp drops the data with the ACK.
    DataWithOldAck,
    /// Data beyond the peer's FIN: smoltcp accepts the data.
    DataAfterFin,
    /// Unread bytes at the end of TIME-WAIT: smoltcp destroys the bytes.
    UnreadAtTimeWaitEnd,
    /// Outstanding data or an outstanding FIN without a timer: smoltcp has lost its timer.
    TimerLost,
}

impl Divergence {
    /// Whether this crate mends the difference. If not, the difference has had its effect on the run.
    #[must_use]
    pub fn mended(self) -> bool {
        !matches!(
            self,
            Self::FinOutOfOrder | Self::FinOnOldData | Self::DataWithOldAck | Self::TimerLost
        )
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CloseInSynReceived => {
                "close in SYN-RECEIVED waits for ESTABLISHED (RFC 9293 §3.10.4)"
            }
            Self::ResetSequence => {
                "a reset after a timeout is numbered SND.NXT, not SND.UNA (RFC 9293 §3.10.5)"
            }
            Self::ResetInWindow => {
                "a reset beside RCV.NXT is not believed but challenged (RFC 5961 §3.2)"
            }
            Self::ResetIgnored => {
                "a reset exactly at RCV.NXT ends the connection (RFC 9293 §3.10.7.4)"
            }
            Self::ResetForbidden => {
                "abort sends no reset in SYN-SENT, CLOSING, LAST-ACK, TIME-WAIT (RFC 9293 §3.10.5)"
            }
            Self::SynIgnored => "a SYN on a synchronized connection is challenged (RFC 5961 §4.2)",
            Self::FinOutOfOrder => {
                "a FIN that arrived before the data it follows is forgotten (RFC 9293 §3.10.7.4)"
            }
            Self::FinOnOldData => {
                "a FIN on a repeated segment is ignored once its data is here (RFC 9293 §3.10.7.4)"
            }
            Self::FinPastWindow => {
                "a FIN on a segment cut by the window waits to be sent again (RFC 9293 §3.10.7.4)"
            }
            Self::DataWithOldAck => {
                "data on a segment with an old ACK is dropped (RFC 9293 §3.10.7.4)"
            }
            Self::DataAfterFin => "data after the peer's FIN is ignored (RFC 9293 §3.10.7.4)",
            Self::UnreadAtTimeWaitEnd => {
                "bytes unread at the end of TIME-WAIT are kept for their user (RFC 9293 §3.10.4)"
            }
            Self::TimerLost => {
                "data or a FIN is unacknowledged and no timer repeats it (RFC 9293 §3.8.1)"
            }
        })
    }
}
