//! `text` owns the trait of everything that a control connection can carry as text. Most texts are
//! copied as they are; only composed texts need a formatter.

use crate::wire::address::{EprtArgument, HostPort};
use crate::wire::date::Digits;
use std::borrow::Cow;
use std::fmt::Arguments;
use std::io::Write;
use std::sync::Arc;

/// A text of a control connection: the text of a reply, or the argument of a command.
pub trait Text {
    /// Appends the text to `out`.
    fn append_to(&self, out: &mut Vec<u8>);
}

/// Implements [`Text`] by a copy, or by the formatter.
macro_rules! text {
    ($($copied:ty),+; $($formatted:ty),+) => {
        $(impl Text for $copied {
            fn append_to(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.as_bytes());
            }
        })+
        $(impl Text for $formatted {
            fn append_to(&self, out: &mut Vec<u8>) {
                // Writing to a Vec cannot fail.
                let _ = write!(out, "{self}");
            }
        })+
    };
}

text!(&str, String, Arc<str>, Cow<'_, str>; Arguments<'_>, u64, HostPort, EprtArgument, Digits);
