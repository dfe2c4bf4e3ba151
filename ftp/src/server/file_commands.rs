//! `server::file_commands` answers the commands that act on a name in the store at once (RFC 959
//! §4.1.3, RFC 3659 §3 and §4): size, date, remove, make, rename.

use super::error_reply::{Asked, at_once, text};
use super::waiting::Asking;
use super::{Server, ServerContext};
use crate::habit::ServerHabit;
use crate::store::{EntryKind, Metadata, Store, StoreError};
use crate::wire::date::{Digits, parse_digits};
use crate::wire::representation::Representation;
use std::fmt::{self, Display};

impl Server {
    pub(super) fn handle_pwd<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        let text = format_args!("{} is the current directory", Quoted(&self.current)).to_string();
        self.reply(257, &text, cx);
    }

    pub(super) fn handle_mdtm<S: Store>(&mut self, path: &str, cx: &mut ServerContext<'_, S>) {
        self.at_path(path, cx, |server, path, cx| {
            match path.and_then(|path| cx.store.metadata(path)) {
                Ok(found) => server.reply(213, &Digits(found.modified), cx),
                Err(error) => server.refuse(error, Asked::Other, cx),
            }
        });
    }

    pub(super) fn handle_rnfr<S: Store>(&mut self, path: &str, cx: &mut ServerContext<'_, S>) {
        self.at_path(path, cx, |server, path, cx| {
            let found = path.and_then(|path| cx.store.metadata(path).map(|_| path));
            match found.and_then(|path| server.may_change().map(|()| path)) {
                Ok(path) => {
                    server.renaming = Some(path.to_owned());
                    server.reply(350, &"Ready for RNTO.", cx);
                }
                Err(error) => server.refuse(error, Asked::Name, cx),
            }
        });
    }

    pub(super) fn handle_rnto<S: Store>(&mut self, path: &str, cx: &mut ServerContext<'_, S>) {
        let Some(from) = self.renaming.take() else {
            return self.reply(503, &"RNFR first.", cx);
        };
        self.change(path, Asked::Rename, cx, |store, to| {
            can_be_told(to).and_then(|()| store.rename(&from, to))
        });
    }

    pub(super) fn handle_mkd<S: Store>(&mut self, path: &str, cx: &mut ServerContext<'_, S>) {
        self.at_path(path, cx, |server, path, cx| {
            let may = path.and_then(|path| server.may_make(path).map(|()| path));
            match may.and_then(|path| cx.store.make_directory(path, cx.now).map(|()| path)) {
                Ok(path) => server.reply(257, &format_args!("{} created", Quoted(path)), cx),
                Err(error) => server.refuse(error, Asked::Make, cx),
            }
        });
    }

    /// Changes a path with `act` and replies 250 or the error.
    pub(super) fn change<S: Store>(
        &mut self,
        argument: &str,
        asked: Asked,
        cx: &mut ServerContext<'_, S>,
        act: impl FnOnce(&mut S, &str) -> Result<(), StoreError>,
    ) {
        self.at_path(argument, cx, |server, path, cx| {
            let may = path.and_then(|path| server.may_change().map(|()| path));
            match may.and_then(|path| act(cx.store, path)) {
                Ok(()) => server.reply(250, &"Done.", cx),
                Err(error) => server.refuse(error, asked, cx),
            }
        });
    }

    /// SIZE (RFC 3659 §4): the bytes that RETR would transfer now. Refused in ASCII type, where the
    /// bytes would have to be counted.
    pub(super) fn handle_size<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let text = self.parameters.representation == Representation::Ascii;
        self.at_path(argument, cx, |server, path, cx| {
            match path.and_then(|path| cx.store.metadata(path)) {
                Ok(Metadata { kind: EntryKind::File, .. }) if text => {
                    server.reply(550, &"SIZE is not known in ASCII type.", cx);
                }
                Ok(Metadata { kind: EntryKind::File, size, .. }) => {
                    let lies = cx.config.habit == Some(ServerHabit::LiesAboutSize);
                    server.reply(213, &if lies { size / 2 } else { size }, cx);
                }
                Ok(_) => server.reply(550, &"Not a plain file.", cx),
                Err(error) => server.refuse(error, Asked::Other, cx),
            }
        });
    }

    /// Answers MFMT, the date before the path: `MFMT 20020206123456 path`.
    pub(super) fn handle_mfmt<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let parts = argument.split_once(' ').filter(|(_, path)| !path.is_empty());
        let Some((date, path)) = parts.and_then(|(date, it)| Some((parse_digits(date)?, it)))
        else {
            return self.reply(501, &"MFMT takes YYYYMMDDhhmmss and a path.", cx);
        };
        self.at_path(path, cx, |server, place, cx| {
            let may = place.and_then(|path| server.may_change().map(|()| path));
            match may.and_then(|path| cx.store.set_modified(path, date)) {
                Ok(()) => {
                    let modify = Digits(date);
                    server.reply(213, &format_args!("Modify={modify}; {path}"), cx);
                }
                Err(error) => server.refuse(error, Asked::Other, cx),
            }
        });
    }

    /// Answers SITE CHMOD, the permission bits in octal before the path: `SITE CHMOD 644 path`.
    pub(super) fn change_mode<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let parts = argument.split_once(' ').filter(|(_, path)| !path.is_empty());
        let Some((mode, path)) = parts.and_then(|(mode, path)| Some((permissions(mode)?, path)))
        else {
            return self.reply(501, &"SITE CHMOD takes permissions such as 644, and a path.", cx);
        };
        self.at_path(path, cx, |server, path, cx| {
            let may = path.and_then(|path| server.may_change().map(|()| path));
            match may.and_then(|path| cx.store.set_mode(path, mode)) {
                Ok(()) => server.reply(200, &format_args!("Permissions are {mode:03o}."), cx),
                Err(error) => server.refuse(error, Asked::Other, cx),
            }
        });
    }

    /// Whether the user may change the store.
    pub(super) fn may_change(&self) -> Result<(), StoreError> {
        if self.access.read_only() { Err(StoreError::Denied) } else { Ok(()) }
    }

    /// Whether the user may create this name.
    pub(super) fn may_make(&self, path: &str) -> Result<(), StoreError> {
        self.may_change().and_then(|()| can_be_told(path))
    }

    /// Sends the reply for a store's error, or lets the command wait for the store.
    pub(super) fn refuse<S: Store>(
        &mut self,
        error: StoreError,
        asked: Asked,
        cx: &mut ServerContext<'_, S>,
    ) {
        if error == StoreError::Waits {
            self.asking = Asking::Waits;
            return;
        }
        self.reply(at_once(error, asked), &text(error, asked), cx);
    }
}

/// The permission bits of three octal digits, or of four with a leading zero.
fn permissions(octal: &str) -> Option<u16> {
    let digits = octal.bytes().all(|digit| digit.is_ascii_digit());
    let mode = u16::from_str_radix(octal, 8).ok().filter(|_| digits)?;
    (matches!(octal.len(), 3 | 4) && mode <= 0o777).then_some(mode)
}

/// Whether a name may be created. LIST and MLSD print control characters as `?`, so no client could
/// ask for a name with a control character.
fn can_be_told(path: &str) -> Result<(), StoreError> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.contains(char::is_control) { Err(StoreError::BadName) } else { Ok(()) }
}

/// A path as 257 quotes the path: from the root, quotes doubled (RFC 959, appendix II).
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("\"/")?;
        for (at, part) in self.0.split('"').enumerate() {
            if at > 0 {
                out.write_str("\"\"")?;
            }
            out.write_str(part)?;
        }
        out.write_str("\"")
    }
}
