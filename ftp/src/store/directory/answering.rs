//! `store::directory::answering` turns the calls of a session into questions to a disk, and the
//! products of the threads into the answers of the store.

use super::asking::{Answer, Product};
use super::{DirectoryStore, Listed, Names, Open};
use crate::store::{Asker, Entry, Fate, File, Listing, Metadata, Read, StoreError};
use cap_std::fs::Dir;
use std::sync::Arc;

impl Answer {
    pub(super) fn done(self) -> Result<(), StoreError> {
        if let Self::Done(done) = self { done } else { Err(StoreError::Failed) }
    }

    pub(super) fn known(self) -> Result<Metadata, StoreError> {
        if let Self::Known(known) = self { known } else { Err(StoreError::Failed) }
    }

    pub(super) fn opened(self) -> Result<(File, u64), StoreError> {
        if let Self::Opened(opened) = self { opened } else { Err(StoreError::Failed) }
    }

    pub(super) fn listed(self) -> Result<Listing, StoreError> {
        if let Self::Listed(listed) = self { listed } else { Err(StoreError::Failed) }
    }
}

impl DirectoryStore {
    /// Asks the disk: in a thread for a session, or else at once.
    pub(super) fn ask(
        &mut self,
        job: impl FnOnce(&Dir) -> Product + Send + 'static,
    ) -> Result<Answer, StoreError> {
        if let Some(answer) = self.asking.answer()? {
            return Ok(answer);
        }
        let root = Arc::clone(&self.root);
        match self.asking.ask(move || job(&root)) {
            Ok(()) => Err(StoreError::Waits),
            Err(job) => Ok(self.note(job())),
        }
    }

    /// Asks the disk for a path: at once if the kernel knows the path without the disk.
    pub(super) fn look(
        &mut self,
        path: &str,
        job: impl FnOnce(&Dir, &str) -> Product + Send + 'static,
    ) -> Result<Answer, StoreError> {
        if let Some(answer) = self.asking.answer()? {
            return Ok(answer);
        }
        if self.asking.session().is_none() || self.disks.know(&self.root, path) {
            let product = job(&self.root, path);
            return Ok(self.note(product));
        }
        let (disks, path) = (self.disks.clone(), path.to_owned());
        self.ask(move |root| {
            let product = job(root, &path);
            disks.learn(root, &path);
            product
        })
    }

    /// Changes a name on the disk.
    pub(super) fn change(
        &mut self,
        path: &str,
        act: impl FnOnce(&Dir, &str) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.may_change(path)?;
        let path = path.to_owned();
        self.ask(move |root| Product::Done(act(root, &path)))?.done()
    }

    /// Takes the answer of a call that needed no thread.
    pub(super) fn note(&mut self, product: Product) -> Answer {
        let answer = self.collect(product);
        self.asking.note(answer);
        answer
    }

    /// Gives out the handles of a product.
    fn collect(&mut self, product: Product) -> Answer {
        match product {
            Product::Done(done) => Answer::Done(done),
            Product::Known(known) => Answer::Known(known),
            Product::Opened(opened) => {
                Answer::Opened(opened.map(|(open, size)| (File(self.files.insert(open)), size)))
            }
            Product::Listed(listed) => {
                Answer::Listed(listed.map(|listed| Listing(self.listings.insert(*listed))))
            }
            Product::Names(..) | Product::Brought(..) | Product::Wrote => Answer::Done(Ok(())),
        }
    }

    /// Takes the next product of a thread. Returns its session.
    pub(super) fn take_product(&mut self) -> Option<Asker> {
        let (session, number, product) = self.asking.product()?;
        match product {
            Product::Names(listing, reader, names) => match self.listings.get_mut(listing.0) {
                Some(listed) => (listed.reader, listed.names) = (Some(reader), names),
                None => self.asking.leave(Box::new(move || drop(reader))),
            },
            Product::Wrote => {}
            Product::Brought(file, bytes) => {
                if let Some(Open::Read(reading, _)) = self.files.get_mut(file.0) {
                    reading.brought(bytes);
                }
            }
            product => {
                let answer = self.collect(product);
                if !self.asking.deliver(session, number, answer) {
                    self.dispose(answer);
                }
            }
        }
        Some(session)
    }

    /// Closes what an answer has opened, for a session that has not taken the answer.
    pub(super) fn dispose(&mut self, answer: Answer) {
        match answer {
            Answer::Opened(Ok((file, _))) => {
                let open = self.files.remove(file.0);
                self.asking.leave(Box::new(move || match open {
                    // As if the upload had never begun, as far as the disk is able.
                    Some(Open::Written(upload)) => {
                        let _ = upload.take_written().map(|it| it.close(Fate::Discard, false));
                    }
                    open => drop(open),
                }));
            }
            Answer::Listed(Ok(listing)) => self.leave_listing(listing),
            Answer::Done(_) | Answer::Known(_) | Answer::Opened(_) | Answer::Listed(_) => {}
        }
    }

    pub(super) fn leave_listing(&mut self, listing: Listing) {
        let listed = self.listings.remove(listing.0);
        self.asking.leave(Box::new(move || drop(listed)));
    }

    pub(super) fn read_bytes(&mut self, file: File, into: &mut [u8]) -> Result<Read, StoreError> {
        let Some(Open::Read(reading, session)) = self.files.get_mut(file.0) else {
            return Err(StoreError::Failed);
        };
        match (reading.read(into, session.is_some())?, *session) {
            (super::Bytes::Read(read), _) => return Ok(read),
            (super::Bytes::Ask(bringing), Some(session)) => {
                self.asking.ask_beside(session, move || Product::Brought(file, bringing.bring()));
            }
            (super::Bytes::Ask(_) | super::Bytes::None, _) => {}
        }
        Ok(Read { bytes: 0, last: false })
    }

    pub(super) fn next_name(&mut self, listing: Listing) -> Result<Option<Entry<'_>>, StoreError> {
        let listed = self.listings.get_mut(listing.0).ok_or(StoreError::Failed)?;
        if listed.names.are_listed() {
            let mut reader = listed.reader.take().ok_or(StoreError::Waits)?;
            let names = std::mem::take(&mut listed.names);
            if let Some(session) = listed.session {
                self.asking.ask_beside(session, move || {
                    let names = names.read(&mut reader);
                    Product::Names(listing, reader, names)
                });
                return Err(StoreError::Waits);
            }
            listed.names = names.read(&mut reader);
            listed.reader = Some(reader);
        }
        listed.names.next()
    }
}

impl Listed {
    /// Opens the directory and reads the first names.
    pub(super) fn open(
        root: &Dir,
        path: &str,
        session: Option<Asker>,
    ) -> Result<Box<Self>, StoreError> {
        let mut reader = super::DirectoryReader::open(root, path)?;
        let names = Names::default().read(&mut reader);
        Ok(Box::new(Self { reader: Some(reader), names, session }))
    }
}
