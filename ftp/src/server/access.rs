//! `server::access` owns the login of a session and answers the access control commands (RFC 959
//! §4.1.1, RFC 7151): user, permission, current directory.

use super::error_reply::Asked;
use super::{Server, ServerConfig, ServerContext};
use crate::clone_by_field::{clone_by_field, hash_by_field};
use crate::report::Speaker;
use crate::store::{EntryKind, Store, StoreError};
use crate::wire::command::Command;
use std::time::Duration;

/// An answer to a password that waits for its time.
#[derive(Clone, Copy, Debug)]
struct LoginAnswer {
    at: Duration,
    /// Whether the password is right, and then whether the user may change nothing.
    admitted: Option<bool>,
}

hash_by_field! { LoginAnswer { admitted } deadlines { at } without {} }

/// The login of a session.
#[derive(Debug, Default)]
pub(super) struct Access {
    user: String,
    asked: bool,
    logged_in: bool,
    read_only: bool,
    /// The number of wrong passwords so far.
    failures: u32,
    /// The answer to the last password, with its time; until then no command is answered.
    answer: Option<LoginAnswer>,
    /// The time at which the login must be complete.
    deadline: Option<Duration>,
}

clone_by_field! { Access { user, asked, logged_in, read_only, failures, answer, deadline } }
hash_by_field! {
    Access { user, asked, logged_in, read_only, failures, answer } deadlines { deadline } without {}
}

impl Access {
    pub(super) fn reset(&mut self) {
        self.leave();
        self.failures = 0;
        self.answer = None;
        self.deadline = None;
    }

    /// Starts the time for the login.
    pub(super) fn begin(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline;
    }

    /// Forgets the user. The count of wrong passwords and the deadline stay.
    fn leave(&mut self) {
        self.user.clear();
        self.asked = false;
        self.logged_in = false;
        self.read_only = false;
    }

    /// Whether the command is allowed now. Real clients send some commands before USER.
    pub(super) fn allows(&self, command: Command<'_>) -> bool {
        let before_login = matches!(
            command,
            Command::User(_)
                | Command::Pass(_)
                | Command::Quit
                | Command::Rein
                | Command::Host(_)
                | Command::Noop
                | Command::Syst
                | Command::Feat
                | Command::Opts(_)
                | Command::Clnt(_)
                | Command::Help(_)
        );
        self.logged_in || before_login
    }

    pub(super) fn logged_in(&self) -> bool {
        self.logged_in
    }

    /// Whether the user may change nothing.
    pub(super) fn read_only(&self) -> bool {
        self.read_only
    }

    /// The time at which the last password is answered, if the answer waits.
    pub(super) fn answer(&self) -> Option<Duration> {
        self.answer.map(|answer| answer.at)
    }

    /// The deadline of the login, until the user is logged in.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.deadline.filter(|_| !self.logged_in)
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Whether the password is right, and then whether the user may change nothing. Compares with
    /// every user, so that the time reveals no name (RFC 2577 §7).
    fn check(&mut self, password: &str, config: &ServerConfig) -> Option<bool> {
        let mut admitted = None;
        for user in &config.users {
            let name = same(&user.name, &self.user);
            let known = user.password.as_deref().map(|known| same(known, password));
            if name && known.unwrap_or(true) {
                admitted = Some(user.read_only);
            }
        }
        self.failures += u32::from(admitted.is_none());
        admitted
    }
}

/// Whether two texts are equal, in a time that does not depend on the first difference.
fn same(known: &str, said: &str) -> bool {
    let (known, said) = (known.as_bytes(), said.as_bytes());
    let padded = known.iter().chain(std::iter::repeat(&0));
    let differs = said.iter().zip(padded).fold(0, |differs, (a, b)| differs | (a ^ b));
    differs == 0 && known.len() == said.len()
}

impl Server {
    pub(super) fn handle_user<S: Store>(&mut self, name: &str, cx: &mut ServerContext<'_, S>) {
        self.access.leave();
        self.access.user.push_str(name);
        self.access.asked = true;
        self.current.clear();
        // The same reply for every name: the server does not reveal whether the name exists (RFC
        // 2577 §7).
        self.reply(331, &"Please specify the password.", cx);
    }

    pub(super) fn handle_pass<S: Store>(&mut self, password: &str, cx: &mut ServerContext<'_, S>) {
        if !std::mem::take(&mut self.access.asked) {
            return self.reply(503, &"USER first.", cx);
        }
        let (delay, now, peer) = (cx.config.login_delay, cx.now, self.peer());
        if !delay.is_zero() && peer.is_some_and(|peer| !cx.shared.guesses.has_room(peer, now)) {
            cx.say(Speaker::Program, || format!("not heard: {}", self.access.user));
            self.reply(421, &"Too many wrong passwords from your address, try again later.", cx);
            return self.end();
        }
        let admitted = self.access.check(password, cx.config);
        let word = if admitted.is_some() { "logged in" } else { "not logged in" };
        cx.say(Speaker::Program, || format!("{word}: {}", self.access.user));
        let guesses = &mut cx.shared.guesses;
        let at = peer.map_or(now, |it| guesses.answer_at(it, admitted.is_some(), delay, now));
        self.access.answer = Some(LoginAnswer { at, admitted });
        if at <= now {
            self.answer_login(cx);
        }
    }

    pub(super) fn handle_rein<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        // After a login a new deadline begins; a session without a login keeps the old deadline.
        if self.access.logged_in {
            self.access.begin(cx.config.login_timeout.map(|limit| cx.now + limit));
        }
        self.access.leave();
        self.reinitialize();
        self.reply(220, &cx.config.banner, cx);
    }

    pub(super) fn handle_quit<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        self.reply(221, &cx.config.model.texts.goodbye, cx);
        self.end();
    }

    pub(super) fn handle_host<S: Store>(&mut self, name: &str, cx: &mut ServerContext<'_, S>) {
        if self.access.logged_in {
            self.reply(503, &"HOST comes before USER.", cx);
        } else if is_host(name) {
            // RFC 7151 §3.2: a server with a single host accepts every name.
            self.reply(220, &"There is one host here.", cx);
        } else {
            self.reply(501, &"That is no host name.", cx);
        }
    }

    /// Answers the last password (RFC 2577 §5: a wrong password late, and only a limited number of
    /// times).
    pub(super) fn answer_login<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        let Some(LoginAnswer { admitted, .. }) = self.access.answer.take() else { return };
        if let Some(read_only) = admitted {
            (self.access.logged_in, self.access.read_only) = (true, read_only);
            self.reply(230, &"Login successful.", cx);
        } else if self.access.failures < cx.config.limits.login_tries {
            self.reply(530, &"Login incorrect.", cx);
        } else {
            self.reply(530, &"Login incorrect. Too many wrong passwords.", cx);
            self.end();
        }
    }

    pub(super) fn change_directory<S: Store>(
        &mut self,
        to: &str,
        done: u16,
        cx: &mut ServerContext<'_, S>,
    ) {
        self.at_path(to, cx, |server, path, cx| {
            let found = path.and_then(|path| Ok((path, cx.store.metadata(path)?.kind)));
            match found {
                Ok((path, EntryKind::Directory)) => {
                    server.current.replace_range(.., path);
                    server.reply(done, &"Directory changed.", cx);
                }
                Ok(_) => server.reply(550, &StoreError::NotDirectory.text(), cx),
                Err(StoreError::NotFound) => server.reply(550, &"No such directory.", cx),
                Err(error) => server.refuse(error, Asked::Other, cx),
            }
        });
    }
}

/// Whether the characters are those of a host name or an address (RFC 7151 §3.1).
fn is_host(name: &str) -> bool {
    let strange = |c: char| !(c.is_ascii_alphanumeric() || "-.:[]_".contains(c));
    !name.is_empty() && name.len() <= 255 && !name.contains(strange)
}
