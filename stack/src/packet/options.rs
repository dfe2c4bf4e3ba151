//! `options.rs` decodes the TCP options that peers of this crate use: maximum segment size (RFC 9293
//! §3.7.1), window scale (RFC 7323) and selective acknowledgment (RFC 2018).

use crate::packet::header::{be16, be32};

/// The decoded options of one segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Maximum segment size in bytes.
    pub max_segment_size: Option<u16>,
    /// Shift of every later window of the sender (RFC 7323 §2), at most 14.
    pub window_scale: Option<u8>,
    /// Whether the sender takes selective acknowledgments.
    pub sack_permitted: bool,
    /// Blocks received out of order: the first sequence number, and the number after the last.
    pub sack: [Option<(u32, u32)>; 4],
}

impl Options {
    /// Decode the options field of a header. `None` if an option is malformed.
    #[inline(never)]
    pub(crate) fn parse(mut rest: &[u8]) -> Option<Self> {
        let mut options = Self::default();
        while let Some(&kind) = rest.first() {
            let len = match kind {
                0 => break,
                1 => 1,
                _ => usize::from(*rest.get(1)?),
            };
            let option = rest.get(..len)?;
            match (kind, len) {
                (1, _) => {}
                (2, 4) => options.max_segment_size = Some(be16(option, 2)),
                (3, 3) => options.window_scale = Some(option[2].min(14)),
                (4, 2) => options.sack_permitted = true,
                (5, 10..) if (len - 2).is_multiple_of(8) => {
                    for (block, at) in options.sack.iter_mut().zip((2..len).step_by(8)) {
                        *block = Some((be32(option, at), be32(option, at + 4)));
                    }
                }
                (2..=5, _) | (_, 0 | 1) => return None,
                _ => {}
            }
            rest = &rest[len..];
        }
        Some(options)
    }
}
