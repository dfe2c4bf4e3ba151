//! `server::dispatch` owns the table of commands: the session reads a command line here and calls
//! the method that answers the command. The table does not know a command's meaning.

use super::error_reply::Asked;
use super::{Server, ServerConfig, ServerContext};
use crate::model::Phrase;
use crate::store::{Store, StoreError};
use crate::wire::command::{self, Command, CommandError};
use crate::wire::line::Line;
use crate::wire::listing::Form;
use crate::wire::pathname;

impl Server {
    pub(super) fn handle_line<S: Store>(&mut self, line: Line<'_>, cx: &mut ServerContext<'_, S>) {
        if line.cut {
            return self.reply(500, &"Command line too long.", cx);
        }
        if let Some(phrase) = refusal(line.bytes, cx.config) {
            return self.reply(phrase.0, &phrase.1, cx);
        }
        let command = command::parse(line.bytes);
        // RFC 959 §4.1.3: RNTO must follow RNFR directly.
        if !matches!(command, Ok(Command::Rnto(_))) {
            self.renaming = None;
        }
        match command {
            Ok(Command::Abor) => self.handle_abor(line.synch, cx),
            Ok(command) => self.handle_command(command, cx),
            Err(CommandError::Unknown) => self.reply(500, &"Unknown command.", cx),
            Err(CommandError::NotImplemented) => self.reply(502, &"Command not implemented.", cx),
            Err(CommandError::Argument) => self.reply(501, &"Bad argument.", cx),
        }
    }

    /// The table of commands: each command with the method that answers the command.
    pub(super) fn handle_command<S: Store>(
        &mut self,
        command: Command<'_>,
        cx: &mut ServerContext<'_, S>,
    ) {
        if let Some(Phrase(code, text)) = self.out_of_order(command) {
            return self.reply(code, &text, cx);
        }
        match command {
            // Access control (RFC 959 §4.1.1, RFC 7151): `access`.
            Command::User(name) => self.handle_user(name, cx),
            Command::Pass(password) => self.handle_pass(password, cx),
            Command::Acct(_) => self.reply(202, &"No account needed.", cx),
            Command::Cwd(path) => self.change_directory(path, 250, cx),
            // RFC 959 §5.4: CDUP is answered with 200.
            Command::Cdup => self.change_directory("..", 250, cx),
            Command::Smnt(_) => self.reply(502, &"There is one file system only.", cx),
            Command::Rein => self.handle_rein(cx),
            Command::Quit => self.handle_quit(cx),
            Command::Host(name) => self.handle_host(name, cx),
            Command::Clnt(_) => self.reply(200, &"Noted.", cx),
            // Transfer parameters (RFC 959 §4.1.2, RFC 2428): `parameter`.
            Command::Type(argument) => self.handle_type(argument, cx),
            Command::Stru(letter) => self.handle_stru(letter, cx),
            Command::Mode(argument) => self.handle_mode(argument, cx),
            Command::Epsv(argument) => self.handle_epsv(argument, cx),
            Command::Pasv | Command::Port(_) | Command::Eprt(_) if self.only_epsv() => {
                self.reply(503, &"Only EPSV is allowed after EPSV ALL.", cx);
            }
            Command::Pasv => self.handle_pasv(cx),
            Command::Port(argument) => self.handle_port(argument, cx),
            Command::Eprt(argument) => self.handle_eprt(argument, cx),
            // Transfers of files (RFC 959 §4.1.3, RFC 3659 §5): `transfer_commands`.
            Command::Stor(path) => self.store_file(path, false, cx),
            Command::Appe(path) => self.store_file(path, true, cx),
            Command::Stou(path) => self.store_unique(path, cx),
            Command::Retr(path) => self.retrieve(path, cx),
            Command::Allo(size) => self.handle_allo(size, cx),
            Command::Rest(offset) => self.handle_rest(offset, cx),
            Command::Abor => self.abort_nothing(cx),
            // Listings (RFC 959 §4.1.3, RFC 3659 §7): `list_commands`.
            Command::List(path) => self.list(Form::Long, path.unwrap_or(""), cx),
            Command::Nlst(path) => self.list(Form::Names, path.unwrap_or(""), cx),
            Command::Mlsd(path) => self.list(Form::Facts, path.unwrap_or(""), cx),
            Command::Mlst(path) => self.tell_facts(path.unwrap_or(""), cx),
            Command::Stat(Some(path)) => self.tell_listing(path, cx),
            // Names and dates (RFC 959 §4.1.3, RFC 3659 §3 and §4): `file_commands`.
            Command::Rnfr(path) => self.handle_rnfr(path, cx),
            Command::Rnto(path) => self.handle_rnto(path, cx),
            Command::Dele(path) => self.change(path, Asked::Name, cx, S::remove),
            Command::Mkd(path) => self.handle_mkd(path, cx),
            Command::Rmd(path) => self.change(path, Asked::Other, cx, S::remove_directory),
            Command::Pwd => self.handle_pwd(cx),
            Command::Size(path) => self.handle_size(path, cx),
            Command::Mdtm(path) => self.handle_mdtm(path, cx),
            Command::Mfmt(argument) => self.handle_mfmt(argument, cx),
            // Information (RFC 959 §4.1.3, RFC 2389): `information`.
            Command::Noop => self.reply(200, &"NOOP ok.", cx),
            Command::Syst => self.reply(215, &"UNIX Type: L8", cx),
            Command::Stat(None) => self.tell_status(cx),
            Command::Help(about) => self.handle_help(about.unwrap_or(""), cx),
            Command::Feat => self.handle_feat(cx),
            Command::Opts(argument) => self.handle_opts(argument, cx),
            Command::Site(argument) => self.handle_site(argument, cx),
        }
    }

    /// The refusal of a command that comes before the login, or without a data connection's address.
    fn out_of_order(&mut self, command: Command<'_>) -> Option<Phrase> {
        if !self.access.allows(command) {
            return Some(Phrase(530, "Please login with USER and PASS."));
        }
        if needs_data(command) && !self.has_address() {
            self.parameters.restart = 0;
            return Some(Phrase(425, "Use PORT or PASV first."));
        }
        None
    }

    /// Resolves the path of a command and passes the path, or the error, to `act`.
    pub(super) fn at_path<S: Store>(
        &mut self,
        argument: &str,
        cx: &mut ServerContext<'_, S>,
        act: impl FnOnce(&mut Self, Result<&str, StoreError>, &mut ServerContext<'_, S>),
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let depth = cx.config.limits.depth;
        let path = pathname::resolve(&self.current, argument, depth, &mut scratch);
        act(self, path.map_err(|_| StoreError::BadName), cx);
        self.scratch = scratch;
    }
}

/// Whether a command needs a data connection.
fn needs_data(command: Command<'_>) -> bool {
    use Command::{Appe, List, Mlsd, Nlst, Retr, Stor, Stou};
    matches!(command, Stor(_) | Appe(_) | Stou(_) | Retr(_) | List(_) | Nlst(_) | Mlsd(_))
}

/// The model's refusal of this command, if the model refuses the command.
fn refusal(line: &[u8], config: &ServerConfig) -> Option<Phrase> {
    let verb = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let mut refuses = config.model.refuses.iter();
    refuses.find(|(refused, _)| verb.eq_ignore_ascii_case(refused.as_bytes())).map(|(_, it)| *it)
}

/// A command line for a log: without the password.
pub(super) fn spoken(line: &[u8]) -> String {
    match line.get(..4) {
        Some(verb) if verb.eq_ignore_ascii_case(b"PASS") => "PASS ****".into(),
        _ => String::from_utf8_lossy(line).into_owned(),
    }
}
