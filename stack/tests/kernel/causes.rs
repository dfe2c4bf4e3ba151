//! `causes.rs` owns the list of differences between the kernel and the host with the policy `linux` that
//! remain, each with its cause. A difference outside of the list fails a test.

use halfclose_stack::Flags;

use crate::step::{Reaction, Step};

/// A step to which the two ends have reacted differently.
pub(crate) struct Difference<'a> {
    pub(crate) step: &'a Step,
    pub(crate) kernel: &'a Reaction,
    pub(crate) ours: &'a Reaction,
}

/// A cause: the name, the rule that recognizes the difference, and the reason.
pub(crate) struct Cause {
    pub(crate) name: &'static str,
    matches: fn(&Difference<'_>) -> bool,
    #[expect(dead_code, reason = "for the reader of the list")]
    reason: &'static str,
}

const CAUSES: [Cause; 2] = [
    Cause {
        name: "fast-retransmit",
        matches: |it| {
            let retransmits = |reaction: &Reaction| {
                reaction.sent.iter().all(|sent| sent.starts_with('F') || !sent.contains("(0)"))
            };
            it.is_empty_ack()
                && it.agree_but_for_packets()
                && retransmits(it.kernel)
                && retransmits(it.ours)
        },
        reason: "smoltcp 0.14: the third equal ACK is retransmitted for, by whole segments from SND.UNA; \
                 Linux counts the equal ACKs against the segments in flight, and repeats no more than \
                 the first of them. smoltcp keeps its count to itself, so no host can mend the count.",
    },
    Cause {
        name: "time-wait-limit",
        matches: |it| {
            let acks = |reaction: &Reaction| {
                reaction.sent.len() < 2 && reaction.sent.iter().all(|sent| sent.starts_with(". "))
            };
            it.is_empty_ack()
                && it.agree_but_for_packets()
                && it.ours.state == "TIME-WAIT"
                && acks(it.kernel)
                && acks(it.ours)
        },
        reason: "A host answers once a second before CLOSE in TIME-WAIT (smoltcp's limit), and once a \
                 second after (the host's own); the kernel has one limit for both.",
    },
];

impl Difference<'_> {
    /// The name of the cause, if the list has the cause.
    pub(crate) fn cause(&self) -> Option<&'static str> {
        CAUSES.iter().find(|cause| (cause.matches)(self)).map(|cause| cause.name)
    }

    fn agree_but_for_packets(&self) -> bool {
        self.kernel.state == self.ours.state && self.kernel.told == self.ours.told
    }

    fn is_empty_ack(&self) -> bool {
        matches!(self.step, Step::Arrive(it) if it.flags == Flags::ACK && it.len == 0)
    }
}
