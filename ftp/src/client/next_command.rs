//! `client::next_command` runs the tasks without a data connection: one command and one reply each;
//! a rename is two (RNFR and RNTO).

use super::{Client, ClientContext, RemoteName, Stage, Task};
use crate::report::{CommandReport, Told, Value};
use crate::store::Store;
use crate::wire::date::{Digits, parse_digits};
use crate::wire::reply::{Class, Reply, quoted};
use crate::wire::representation::Representation;
use crate::wire::text::Text;
use std::time::Duration;

impl Client {
    /// Sends the first command of `task`, which moves no data.
    pub(super) fn begin_command<S: Store>(&mut self, task: &Task, cx: &mut ClientContext<'_, S>) {
        self.stage = Stage::Simple;
        match task {
            Task::ChangeDirectory { remote } => self.command("CWD", Some(remote), cx),
            Task::MakeDirectory { remote } => self.command("MKD", Some(remote), cx),
            Task::RemoveDirectory { remote } => self.command("RMD", Some(remote), cx),
            Task::Delete { remote } => self.command("DELE", Some(remote), cx),
            Task::Rename { from, .. } => {
                self.stage = Stage::RenameFrom;
                self.command("RNFR", Some(from), cx);
            }
            // RFC 3659 §4: the size depends on the type, and servers refuse SIZE in ASCII type.
            Task::Size { .. } if self.representation != Some(Representation::Image) => {
                self.stage = Stage::SizeType;
                self.set_type(Representation::Image, cx);
            }
            Task::Size { remote } => self.command("SIZE", Some(remote), cx),
            Task::Modified { remote } => self.command("MDTM", Some(remote), cx),
            Task::SetModified { remote, modified } => {
                self.command("MFMT", Some(&Dated(*modified, remote)), cx);
            }
            Task::PrintDirectory => self.command("PWD", None, cx),
            _ => self.command("NOOP", None, cx),
        }
    }

    /// Takes the reply: sends the task's second command, or reports the result.
    pub(super) fn handle_command_reply<S: Store>(
        &mut self,
        reply: &Reply,
        done: bool,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(tasks) = self.tasks.clone() else { return };
        let task = tasks.get(self.task - 1);
        match (self.stage, task) {
            (Stage::SizeType, Some(Task::Size { remote })) if done => {
                self.representation = Some(Representation::Image);
                self.stage = Stage::Simple;
                return self.command("SIZE", Some(remote), cx);
            }
            (Stage::RenameFrom, Some(Task::Rename { to, .. }))
                if reply.class() == Some(Class::Intermediate) =>
            {
                self.stage = Stage::Simple;
                return self.command("RNTO", Some(to), cx);
            }
            _ => {}
        }
        let value = match task {
            Some(Task::Size { .. }) if done => number(reply).map(Value::Size),
            Some(Task::Modified { .. }) if done => {
                parse_digits(reply.text.trim_ascii()).map(Value::Date)
            }
            Some(Task::PrintDirectory | Task::MakeDirectory { .. }) if done => {
                quoted(&reply.text).map(Value::Path)
            }
            _ => None,
        };
        let done = done && self.stage == Stage::Simple;
        let told = if done { Told::Success } else { Told::Failure };
        let at = self.task - 1;
        self.report_command(at, told, &reply.to_string(), Some(reply), value, cx);
        self.next_task(cx);
    }

    /// Reports the result of the task with index `task`, unless the task moves data, aborts or
    /// dies.
    pub(super) fn report_command<S: Store>(
        &mut self,
        task: usize,
        told: Told,
        text: &str,
        reply: Option<&Reply>,
        value: Option<Value>,
        cx: &mut ClientContext<'_, S>,
    ) {
        let Some(step) = self.tasks.as_deref().and_then(|tasks| tasks.get(task)) else { return };
        let moves = matches!(step, Task::Put { .. } | Task::Get { .. } | Task::List { .. });
        if moves || matches!(step, Task::Abor { .. } | Task::Die { .. }) {
            return;
        }
        cx.journal.commands.push(CommandReport {
            session: cx.id,
            task,
            told,
            text: text.into(),
            reply: reply.cloned(),
            value: value.unwrap_or_default(),
        });
    }

    /// Reports failure of every task without data that has no answer yet.
    pub(super) fn give_up_commands<S: Store>(
        &mut self,
        reply: Option<&Reply>,
        text: &str,
        cx: &mut ClientContext<'_, S>,
    ) {
        let begun = matches!(self.stage, Stage::Simple | Stage::SizeType | Stage::RenameFrom);
        let first = self.task - usize::from(begun);
        for task in first..self.tasks.as_deref().map_or(0, <[Task]>::len) {
            self.report_command(task, Told::Failure, text, reply, None, cx);
        }
        self.task = self.tasks.as_deref().map_or(0, <[Task]>::len);
    }
}

/// The argument of MFMT: the time, one space, the name.
struct Dated<'a>(Duration, &'a RemoteName);

impl Text for Dated<'_> {
    fn append_to(&self, out: &mut Vec<u8>) {
        format_args!("{} ", Digits(self.0)).append_to(out);
        self.1.append_to(out);
    }
}

/// The number in the text of a 213 reply.
pub(super) fn number(reply: &Reply) -> Option<u64> {
    // Some servers write a unit behind the number.
    (reply.code == 213).then(|| reply.text.split_ascii_whitespace().next()?.parse().ok())?
}
