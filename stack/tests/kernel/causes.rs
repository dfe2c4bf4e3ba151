//! `causes.rs` owns the list of differences between the kernel and the host with the policy `linux` that
//! remain, each with its cause. A difference outside of the list fails a test.

use halfclose_stack::Flags;

use crate::step::{Reaction, Step};

/// A step to which the two ends have reacted differently.
pub(crate) struct Difference<'a> {
    pub(crate) step: &'a Step,
    pub(crate) kernel: &'a Reaction,
    pub(crate) ours: &'a Reaction,
    /// Whether a timer has sent something before the step.
    pub(crate) timed_out: bool,
}

/// A cause: the name, the rule that recognizes the difference, and the reason.
pub(crate) struct Cause {
    pub(crate) name: &'static str,
    matches: fn(&Difference<'_>) -> bool,
    #[expect(dead_code, reason = "for the reader of the list")]
    reason: &'static str,
}

const CAUSES: [Cause; 8] = [
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
        name: "fast-retransmit-by-a-fin",
        matches: |it| {
            let acks = |sent: &String| sent.split(" ack ").nth(1).map(str::to_owned);
            let [kernel, ours] = [it.kernel, it.ours].map(|reaction| reaction.sent.first());
            matches!(it.step, Step::Arrive(it) if it.flags.has(Flags::FIN) && it.len == 0)
                && it.agree_but_for_packets()
                && kernel.is_some_and(|sent| sent.contains("(0)"))
                && kernel.and_then(acks) == ours.and_then(acks)
        },
        reason: "smoltcp 0.14 counts a FIN without data as an equal ACK, against RFC 5681 §2 (d), and \
                 sends data again in place of a bare ACK.",
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
    Cause {
        name: "time-wait-before-close",
        matches: |it| {
            it.kernel.state == "TIME-WAIT"
                && it.ours.state == "CLOSED"
                && it.kernel.sent == it.ours.sent
                && it.kernel.told == it.ours.told
        },
        reason: "Until CLOSE a connection is in TIME-WAIT for the 10 s of smoltcp 0.14, a constant; after \
                 CLOSE for the 60 s of Linux, as the host is told to.",
    },
    Cause {
        name: "fin-wait-2-after-timeouts",
        matches: |it| {
            it.timed_out
                && it.kernel.state == "FIN-WAIT-2"
                && it.ours.state == "CLOSED"
                && it.kernel.sent == it.ours.sent
                && it.kernel.told == it.ours.told
        },
        reason: "Linux waits in FIN-WAIT-2 for at least 3.5 RTO (tcp_fin_time), and the RTO stays doubled \
                 after a retransmission; smoltcp 0.14 keeps its RTO to itself. With the 60 s of Linux \
                 in place of 5 s, the RTO must be above 17 s.",
    },
    Cause {
        name: "zero-window-probe",
        matches: |it| {
            it.is_wait()
                && it.agree_but_for_packets()
                && it.kernel.sent.len() == it.ours.sent.len()
                && it.kernel.sent.iter().all(|sent| sent.starts_with(". ") && sent.contains("(0)"))
                && it.ours.sent.iter().all(|sent| sent.contains("(1)"))
        },
        reason: "smoltcp 0.14 probes a closed window with the next byte, as RFC 9293 §3.8.6.1 has it; Linux \
                 probes with an empty segment below SND.UNA. The times agree.",
    },
    Cause {
        name: "loss-window-of-a-timeout",
        matches: |it| it.is_wait() && it.agree_but_for_packets() && it.same_timeouts(),
        reason: "After a retransmission timeout Linux sends one segment, and merges only whole segments \
                 that fit into the segment (tcp_retrans_collapse); smoltcp 0.14 counts its window in \
                 bytes, and sends everything from SND.UNA in segments as large as the MSS. The times \
                 agree.",
    },
    Cause {
        name: "loss-window",
        matches: |it| {
            it.timed_out
                && !it.is_wait()
                && it.agree_but_for_packets()
                && it.kernel.sent.len() < it.ours.sent.len()
        },
        reason: "After a retransmission timeout the window of Linux holds one segment until an \
                 acknowledgment, so new segments wait; the window of smoltcp counts bytes, and a short \
                 segment fits.",
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

    fn is_wait(&self) -> bool {
        matches!(self.step, Step::Wait(_))
    }

    /// Whether both ends have retransmitted from the same number, equally often.
    fn same_timeouts(&self) -> bool {
        let firsts = |reaction: &Reaction| -> Vec<u32> {
            let range = |sent: &String| sent.split(' ').nth(1)?.split(':').next()?.parse().ok();
            reaction.sent.iter().filter_map(range).collect()
        };
        let [kernel, ours] = [firsts(self.kernel), firsts(self.ours)];
        let Some(una) = ours.iter().min() else { return false };
        let timeouts = ours.iter().filter(|&first| first == una).count();
        kernel.len() == timeouts && kernel.iter().all(|first| first == una)
    }

    fn is_empty_ack(&self) -> bool {
        matches!(self.step, Step::Arrive(it) if it.flags == Flags::ACK && it.len == 0)
    }
}
