//! `live::pipe_store` is a store of one file, under any name: reads take bytes from a source, and
//! writes go to a sink or to a reader of lines.

use std::io::Write as _;
use std::time::Duration;

use halfclose_ftp::store::{
    Entry, Fate, File, Listing, Metadata, Read, Room, Store, StoreError, Writing,
};

use super::local_file::{DownloadFile, UploadFile};

/// The ends of the store; a missing end refuses its operations.
#[derive(Default)]
pub(crate) struct PipeStore<'a> {
    pub input: Option<&'a mut UploadFile>,
    pub output: Option<PipeOutput<'a>>,
}

/// The destination of written bytes.
pub(crate) enum PipeOutput<'a> {
    File(&'a mut DownloadFile),
    Reader(&'a mut dyn std::io::Write),
}

impl Store for PipeStore<'_> {
    fn open_read(&mut self, _: &str, offset: u64) -> Result<(File, u64), StoreError> {
        let input = self.input.as_mut().ok_or(StoreError::NotFound)?;
        Ok((File(0), input.begin(offset)?))
    }

    fn open_write(&mut self, _: &str, how: Writing, _: Duration) -> Result<File, StoreError> {
        match &mut self.output {
            Some(PipeOutput::File(sink)) => sink.begin(how.begin)?,
            Some(PipeOutput::Reader(_)) => {}
            None => return Err(StoreError::Denied),
        }
        Ok(File(1))
    }

    fn read(&mut self, _: File, into: &mut [u8]) -> Result<Read, StoreError> {
        let input = self.input.as_mut().ok_or(StoreError::Failed)?;
        let (bytes, last) = input.read(into)?;
        Ok(Read { bytes, last })
    }

    fn room(&self, _: File, _: Duration) -> Room {
        Room::Bytes(usize::MAX)
    }

    fn write(&mut self, _: File, bytes: &[u8], _: Duration) -> Result<(), StoreError> {
        match &mut self.output {
            Some(PipeOutput::File(sink)) => sink.write(bytes),
            Some(PipeOutput::Reader(reader)) => {
                reader.write_all(bytes).map_err(|_| StoreError::Failed)
            }
            None => Err(StoreError::Failed),
        }
    }

    fn close(&mut self, file: File, _: Fate) -> Result<(), StoreError> {
        match &mut self.output {
            Some(PipeOutput::Reader(reader)) if file == File(1) => {
                reader.flush().map_err(|_| StoreError::Failed)
            }
            _ => Ok(()),
        }
    }

    fn metadata(&mut self, _: &str) -> Result<Metadata, StoreError> {
        match &self.output {
            Some(PipeOutput::File(sink)) => {
                let size = sink.there().ok_or(StoreError::NotFound)?;
                Ok(Metadata { size, ..Metadata::default() })
            }
            _ => Err(StoreError::NotFound),
        }
    }

    fn set_modified(&mut self, _: &str, _: Duration) -> Result<(), StoreError> {
        Err(StoreError::Denied)
    }

    fn remove(&mut self, _: &str) -> Result<(), StoreError> {
        Err(StoreError::Denied)
    }

    fn rename(&mut self, _: &str, _: &str) -> Result<(), StoreError> {
        Err(StoreError::Denied)
    }

    fn make_directory(&mut self, _: &str, _: Duration) -> Result<(), StoreError> {
        Err(StoreError::Denied)
    }

    fn remove_directory(&mut self, _: &str) -> Result<(), StoreError> {
        Err(StoreError::Denied)
    }

    fn open_listing(&mut self, _: &str) -> Result<Listing, StoreError> {
        Err(StoreError::NotDirectory)
    }

    fn next_entry(&mut self, _: Listing) -> Result<Option<Entry<'_>>, StoreError> {
        Ok(None)
    }

    fn close_listing(&mut self, _: Listing) {}
}
