//! `watcher` sees every packet of a bridge run: it feeds the analysis of `explain` and writes the
//! capture while the run is under way, so that a long run needs no memory for its packets.

use std::io::{self, Write};
use std::time::Duration;

use crate::capture::{CaptureWriter, CapturedPacket};
use crate::explain::{Analysis, Explanation, Frame, LinkLayer};
use crate::network::trace::Trace;
use crate::run::{CapturePoint, emitted};
use crate::side::Side;

/// The capture of a run, and the place of the capture.
pub(crate) type Tap<'a> = (CaptureWriter<&'a mut dyn Write>, CapturePoint);

/// The observer of a run.
pub(super) struct Watcher<'a> {
    analysis: Analysis,
    frames: u64,
    capture: Option<Tap<'a>>,
    /// The first failure of the capture: a run goes on without its capture.
    failed: Option<io::Error>,
    /// Whether the packets stay in the trace, for printing.
    keeps: bool,
    /// Events of the trace that were seen.
    seen: usize,
}

impl<'a> Watcher<'a> {
    /// An observer that writes to `capture` and keeps the packets in the trace on request.
    pub(super) fn new(capture: Option<Tap<'a>>, keeps: bool) -> Self {
        Self { analysis: Analysis::new(), frames: 0, capture, failed: None, keeps, seen: 0 }
    }

    /// `from` hands a packet to the link.
    pub(super) fn leaves(&mut self, at: Duration, from: Side, bytes: &[u8]) {
        self.at_host(at, from, bytes);
    }

    /// A packet reaches `to`.
    pub(super) fn arrives(&mut self, at: Duration, to: Side, bytes: &[u8]) {
        self.at_host(at, to, bytes);
    }

    fn at_host(&mut self, at: Duration, side: Side, bytes: &[u8]) {
        let here = match self.capture {
            Some((_, CapturePoint::Client)) => side == Side::Client,
            Some((_, CapturePoint::Server)) => side == Side::Server,
            _ => false,
        };
        if here {
            self.write(CapturedPacket { at, bytes, comment: "" });
        }
    }

    fn write(&mut self, packet: CapturedPacket<'_>) {
        if let Some((capture, _)) = &mut self.capture
            && let Err(error) = capture.packet(packet)
        {
            self.failed = Some(error);
            self.capture = None;
        }
    }

    /// Sees the packets that the trace has recorded since the last call.
    pub(super) fn watch(&mut self, trace: &mut Trace) {
        let on_link = matches!(self.capture, Some((_, CapturePoint::Link)));
        for (event, bytes) in trace.wire_from(self.seen) {
            let packet = emitted(event, bytes, None);
            self.frames += 1;
            let frame = Frame {
                number: self.frames,
                at: u64::try_from(packet.at.as_nanos()).unwrap_or(u64::MAX),
                link: LinkLayer::Raw,
                bytes: &packet.bytes,
            };
            self.analysis.packet(&frame, &packet.comment);
            if on_link {
                self.write(packet.borrowed());
            }
        }
        if self.keeps {
            self.seen = trace.events().len();
        } else {
            trace.forget_events();
        }
    }

    /// Ends the capture, and explains what was seen.
    pub(super) fn finish(mut self) -> (Explanation, io::Result<()>) {
        let ended = self.capture.take().map_or(Ok(()), |(capture, _)| capture.finish().map(drop));
        (self.analysis.finish(), self.failed.map_or(ended, Err))
    }
}
