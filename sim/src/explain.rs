//! `explain` owns the question why a TCP connection or an FTP transfer ended as it did: packets with
//! times go in, an [`Explanation`] comes out. The packets may be of a run of ours or of a
//! capture of any program; the analysis knows no scenario.
//!
//! ```
//! use halfclose::explain::{Analysis, Frame, LinkLayer};
//!
//! let mut analysis = Analysis::new();
//! // An IPv4 packet that is cut within its header is counted, and explained as nothing.
//! analysis.packet(&Frame { number: 1, at: 0, link: LinkLayer::Raw, bytes: &[0x45, 0, 0] }, "");
//! let explanation = analysis.finish();
//! assert_eq!((explanation.packets, explanation.connections.len()), (1, 0));
//! ```
//!
//! Each statement is *seen* (the packets say so), *inferred* (the packets are best explained so) or
//! *unknown*. docs/EXPLAIN.md has the list of causes and how often each is right.

mod analysis;
mod cause;
pub mod counterfactual;
mod decode;
pub mod explain_text;
mod explained;
mod ftp;
mod judgement;
mod reading;
mod recreation;
mod tracking;
pub mod truth;

pub use analysis::{Analysis, Limits};
pub use cause::Cause;
pub use decode::{Frame, LinkLayer};
pub use explain_text::Selected;
pub use explained::{
    ConnectionExplained, Ended, Ends, Explanation, Forgotten, ResetExplained, Sure,
    TransferExplained, Vantage, Whole,
};
pub use reading::{ReadError, read_capture};
pub use recreation::{Recreation, Sketch, explain_run, recreate};
