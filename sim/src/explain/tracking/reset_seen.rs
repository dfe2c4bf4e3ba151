//! `reset_seen` owns what a capture shows of one RST: its numbers, and how both ends stood when the RST
//! passed.

/// One RST, and the connection when the RST passed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResetSeen {
    /// The number of the packet.
    pub(crate) frame: u64,
    /// When the RST passed, in nanoseconds.
    pub(crate) at: u64,
    /// The end whose address the RST carries: 0 the client, 1 the server.
    pub(crate) from: usize,
    /// The relative sequence number; none if nothing else of that end was seen.
    pub(crate) seq: Option<i64>,
    /// Whether the RST has an acknowledgment.
    pub(crate) has_ack: bool,
    /// The relative acknowledgment number, where the RST has one.
    pub(crate) ack: Option<i64>,
    /// The reason code of a diagnostic payload (draft-ietf-tcpm-rst-diagnostic-payload).
    pub(crate) code: Option<u16>,
    /// Nanoseconds since the packet before the RST, in either direction.
    pub(crate) silence: u64,
    /// The last packet of the other end: its number, its time, its data.
    pub(crate) trigger: Trigger,
    /// What this end had sent, and what of that was acknowledged.
    pub(crate) next: i64,
    pub(crate) acked: i64,
    /// What the other end had sent, and what this end had acknowledged of that.
    pub(crate) peer_next: i64,
    pub(crate) peer_acked: i64,
    /// Where the data of the other end ended.
    pub(crate) peer_data: i64,
    /// This end had sent its FIN; the FIN was acknowledged.
    pub(crate) own_fin: bool,
    pub(crate) own_fin_acked: bool,
    /// This end had acknowledged the other end's FIN.
    pub(crate) peer_fin_acked: bool,
    /// Repeats of this end without an answer.
    pub(crate) fruitless: u32,
    /// Time since the other end last said anything.
    pub(crate) peer_silence: u64,
    /// This end went on as if the RST had not been: the packet that shows so.
    pub(crate) contradicted: Option<u64>,
    /// The time to live or the identification is unlike the other packets of that end.
    pub(crate) odd_header: bool,
    /// The capture's own word on the packet says that no host sent the RST.
    pub(crate) declared_forged: bool,
}

impl ResetSeen {
    /// Whether a byte of the other end had reached the host that sent the RST: the acknowledgment of
    /// the RST tells so.
    pub(crate) fn has_received(&self) -> Option<bool> {
        self.ack.map(|ack| ack > 1)
    }
}

/// The packet that a RST may answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trigger {
    /// The number of the packet; 0: there is none.
    pub(crate) frame: u64,
    /// Bytes of data in the packet.
    pub(crate) len: u32,
    /// The packet has a SYN.
    pub(crate) syn: bool,
}
