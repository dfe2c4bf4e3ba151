//! `live::log_writer` carries the lines of a log to standard error from a thread of its own, so that
//! a log without a reader never stops the server: lines that find no room are counted and dropped.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// The most lines that wait for the reader of the log.
const LINES: usize = 4096;
/// The longest line in bytes. The reply to a command line of 4 KiB fits.
const LINE_LIMIT: usize = 8192;

/// The writing end of a log.
#[derive(Debug)]
pub(super) struct LogWriter {
    lines: SyncSender<String>,
    /// The other end, until the thread has it.
    waiting: Option<Receiver<String>>,
    /// Tells the end of the thread, once started.
    ended: Option<Receiver<()>>,
    /// The lines that found no room since the last line that did.
    dropped: u64,
}

impl LogWriter {
    pub(super) fn new() -> Self {
        let (lines, waiting) = sync_channel(LINES);
        Self { lines, waiting: Some(waiting), ended: None, dropped: 0 }
    }

    /// Starts the thread. Lines from before are written first. Privileges that a thread inherits must
    /// have been given up before.
    pub(super) fn start(&mut self) -> io::Result<()> {
        let Some(lines) = self.waiting.take() else { return Ok(()) };
        // Without the lock of standard error, which the program needs for its last words.
        let mut out = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let (end, ended) = sync_channel(1);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            for line in lines {
                // A server whose log is full or gone continues to serve.
                let _ = out.write_all(line.as_bytes());
            }
            // The program may have stopped to wait.
            let _ = end.send(());
        })?;
        self.ended = Some(ended);
        Ok(())
    }

    /// Writes a line, or counts the line as dropped.
    pub(super) fn write(&mut self, mut line: String) {
        if line.len() > LINE_LIMIT {
            let end = (0..=LINE_LIMIT).rev().find(|end| line.is_char_boundary(*end));
            line.truncate(end.unwrap_or(0));
        }
        line.push('\n');
        if self.dropped > 0 {
            let words = format!("halfclose: {} lines of the log were dropped\n", self.dropped);
            match self.lines.try_send(words) {
                Ok(()) => self.dropped = 0,
                Err(_) => return self.dropped += 1,
            }
        }
        match self.lines.try_send(line) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => self.dropped += 1,
        }
    }

    /// Ends the log: waits until the waiting lines are written, at most for this time.
    pub(super) fn finish(self, patience: Duration) {
        let Self { lines, ended, .. } = self;
        drop(lines);
        if let Some(ended) = ended {
            match ended.recv_timeout(patience) {
                Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_find_no_room_are_counted_and_said() {
        let mut log = LogWriter::new();
        for line in 0..LINES + 10 {
            log.write(line.to_string());
        }
        let lines = log.waiting.take().expect("the thread was not started");
        let held = lines.try_iter().count();
        log.write("again".to_owned());
        let rest: Vec<_> = lines.try_iter().collect();
        assert_eq!(held, LINES);
        assert_eq!(rest, ["halfclose: 10 lines of the log were dropped\n", "again\n"]);
        log.write("é".repeat(LINE_LIMIT));
        assert!(lines.try_iter().all(|line| line.len() <= LINE_LIMIT + 1));
    }
}
