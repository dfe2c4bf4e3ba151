//! `line_writer` writes lines of a results file, all of a thread with one CSV writer: to make such a
//! writer takes as long as a run.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use super::row::COLUMNS;
use super::{Format, Line};

/// Writes the lines of one thread.
pub(crate) struct LineWriter {
    csv: csv::Writer<Row>,
    row: Row,
}

impl Default for LineWriter {
    fn default() -> Self {
        let row = Row::default();
        Self { csv: csv::Writer::from_writer(row.clone()), row }
    }
}

impl LineWriter {
    /// Add `line` to `to`, with the end of the line.
    ///
    /// # Panics
    /// If the run has no transfer.
    pub(crate) fn write(&mut self, line: &Line<'_>, format: Format, to: &mut Vec<u8>) {
        let record = line.record();
        match format {
            Format::JsonLines => {
                serde_json::to_writer(&mut *to, &record).expect("a Vec takes everything");
                to.push(b'\n');
            }
            Format::Csv => self.record(COLUMNS.map(|(_, text)| text(&record)), to),
        }
    }

    /// Add cells as one line: a line break in a text is a space there.
    pub(crate) fn record(
        &mut self,
        cells: impl IntoIterator<Item = impl AsRef<str>>,
        to: &mut Vec<u8>,
    ) {
        let cells = cells.into_iter().map(|cell| cell.as_ref().replace(['\r', '\n'], " "));
        let written = self.csv.write_record(cells);
        written.and_then(|()| Ok(self.csv.flush()?)).expect("a Vec takes everything");
        to.append(&mut self.row.0.borrow_mut());
    }
}

/// The bytes of one row, which the CSV writer fills and the line writer takes.
#[derive(Clone, Default)]
struct Row(Rc<RefCell<Vec<u8>>>);

impl Write for Row {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
