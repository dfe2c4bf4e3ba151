//! `text` owns the trait of everything that a control connection can carry as text. Most texts are
//! copied as they are; only composed texts need a formatter.

use std::borrow::Cow;
use std::fmt::Arguments;
use std::io::Write;
use std::sync::Arc;

/// A text of a control connection: the text of a reply, or the argument of a command.
pub trait Text {
    /// Appends the text to `out`.
    fn append_to(&self, out: &mut Vec<u8>);
}

impl Text for &str {
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl Text for String {
    fn append_to(&self, out: &mut Vec<u8>) {
        self.as_str().append_to(out);
    }
}

impl Text for Arc<str> {
    fn append_to(&self, out: &mut Vec<u8>) {
        (&**self).append_to(out);
    }
}

impl Text for Cow<'_, str> {
    fn append_to(&self, out: &mut Vec<u8>) {
        (&**self).append_to(out);
    }
}

impl Text for Arguments<'_> {
    fn append_to(&self, out: &mut Vec<u8>) {
        // Writing to a Vec cannot fail.
        let _ = out.write_fmt(*self);
    }
}

impl Text for u64 {
    fn append_to(&self, out: &mut Vec<u8>) {
        format_args!("{self}").append_to(out);
    }
}
