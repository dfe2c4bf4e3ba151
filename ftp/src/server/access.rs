//! `server::access` answers the access control commands (RFC 959 §4.1.1): who is there, and may he?

use super::{Cx, Server, ServerConfig};
use crate::command::Command;
use crate::store::Store;

/// Who is there.
#[derive(Debug, Default)]
pub(super) struct Access {
    user: String,
    asked: bool,
    logged_in: bool,
}

impl Access {
    pub(super) fn reset(&mut self) {
        self.user.clear();
        self.asked = false;
        self.logged_in = false;
    }

    /// Whether the command may be said now. Real clients say some of them before USER.
    pub(super) fn allows(&self, command: Command<'_>) -> bool {
        let before_login = matches!(
            command,
            Command::User(_)
                | Command::Pass(_)
                | Command::Quit
                | Command::Noop
                | Command::Syst
                | Command::Feat
                | Command::Opts(_)
                | Command::Help
        );
        self.logged_in || before_login
    }

    pub(super) fn logged_in(&self) -> bool {
        self.logged_in
    }

    fn admits(&self, password: &str, config: &ServerConfig) -> bool {
        config.users.iter().any(|user| {
            user.name == self.user && user.password.as_deref().is_none_or(|known| known == password)
        })
    }
}

impl Server {
    pub(super) fn handle_access<S: Store>(&mut self, command: Command<'_>, cx: Cx<'_, '_, S>) {
        match command {
            Command::User(name) => {
                self.access.reset();
                self.access.user.push_str(name);
                self.access.asked = true;
                // The same for every name: whether it exists is not told (RFC 2577 §6).
                self.reply(331, &"Please specify the password.", cx);
            }
            Command::Pass(_) if !self.access.asked => self.reply(503, &"USER first.", cx),
            Command::Pass(password) => {
                self.access.asked = false;
                self.access.logged_in = self.access.admits(password, cx.config);
                if self.access.logged_in {
                    self.reply(230, &"Login successful.", cx);
                } else {
                    self.reply(530, &"Login incorrect.", cx);
                }
            }
            Command::Acct(_) => self.reply(202, &"No account needed.", cx),
            _ => {
                self.reply(221, &cx.config.model.texts.goodbye, cx);
                self.end();
            }
        }
    }
}
