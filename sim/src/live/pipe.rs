//! `live::pipe` is a store of one file that is not on a disk: what is read comes from one stream,
//! what is written goes to another, and nothing is kept.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use halfclose_ftp::store::{
    Begin, Entry, Fate, File, Listing, Metadata, Read, Room, Store, StoreError, Writing,
};

/// The ends of it; what is not given is refused.
#[derive(Default)]
pub(crate) struct Pipe<'a> {
    pub input: Option<&'a mut dyn std::io::Read>,
    pub output: Option<&'a mut dyn std::io::Write>,
}

impl Store for Pipe<'_> {
    fn open_read(&mut self, _: &str, offset: u64) -> Result<(File, u64), StoreError> {
        match &self.input {
            Some(_) if offset == 0 => Ok((File(0), 0)),
            Some(_) => Err(StoreError::BadOffset),
            None => Err(StoreError::NotFound),
        }
    }

    fn open_write(&mut self, _: &str, how: Writing, _: Duration) -> Result<File, StoreError> {
        match (&self.output, how.begin) {
            (Some(_), Begin::New | Begin::Fresh | Begin::Append | Begin::At(0)) => Ok(File(1)),
            _ => Err(StoreError::Denied),
        }
    }

    fn read(&mut self, _: File, into: &mut [u8]) -> Result<Read, StoreError> {
        let input = self.input.as_mut().ok_or(StoreError::Failed)?;
        loop {
            match input.read(into) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(StoreError::Failed),
                Ok(bytes) => return Ok(Read { bytes, last: bytes == 0 }),
            }
        }
    }

    fn room(&self, _: File, _: Duration) -> Room {
        Room::Bytes(usize::MAX)
    }

    fn write(&mut self, _: File, bytes: &[u8], _: Duration) -> Result<(), StoreError> {
        let output = self.output.as_mut().ok_or(StoreError::Failed)?;
        output.write_all(bytes).map_err(|_| StoreError::Failed)
    }

    fn close(&mut self, file: File, _: Fate) -> Result<(), StoreError> {
        match &mut self.output {
            Some(output) if file == File(1) => output.flush().map_err(|_| StoreError::Failed),
            _ => Ok(()),
        }
    }

    fn metadata(&mut self, _: &str) -> Result<Metadata, StoreError> {
        Err(StoreError::NotFound)
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
