//! `heard` is a writer to somebody who may stop reading: from then on nothing is said, and what says it
//! goes on to its exit status. It does not know what is said.

use std::io::{self, ErrorKind, Write};

/// Writes as long as somebody reads.
pub(super) struct UntilClosed<'a> {
    to: &'a mut dyn Write,
    closed: bool,
}

impl<'a> UntilClosed<'a> {
    pub(super) fn new(to: &'a mut dyn Write) -> Self {
        Self { to, closed: false }
    }

    /// What is done, or `nothing` once nobody reads.
    fn unless_closed<T>(
        &mut self,
        nothing: T,
        act: impl FnOnce(&mut dyn Write) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.closed {
            return Ok(nothing);
        }
        match act(self.to) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(nothing)
            }
            done => done,
        }
    }
}

impl Write for UntilClosed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_closed(bytes.len(), |to| to.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_closed((), |to| to.flush())
    }
}
