//! `streams` holds the output streams of a command and the width of the terminal. A reader may close the
//! pipe without an error.

use std::io::{self, ErrorKind, IsTerminal, Write};

use terminal_size::{Width, terminal_size};

/// Columns of a line where the terminal does not say.
const WIDTH: usize = 80;

/// The two output streams of a command.
pub(crate) struct Streams<'a> {
    /// Standard output, for results.
    pub out: &'a mut dyn Write,
    /// Standard error, for errors and warnings.
    pub err: &'a mut dyn Write,
    /// The columns of the terminal at standard output; `None` for a pipe or a file.
    pub columns: Option<usize>,
}

/// The columns of the terminal at standard output; `None` if standard output is no terminal.
#[must_use]
pub(super) fn terminal_columns() -> Option<usize> {
    let width = || terminal_size().map_or(WIDTH, |(Width(columns), _)| usize::from(columns));
    io::stdout().is_terminal().then(width)
}

/// Passes bytes on until the reader closes the pipe. From then on every write succeeds and does nothing:
/// the command goes on to the exit status.
pub(super) struct UntilClosed<'a> {
    to: &'a mut dyn Write,
    closed: bool,
}

impl<'a> UntilClosed<'a> {
    /// Passes bytes on to `to`.
    pub(super) fn new(to: &'a mut dyn Write) -> Self {
        Self { to, closed: false }
    }

    /// Returns the result of `act`, or `nothing` if the reader is gone.
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
