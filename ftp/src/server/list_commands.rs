//! `server::list_commands` answers the commands that list (RFC 959 §4.1.3, RFC 3659 §7): the
//! session finds the directory, pattern or name to list; `wire::listing` writes the lines.

use super::error_reply::Asked;
use super::{Server, ServerContext};
use crate::habit::ServerHabit;
use crate::store::{EntryKind, Read, Store, StoreError};
use crate::wire::line::LINE_LIMIT;
use crate::wire::listing::{Form, NameSource, Pattern, Printer};

/// The most bytes of a directory in a reply to STAT: unlike a listing, the reply waits in memory.
const STAT_LIMIT: usize = 1 << 15;

/// The options of `ls` that change a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LsOptions {
    /// Option `-F`: a slash after the name of a directory.
    slashes: bool,
    /// Option `-d`: the directory itself, not the contents.
    itself: bool,
    /// Option `-R`: subdirectories too (refused).
    deep: bool,
}

impl LsOptions {
    /// Splits options as of `ls` from the path. `-a`, `-l`, `-C` and the like are ignored: the
    /// listing has these properties anyway, or the option asks for an order that no client can rely
    /// on.
    pub(super) fn split(argument: &str) -> (Self, &str) {
        let mut options = Self::default();
        let mut rest = argument;
        while let Some(letters) = rest.trim_start_matches(' ').strip_prefix('-') {
            let (letters, behind) = letters.split_once(' ').unwrap_or((letters, ""));
            options.slashes |= letters.contains(['F', 'p']);
            options.itself |= letters.contains('d');
            options.deep |= letters.contains('R');
            rest = behind;
        }
        (options, rest)
    }
}

impl Server {
    /// Answers LIST, NLST and MLSD over a data connection.
    pub(super) fn list<S: Store>(
        &mut self,
        form: Form,
        argument: &str,
        cx: &mut ServerContext<'_, S>,
    ) {
        self.parameters.restart = 0;
        // RFC 3659 §7.1: MLSD's argument is a path without options.
        let (options, argument) = match form {
            Form::Facts => (LsOptions::default(), argument),
            Form::Long | Form::Names => LsOptions::split(argument),
        };
        if options.deep {
            self.forget_data();
            return self.reply(501, &"Listings are of one directory.", cx);
        }
        self.at_path(argument, cx, |server, path, cx| {
            let listed = path.and_then(|path| server.printer(form, argument, path, options, cx));
            match listed {
                Ok(printer) => server.begin_listing(printer, path.unwrap_or_default(), cx),
                Err(error) => {
                    if error != StoreError::Waits {
                        server.forget_data();
                    }
                    let asked = if form == Form::Facts { Asked::Facts } else { Asked::List };
                    server.refuse(error, asked, cx);
                }
            }
        });
    }

    /// Opens the listing of `path`: a directory, the names in a directory that match a pattern, or
    /// a single name.
    fn printer<S: Store>(
        &mut self,
        form: Form,
        argument: &str,
        path: &str,
        options: LsOptions,
        cx: &mut ServerContext<'_, S>,
    ) -> Result<Printer, StoreError> {
        let found = cx.store.metadata(path);
        let by_pattern = Printer::split_pattern(path).filter(|_| form != Form::Facts);
        let (source, pattern) = match (found, by_pattern) {
            (Ok(found), _) if found.kind == EntryKind::Directory && !options.itself => {
                (NameSource::Directory(cx.store.open_listing(path)?), None)
            }
            (Ok(_), _) if form == Form::Facts => return Err(StoreError::NotDirectory),
            (Ok(found), _) => {
                let shown = argument.rsplit('/').next().unwrap_or(argument);
                let shown = if shown.is_empty() { "." } else { shown };
                (NameSource::One(shown.to_owned(), found), None)
            }
            (Err(StoreError::NotFound), Some((directory, pattern))) => {
                let listing = cx.store.open_listing(directory)?;
                (NameSource::Directory(listing), Some(pattern.to_owned()))
            }
            (Err(error), _) => return Err(error),
        };
        let whole = matches!(source, NameSource::Directory(_)) && pattern.is_none();
        let mut printer = Printer::new(source, form, cx.config.epoch + cx.now);
        if form == Form::Names {
            printer.prefix = prefix(argument, whole);
        }
        printer.pattern = pattern.map(|pattern| Pattern::new(&pattern));
        printer.slashes = options.slashes;
        printer.facts = self.facts;
        printer.writable = self.may_change().is_ok();
        printer.left = cx.config.limits.listing;
        printer.ends_after = match cx.config.habit {
            Some(ServerHabit::CutsListings) => 1,
            _ => u64::MAX,
        };
        Ok(printer)
    }

    /// MLST: facts of a single name in the reply. The reply tells the whole path (RFC 3659 §7.3.1).
    pub(super) fn tell_facts<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        self.at_path(argument, cx, |server, path, cx| {
            match path.and_then(|path| Ok((path, cx.store.metadata(path)?))) {
                Ok((path, found)) => {
                    let one = NameSource::One(format!("/{path}"), found);
                    let mut printer = Printer::new(one, Form::Facts, cx.config.epoch + cx.now);
                    printer.facts = server.facts;
                    printer.writable = server.may_change().is_ok();
                    match said(&mut printer, cx.store, &mut 0) {
                        Ok((lines, _)) => {
                            server.reply(250, &format_args!("Listing\n{lines}End"), cx);
                        }
                        Err(error) => server.refuse(error, Asked::Facts, cx),
                    }
                }
                Err(error) => server.refuse(error, Asked::Facts, cx),
            }
        });
    }

    /// STAT with a path: the listing of LIST in the reply (RFC 959 §4.1.3).
    pub(super) fn tell_listing<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let (options, argument) = LsOptions::split(argument);
        self.at_path(argument, cx, |server, path, cx| {
            let listed =
                path.and_then(|path| server.printer(Form::Long, argument, path, options, cx));
            let mut printer = match listed {
                Ok(printer) => printer,
                Err(error) => return server.refuse(error, Asked::List, cx),
            };
            let (code, listing) = match printer.source {
                NameSource::Directory(listing) => (212, Some(listing)),
                NameSource::One(..) | NameSource::Done => (213, None),
            };
            let mut steps = server.granted;
            let said = said(&mut printer, cx.store, &mut steps);
            // Reading a directory takes as long as many commands.
            cx.shared.work.spend(server.granted - steps);
            server.budget.use_up();
            let (lines, whole) = match said {
                Ok(said) => said,
                Err(error) => return server.refuse(error, Asked::List, cx),
            };
            if let Some(listing) = listing {
                cx.store.close_listing(listing);
            }
            let end = if whole { "End" } else { "There is more: use LIST" };
            server.reply(code, &format_args!("Status\n{lines}{end}"), cx);
        });
    }
}

/// Whether a line is STAT with a path, which reads a directory for its reply.
pub(super) fn is_search(line: &[u8]) -> bool {
    line.len() > 5 && line[..5].eq_ignore_ascii_case(b"STAT ")
}

/// The prefix of names in NLST, so that RETR accepts each name (RFC 1123 §4.1.2.7): the path of the
/// command, without its last name if that is a file or a pattern.
fn prefix(argument: &str, whole: bool) -> String {
    if !whole {
        return argument.rfind('/').map_or("", |at| &argument[..=at]).to_owned();
    }
    match argument.trim_end_matches('/') {
        "" if argument.is_empty() => String::new(),
        "." => String::new(),
        path => format!("{path}/"),
    }
}

/// The lines of a listing for a reply; true if the listing is complete.
///
/// # Errors
/// The store has given no name yet ([`StoreError::Waits`]).
fn said<S: Store>(
    printer: &mut Printer,
    store: &mut S,
    steps: &mut u32,
) -> Result<(String, bool), StoreError> {
    let room = match printer.source {
        NameSource::Directory(_) => STAT_LIMIT,
        // A path is at most as long as a command line and the current directory.
        NameSource::One(..) | NameSource::Done => 4 * LINE_LIMIT,
    };
    let mut bytes = vec![0; room];
    let before = printer.left;
    let read = printer.read(store, &mut bytes, steps);
    let (count, whole) = match read {
        Ok(Read { bytes, last }) => (bytes, last),
        Err(StoreError::Waits) if printer.left == before => return Err(StoreError::Waits),
        Err(_) => (0, false),
    };
    bytes.truncate(count);
    let mut text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    text.truncate(text.rfind('\n').map_or(0, |at| at + 1));
    Ok((text, whole))
}
