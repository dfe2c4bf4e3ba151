//! `server` owns one session of an FTP server: the server-PI of RFC 959 §2.3 as a [`Session`].
//! Bytes of commands go in, replies and actions come out. `dispatch` has the table of commands; the
//! methods are in `access` (RFC 959 §4.1.1), `parameter` (§4.1.2), and for §4.1.3 in
//! `transfer_commands`, `completion`, `list_commands`, `file_commands` and `information`. The
//! session moves no file: `transfer` does.

mod access;
mod budget;
mod completion;
mod dispatch;
mod error_reply;
mod file_commands;
mod information;
mod interruption;
mod list_commands;
mod odd;
mod parameter;
mod server_config;
mod transfer_commands;
mod waiting;

pub use server_config::{Limits, OnFin, ServerConfig, User};

use crate::clone_by_field::{clone_by_field, hash_by_field};
use crate::report::Speaker;
use crate::session::{Action, Actions, Context, Event, Session, sooner};
use crate::store::Store;
use crate::wire::line::{Lines, Outbox};
use crate::wire::listing::FactSet;
use crate::wire::reply;
use crate::wire::text::Text;
use access::Access;
use budget::TurnBudget;
use odd::HeldReply;
use parameter::{DataAddress, Parameters};
use std::net::SocketAddr;
use std::time::Duration;
use transfer_commands::{ServerTransfer, Wait};
use waiting::Asking;

/// One client's session on the server.
// In memory the fields stand in this order: those that each command needs share few lines of the cache.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Server {
    /// Whether the next command waits for the store.
    asking: Asking,
    /// A STAT waits in a transfer until replies are read, or until the next moment.
    interrupting: bool,
    /// The program is about to end.
    retiring: bool,
    /// The control connection is gone, or will be closed.
    over: bool,
    lines: Lines,
    /// The share of commands in the present moment.
    budget: TurnBudget,
    out: Outbox,
    actions: Actions,
    /// A final reply that a late server holds back.
    held: Option<HeldReply>,
    parameters: Parameters,
    access: Access,
    /// The time at which a silent control connection is closed.
    idle_deadline: Option<Duration>,
    /// The time at which a listener without a transfer is given up.
    passive_deadline: Option<Duration>,
    /// The time at which a client with unread replies is reset.
    stall_deadline: Option<Duration>,
    /// The transfer under way.
    transfer: Option<ServerTransfer>,
    /// A buffer for paths.
    scratch: String,
    /// The current directory, as a path of the store.
    current: String,
    /// The two addresses of the control connection, local address first, once the connection is
    /// open.
    ends: Option<(SocketAddr, SocketAddr)>,
    /// The path that RNFR named, for RNTO.
    renaming: Option<String>,
    /// The number of transfers that the session has begun.
    transfers: usize,
    /// The steps that the command under way may make, if it searches.
    granted: u32,
    /// The facts that MLST and MLSD tell.
    facts: FactSet,
    /// The next transfer's 1yz reply tells the name of the file (STOU).
    named: bool,
    /// For the last transfer: which of the model's two choices applies.
    draw: bool,
}

clone_by_field! {
    Server {
        lines, out, actions, access, parameters, current, renaming, facts, named, scratch,
        transfer, draw, transfers, ends, idle_deadline, passive_deadline, stall_deadline, budget,
        granted, asking, interrupting, held, retiring, over,
    }
}

hash_by_field! {
    Server {
        lines, out, actions, access, parameters, current, renaming, facts, named, transfer, draw,
        transfers, ends, budget, granted, asking, interrupting, held, retiring, over,
    } deadlines { idle_deadline, passive_deadline, stall_deadline } without { scratch }
}

type ServerContext<'a, S> = Context<'a, ServerConfig, S>;

impl Session for Server {
    type Config = ServerConfig;

    fn limits(config: &ServerConfig) -> (usize, usize) {
        (config.limits.sessions, config.limits.per_address)
    }

    fn reset(&mut self) {
        self.lines.reset();
        self.out.reset();
        self.actions.reset();
        self.access.reset();
        self.reinitialize();
        self.transfer = None;
        self.draw = false;
        self.transfers = 0;
        self.ends = None;
        self.idle_deadline = None;
        self.passive_deadline = None;
        self.stall_deadline = None;
        self.budget = TurnBudget::default();
        self.interrupting = false;
        self.granted = 0;
        self.asking = Asking::No;
        self.held = None;
        self.retiring = false;
        self.over = false;
    }

    fn room(&self) -> usize {
        // Bytes behind a rested line wait in the connection, and so does the connection's end.
        let rests = self.waits_for_store() || self.rests_until().is_some();
        if rests { 0 } else { self.lines.room() }
    }

    fn handle_bytes(&mut self, bytes: &[u8]) {
        self.lines.handle_bytes(bytes);
    }

    fn handle_lines<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        self.interrupt(cx);
        self.say_goodbye(cx);
        // One command at a time: a command pipelined behind a transfer waits for the transfer's
        // end.
        while self.may_go_on() && self.lines.has_line() && self.budget.take(cx.now) {
            if !self.take_command(cx) {
                break;
            }
            if self.transfer.is_none() {
                self.say_goodbye(cx);
            }
        }
        if !self.lines.has_line() {
            // The next bytes from the client begin a new batch of commands.
            self.budget = TurnBudget::default();
        }
    }

    fn is_behind(&self) -> bool {
        let may = self.may_go_on() || self.may_interrupt();
        may && self.lines.has_line() && self.rest().is_none()
    }

    fn is_waiting(&self) -> bool {
        self.closing().is_some()
    }

    // RFC 959 §4.1.1: after QUIT the server finishes the transfer, and says 226 and 221.
    fn outlives_fin(&self) -> bool {
        !self.over && self.transfer.as_ref().is_some_and(|it| it.closes || self.is_to_quit())
    }

    fn handle_event<S: Store>(&mut self, event: Event, cx: &mut ServerContext<'_, S>) {
        match event {
            Event::Opened { local, peer } => {
                self.ends = Some((local, peer));
                self.idle_deadline = cx.config.control_idle_timeout.map(|limit| cx.now + limit);
                self.access.begin(cx.config.login_timeout.map(|limit| cx.now + limit));
                cx.say(Speaker::Program, || format!("connection from {peer}"));
                self.reply(220, &cx.config.banner, cx);
            }
            Event::Crowded { peer, .. } => {
                cx.say(Speaker::Program, || format!("one connection too many from {peer}"));
                self.reply(421, &"Too many connections, try again later.", cx);
                self.end();
            }
            Event::Retire => self.retire(cx),
            Event::Cut => self.cut(cx),
            Event::ControlEnded(ending) => {
                cx.say(Speaker::Program, || format!("control connection ended: {ending:?}"));
                self.handle_control_loss(cx);
            }
            Event::Progress(moved) => self.tell_progress(moved, cx),
            Event::Listening(at) => self.handle_listening(at, cx),
            Event::DataOpened { .. } => self.handle_data_opened(cx),
            Event::DataFailed(ending) => self.handle_data_failed(Some(ending), cx),
            Event::Alarm => self.handle_alarm(cx.config),
            Event::TransferEnded(end) => self.handle_transfer_ended(end, cx),
        }
        self.handle_lines_after(event, cx);
    }

    fn handle_timeout<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        let now = cx.now;
        let due = |deadline: Option<Duration>| deadline.is_some_and(|at| at <= now);
        if !self.over && due(self.stall_deadline) {
            cx.say(Speaker::Program, || "replies are not read".into());
            self.handle_control_loss(cx);
            return self.actions.push(Action::Abort);
        }
        if !self.over && due(self.access.answer()) {
            self.answer_login(cx);
            return self.handle_lines(cx);
        }
        if due(self.held.as_ref().map(|held| held.until)) {
            return self.say_held(cx);
        }
        if !self.over && due(self.access.deadline()) {
            self.reply(421, &"Login timed out.", cx);
            return self.end();
        }
        if !self.over && due(self.passive_deadline()) {
            self.forget_data();
        }
        if self.waits_for_store() {
            return self.ask_again(cx);
        }
        if let Some(transfer) = &self.transfer {
            match transfer.waits {
                Some(Wait::Connection(deadline)) if deadline <= cx.now => {
                    self.actions.push(Action::DropData);
                    self.handle_data_failed(None, cx);
                    self.handle_lines(cx);
                }
                Some(Wait::Program(start)) if start <= cx.now => self.begin_moving(cx),
                _ => {}
            }
        } else if !self.over
            && self.idle_deadline.is_some_and(|idle_deadline| idle_deadline <= cx.now)
        {
            self.reply(421, &cx.config.model.texts.control_timeout, cx);
            self.end();
        }
        if !self.over && due(self.rests_until()) {
            self.handle_lines(cx);
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        let waits = match &self.transfer {
            Some(ServerTransfer { closing: Some(_), .. }) => None,
            Some(transfer) => transfer.waits.map(|wait| match wait {
                Wait::Connection(at) | Wait::Program(at) => at,
            }),
            None if self.over || self.asking == Asking::Waits => None,
            None => self.idle_deadline,
        };
        if self.over {
            return waits;
        }
        let access = sooner(self.access.answer(), self.access.deadline());
        let access = sooner(access, self.passive_deadline());
        let access = sooner(access, self.held.as_ref().map(|held| held.until));
        sooner(sooner(waits, self.stall_deadline), sooner(self.rests_until(), access))
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop()
    }

    fn unsent(&self) -> &[u8] {
        self.out.unsent()
    }

    fn sent(&mut self, count: usize) -> bool {
        let urgent = self.out.sent(count);
        if self.out.unsent().is_empty() {
            self.stall_deadline = None;
        }
        urgent
    }
}

/// Bytes of unread replies at which the session stops to answer commands.
const UNREAD_LIMIT: usize = 1 << 16;
/// Requests to the driver at which the session stops to answer commands. A command makes at most
/// three requests, and the driver takes all requests of a moment.
const ACTION_LIMIT: usize = 256;

impl Server {
    /// Resets all settings but the login (RFC 959 §4.1.1, REIN).
    fn reinitialize(&mut self) {
        self.parameters = Parameters::default();
        self.current.clear();
        self.renaming = None;
        self.facts = FactSet::default();
        self.named = false;
    }

    /// The time at which a resting session continues; `None` if not resting.
    #[inline]
    fn rests_until(&self) -> Option<Duration> {
        if !self.lines.has_line() {
            return None;
        }
        self.rest().filter(|_| self.may_go_on() || self.may_interrupt())
    }

    /// The time of the next command of a session that has used up the budget.
    fn rest(&self) -> Option<Duration> {
        self.budget.renewed()
    }

    /// The time at which the listener is given up, while the listener waits for a command.
    fn passive_deadline(&self) -> Option<Duration> {
        let waits = self.parameters.address == DataAddress::Passive && self.transfer.is_none();
        let waits = waits && self.asking == Asking::No;
        self.passive_deadline.filter(|_| waits)
    }

    /// Whether the queues of replies and requests are full: no command is answered until the peer
    /// and the driver have taken some.
    fn is_laden(&self) -> bool {
        self.out.unsent().len() >= UNREAD_LIMIT || self.actions.len() >= ACTION_LIMIT
    }

    /// Whether a STAT that waits in a transfer may be answered.
    fn may_interrupt(&self) -> bool {
        self.interrupting && self.transfer.is_some() && !self.over && !self.is_laden()
    }

    /// Whether the session may act on the next command.
    fn may_go_on(&self) -> bool {
        !self.over
            && self.transfer.is_none()
            && self.asking != Asking::Waits
            && self.held.is_none()
            && self.access.answer().is_none()
            && self.parameters.address != DataAddress::Asked
            && !self.is_laden()
    }

    /// After an event that ends a wait, acts on the commands behind the wait.
    fn handle_lines_after<S: Store>(&mut self, event: Event, cx: &mut ServerContext<'_, S>) {
        if matches!(event, Event::Listening(_) | Event::DataFailed(_) | Event::TransferEnded(_)) {
            self.handle_lines(cx);
        }
    }

    fn reply<S: Store>(&mut self, code: u16, text: &dyn Text, cx: &mut ServerContext<'_, S>) {
        if self.over {
            return;
        }
        if self.stall_deadline.is_none() {
            self.stall_deadline = cx.config.stall_timeout.map(|limit| cx.now + limit);
        }
        let out = self.out.buffer();
        let start = out.len();
        reply::write(out, code, text);
        let line = &out[start..];
        cx.say(Speaker::Server, || String::from_utf8_lossy(line).trim_end().replace('\r', ""));
    }

    /// Ends the session: no further reply.
    fn end(&mut self) {
        self.over = true;
        self.actions.push(Action::DropData);
        self.actions.push(Action::Close);
    }
}
