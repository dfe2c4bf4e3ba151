//! `server::fetching` lets a command wait until a slow store has looked at the path of the command, so
//! that a disk that does not answer holds up the sessions that ask for the disk, and no other session.

use super::list_commands::LsOptions;
use super::{Server, ServerContext};
use crate::store::Store;
use crate::wire::command::{self, Command};
use crate::wire::pathname;
use std::time::Duration;

/// The time between two looks at a store that fetches.
pub(super) const FETCH: Duration = Duration::from_millis(1);

impl Server {
    /// Whether the next command waits for the store. The store is then looked at again at
    /// `self.fetching`.
    #[inline]
    pub(super) fn fetches<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) -> bool {
        self.fetching = None;
        if !cx.store.may_wait() || !self.access.logged_in() {
            return false;
        }
        let argument = self.lines.first().and_then(|line| path(command::parse(line).ok()?));
        let depth = cx.config.limits.depth;
        let resolved = argument
            .and_then(|it| pathname::resolve(&self.current, it, depth, &mut self.scratch).ok());
        if resolved.is_some_and(|path| !cx.store.fetch(path)) {
            self.fetching = Some(cx.now + FETCH);
        }
        self.fetching.is_some()
    }
}

/// The path in the argument of a command.
fn path(command: Command<'_>) -> Option<&str> {
    use Command::{
        Appe, Cwd, Dele, List, Mdtm, Mfmt, Mkd, Mlsd, Mlst, Nlst, Retr, Rmd, Rnfr, Rnto, Site,
        Size, Stat, Stor, Stou,
    };
    match command {
        Cwd(path) | Stor(path) | Appe(path) | Retr(path) | Rnfr(path) | Rnto(path) | Dele(path)
        | Mkd(path) | Rmd(path) | Size(path) | Mdtm(path) => Some(path),
        Stou(path) => Some(path.unwrap_or("stou")),
        Mlsd(path) | Mlst(path) => Some(path.unwrap_or("")),
        List(path) | Nlst(path) => Some(LsOptions::split(path.unwrap_or("")).1),
        Stat(path) => path.map(|path| LsOptions::split(path).1),
        Mfmt(argument) => Some(argument.split_once(' ')?.1),
        Site(argument) => Some(argument.trim_ascii_start().splitn(3, ' ').nth(2)?),
        _ => None,
    }
}
