//! `server::information` answers the commands about the server and the session (RFC 959 §4.1.3, RFC
//! 2389): features, options, help, status.

use super::{Server, ServerContext};
use crate::report::Direction;
use crate::session::Action;
use crate::store::Store;
use crate::wire::listing::FactSet;
use crate::wire::representation::Representation;
use std::fmt::Write;

/// The text of the reply to HELP.
const HELP: &str = "Commands (RFC 959, 2389, 2428, 2640, 3659, 7151):\n\
    USER PASS ACCT CWD CDUP SMNT REIN QUIT HOST TYPE STRU MODE\n\
    PASV PORT EPSV EPRT RETR STOR STOU APPE ALLO REST RNFR RNTO\n\
    ABOR DELE RMD MKD PWD LIST NLST MLSD MLST SIZE MDTM MFMT\n\
    SITE SYST STAT HELP NOOP FEAT OPTS CLNT\n\
    End.";

/// The text of the reply to SITE HELP and HELP SITE.
const SITE_HELP: &str = "SITE commands:\nCHMOD HELP\nEnd.";

impl Server {
    pub(super) fn handle_feat<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        let facts = self.facts.feature();
        let text = format!(
            "Features:\nEPRT\nEPSV\nHOST\nMDTM\nMFMT\nMLST {facts}\nREST STREAM\nSIZE\n\
             TVFS\nUTF8\nEnd"
        );
        self.reply(211, &text, cx);
    }

    /// HELP, and HELP SITE, with which a client learns the SITE commands (RFC 959 §4.1.3).
    pub(super) fn handle_help<S: Store>(&mut self, about: &str, cx: &mut ServerContext<'_, S>) {
        let site = about.trim_ascii().eq_ignore_ascii_case("SITE");
        self.reply(214, if site { &SITE_HELP } else { &HELP }, cx);
    }

    pub(super) fn handle_site<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let argument = argument.trim_ascii_start();
        let (verb, rest) = argument.split_once(' ').unwrap_or((argument, ""));
        if verb.eq_ignore_ascii_case("HELP") {
            self.reply(214, &SITE_HELP, cx);
        } else if verb.eq_ignore_ascii_case("CHMOD") {
            self.change_mode(rest, cx);
        } else {
            self.reply(500, &"Unknown SITE command.", cx);
        }
    }

    /// OPTS (RFC 2389 §4): sets an option of a feature.
    pub(super) fn handle_opts<S: Store>(&mut self, argument: &str, cx: &mut ServerContext<'_, S>) {
        let argument = argument.trim_ascii();
        let (name, value) = argument.split_once(' ').unwrap_or((argument, ""));
        if name.eq_ignore_ascii_case("MLST") {
            // RFC 3659 §7.9: each OPTS MLST replaces the set, and the reply tells the new set.
            // RFC 3659 §7.9: a semicolon ends each name of a fact, and no space stands between them.
            if !value.is_empty() && (!value.ends_with(';') || value.contains(' ')) {
                return self.reply(501, &"Invalid MLST options.", cx);
            }
            self.facts = FactSet::parse(value);
            let mut text = String::from("MLST OPTS");
            for (at, name) in self.facts.names().enumerate() {
                text.push_str(if at == 0 { " " } else { "" });
                // Writing to a String cannot fail.
                let _ = write!(text, "{name};");
            }
            self.reply(200, &text, cx);
        } else if name.eq_ignore_ascii_case("UTF8") || name.eq_ignore_ascii_case("UTF-8") {
            // RFC 2640 has UTF-8 always on and no such option; clients ask all the same.
            if value.eq_ignore_ascii_case("OFF") {
                self.reply(501, &"Names are UTF-8 always.", cx);
            } else {
                self.reply(200, &"Names are UTF-8.", cx);
            }
        } else {
            self.reply(501, &"Option not understood.", cx);
        }
    }

    /// STAT without a path, outside a transfer.
    pub(super) fn tell_status<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        let kind = match self.parameters.representation {
            Representation::Image => "IMAGE",
            Representation::Ascii => "ASCII",
        };
        let text = format!(
            "Status of the server:\nLogged in as {}\nTYPE: {kind}; STRU: FILE; MODE: STREAM\n\
             {} transfers begun\nEnd of status.",
            self.access.user(),
            self.transfers,
        );
        self.reply(211, &text, cx);
    }

    /// STAT in a transfer (RFC 959 §4.1.3): asks the driver for the bytes moved so far.
    pub(super) fn ask_progress<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        match &self.transfer {
            Some(transfer) if transfer.waits.is_none() => self.actions.push(Action::Progress),
            _ => self.reply(211, &"A transfer waits for its data connection.", cx),
        }
    }

    /// Answers STAT with the bytes that the transfer has moved.
    pub(super) fn tell_progress<S: Store>(&mut self, moved: u64, cx: &mut ServerContext<'_, S>) {
        let direction = self.transfer.as_ref().map(|transfer| transfer.direction);
        let what = match direction {
            Some(Direction::Upload) => "received",
            Some(Direction::Download) => "sent",
            None => return self.reply(211, &"The transfer is over.", cx),
        };
        let text = format_args!("Status:\nA transfer is under way.\n{moved} bytes {what}\nEnd.");
        let text = text.to_string();
        self.reply(211, &text, cx);
    }
}
