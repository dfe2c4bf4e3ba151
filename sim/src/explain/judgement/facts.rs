//! `facts` owns what a transfer of FTP is judged by: its command and replies, its data connection, and
//! its control connection.

use super::connection::Setting;
use super::reset_reason::{near_end, side_name};
use crate::explain::ftp::session_seen::{SessionSeen, TransferSeen};
use crate::explain::tracking::flow::Flow;

/// What a transfer is judged by.
pub(crate) struct Facts<'a> {
    pub(crate) session: &'a SessionSeen,
    pub(crate) transfer: &'a TransferSeen,
    /// The control connection of the session.
    pub(crate) control: Option<&'a Flow>,
    /// The data connection of the transfer.
    pub(crate) data: Option<&'a Flow>,
    /// How the data connection was announced: whether the server listens.
    pub(crate) passive: bool,
    pub(crate) control_setting: Setting,
    pub(crate) data_setting: Setting,
    /// The data connection of an earlier transfer between the same ports ended so long before.
    pub(crate) reuses: Option<u64>,
}

impl Facts<'_> {
    /// The end of the data connection that is the FTP client.
    pub(crate) fn client_end(&self) -> usize {
        usize::from(!self.passive)
    }

    /// The end of the data connection that sends the file.
    pub(crate) fn sender(&self) -> usize {
        if self.transfer.is_upload() { self.client_end() } else { 1 - self.client_end() }
    }

    pub(super) fn code(&self) -> Option<u16> {
        self.transfer.reply.as_ref().map(|(code, ..)| *code)
    }

    /// The server's reply is about its disk (RFC 959 §4.2), or refused the transfer before it began:
    /// other codes are also said of a connection that broke.
    pub(super) fn refused_by_itself(&self) -> bool {
        let began = self.transfer.begun.is_some();
        self.code().is_some_and(|code| {
            let disk = [452, 552, 553].contains(&code);
            disk || (code >= 400 && !began && code != 421 && code != 425)
        })
    }

    pub(super) fn reply_at(&self) -> Option<(u64, u64)> {
        self.transfer.reply.as_ref().map(|(.., place)| (place.frame, place.at))
    }

    /// Whether the reply reached the client's host before the client closed.
    pub(crate) fn reply_reached(&self) -> bool {
        let (Some((.., reply)), Some(control)) = (&self.transfer.reply, self.control) else {
            return self.transfer.reply.is_some();
        };
        let closed = control.ends[0].fin.map(|fin| fin.heard);
        let reset = control.resets.iter().find(|one| one.from == 0).map(|one| one.peer_acked);
        let heard = closed.into_iter().chain(reset).max().unwrap_or(i64::MAX);
        reply.end <= control.ends[1].acked.min(heard)
    }

    pub(super) fn failed(&self) -> bool {
        self.code().is_some_and(|code| code >= 400)
    }

    /// The packet by which the client left its control connection.
    pub(super) fn client_left(&self) -> Option<u64> {
        let control = self.control?;
        let reset = control.resets.iter().find(|one| one.from == 0).map(|one| one.frame);
        let fin = control.ends[0].fin.map(|fin| fin.frame);
        fin.into_iter().chain(reset).min()
    }

    pub(super) fn who(&self, end: usize) -> &'static str {
        side_name(usize::from(end != self.client_end()))
    }

    /// Whether the capture was taken at the FTP client's host.
    pub(super) fn at_client(&self) -> bool {
        near_end(self.control_setting.vantage) == Some(0)
    }
}
