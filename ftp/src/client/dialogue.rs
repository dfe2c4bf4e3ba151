//! `client::dialogue` sends the client's commands, logs in, and says why the control connection is
//! given up.

use super::client_transfer::ClientTransfer;
use super::{Client, ClientConfig, ClientContext, Stage, ended};
use crate::report::Speaker;
use crate::session::Action;
use crate::store::Store;
use crate::tcp::Ending;
use crate::wire::reply::{Class, Reply};
use crate::wire::text::Text;

impl Client {
    /// Logs in (RFC 959 §5.4). A server may greet with 230: the user is logged in already.
    pub(super) fn handle_login_reply<S: Store>(
        &mut self,
        reply: &Reply,
        class: Class,
        cx: &mut ClientContext<'_, S>,
    ) {
        let done = class == Class::Completion;
        match (self.stage, &cx.config.account) {
            (Stage::Greeting, _) if done && reply.code != 230 => {
                self.stage = Stage::User;
                self.command("USER", Some(&cx.config.user), cx);
            }
            (Stage::User, _) if class == Class::Intermediate && reply.code != 332 => {
                self.stage = Stage::Pass;
                self.command("PASS", Some(&cx.config.password), cx);
            }
            (Stage::User | Stage::Pass, Some(account)) if reply.code == 332 => {
                self.stage = Stage::Account;
                self.command("ACCT", Some(account), cx);
            }
            _ if done => self.next_task(cx),
            _ => {
                self.give_up(Some(reply), &reply.to_string(), cx);
                self.quit(cx);
            }
        }
    }

    pub(super) fn command<S: Store>(
        &mut self,
        verb: &'static str,
        argument: Option<&dyn Text>,
        cx: &mut ClientContext<'_, S>,
    ) {
        if verb != "ABOR" || self.stage != Stage::Transfer {
            // A reply that is here already answers an earlier command.
            self.stale = self.lines.waiting();
        }
        self.asked_for = verb;
        self.odd_line = None;
        let out = self.out.buffer();
        let start = out.len();
        self.heard = 0;
        crate::wire::command::write(out, verb, argument);
        let line = &out[start..];
        cx.say(Speaker::Client, || match verb {
            "PASS" | "ACCT" => format!("{verb} ****"),
            _ => String::from_utf8_lossy(line).trim_end().to_owned(),
        });
        self.await_reply(cx);
    }

    pub(super) fn await_reply<S: Store>(&mut self, cx: &mut ClientContext<'_, S>) {
        self.deadline = cx.config.reply_timeout.map(|limit| cx.now + limit);
    }

    /// Handles 421: the server is about to close the control connection.
    pub(super) fn handle_service_gone<S: Store>(
        &mut self,
        reply: &Reply,
        cx: &mut ClientContext<'_, S>,
    ) {
        let text = reply.to_string();
        self.fail_current(Some(reply), &text, cx);
        self.give_up(Some(reply), &text, cx);
        self.end();
    }

    pub(super) fn handle_control_ended<S: Store>(
        &mut self,
        ending: Ending,
        cx: &mut ClientContext<'_, S>,
    ) {
        self.deadline = None;
        if matches!(self.stage, Stage::Quit | Stage::Over) {
            self.stage = Stage::Over;
            return;
        }
        let text = ended(ending, cx.config);
        self.lose(text, cx);
    }

    /// Gives up the control connection with this text, and ends the session.
    pub(super) fn lose_and_end<S: Store>(&mut self, text: &str, cx: &mut ClientContext<'_, S>) {
        self.lose(text, cx);
        self.end();
    }

    /// Says what the client waited for in vain, with the reply that the server has begun.
    pub(super) fn timed_out(&self, config: &ClientConfig) -> String {
        let limit = config.reply_timeout.unwrap_or_default().as_secs_f64();
        let waited_for = match (self.stage, self.asked_for) {
            (Stage::Greeting, _) => "no greeting".to_owned(),
            (Stage::Transfer, verb) if self.is_preliminary() => format!("no final reply to {verb}"),
            (_, verb) => format!("no reply to {verb}"),
        };
        let mut text = format!("{}: {waited_for} within {limit} s", config.texts.timed_out);
        if let Some(line) = self.parser.unfinished() {
            text.push_str(&format!("; the server began a reply and did not end it: `{line}`"));
        } else if let Some(line) = &self.odd_line {
            text.push_str(&format!("; the server said {line}, which is no reply of FTP"));
        } else if !self.lines.unfinished().is_empty() {
            let line = quote(self.lines.unfinished());
            text.push_str(&format!("; the server began a line and did not end it: {line}"));
        }
        text
    }

    pub(super) fn is_preliminary(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.preliminary)
    }

    /// Gives up the control connection: a transfer without a final reply will get none.
    pub(super) fn lose<S: Store>(&mut self, text: &str, cx: &mut ClientContext<'_, S>) {
        self.deadline = None;
        cx.say(Speaker::Program, || text.into());
        if self.current.as_ref().is_some_and(ClientTransfer::waits_for_data) {
            // The server has sent the final reply; data may still be on the way.
            self.lost = Some(text.into());
            return;
        }
        self.fail_current(None, text, cx);
        self.give_up(None, text, cx);
        self.stage = Stage::Over;
        self.actions.push(Action::DropData);
    }
}

/// Quotes a line of the peer, at most 80 bytes of the line, without control characters.
pub(super) fn quote(line: &[u8]) -> String {
    format!("`{}`", line[..line.len().min(80)].escape_ascii())
}
