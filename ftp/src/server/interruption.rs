//! `server::interruption` owns the events that break into a transfer: ABOR, QUIT (RFC 959 §4.1.1,
//! §4.1.3), the loss of the control connection, the end of the program. The model decides when the
//! session notices the event and how the transfer ends.

use super::dispatch::spoken;
use super::waiting::Asking;
use super::{Server, ServerConfig, ServerContext};
use crate::model::{ControlFate, ControlLoss, Interruption, When};
use crate::report::{Direction, Speaker};
use crate::session::Action;
use crate::store::Store;
use crate::wire::command::Command;
use crate::wire::line::Line;

impl Server {
    /// Acts on a waiting command that does not wait for the end of the transfer. Sets
    /// `interrupting` if the session's limits leave a STAT for later.
    pub(super) fn interrupt<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        self.interrupting = false;
        if self.transfer.is_some() {
            self.interrupt_transfer(cx);
        }
    }

    /// `interrupt` for a session with a transfer. Not inlined: few lines arrive beside a transfer.
    #[inline(never)]
    fn interrupt_transfer<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        let Some(transfer) = &self.transfer else { return };
        if transfer.interrupted.is_some() || transfer.closing.is_some() || self.over {
            return;
        }
        let draw = transfer.draw;
        let status = |line: Line<'_>| is_status(line.bytes).then(|| spoken(line.bytes));
        while self.lines.any(is_status) {
            if self.is_laden() || !self.budget.take(cx.now) {
                self.interrupting = true;
                return;
            }
            if let Some(line) = self.lines.take_line(status) {
                cx.say(Speaker::Client, || line);
                self.ask_progress(cx);
            }
        }
        let taken = self.lines.take_line(|line| {
            let interruption = interruption(line, draw, cx.config)?;
            (interruption.when != When::Queued).then(|| (interruption, spoken(line.bytes)))
        });
        let Some((interruption, line)) = taken else { return };
        cx.say(Speaker::Client, || line);
        let transfer = self.transfer.as_mut().expect("it was there above");
        let waits = transfer.waits.is_some();
        if interruption.cut {
            transfer.interrupted = Some(interruption);
            match interruption.when {
                When::NextData(bytes) if !waits => self.actions.push(Action::Alarm(bytes)),
                _ => self.cut_data(cx.config),
            }
            if waits {
                self.handle_data_failed(None, cx);
            }
            return;
        }
        for phrase in interruption.says {
            self.reply(phrase.0, &phrase.1, cx);
        }
        match (interruption.control, &mut self.transfer) {
            // A transfer that moves data goes on. A transfer without a data connection ends with
            // the control connection, because the connection can no longer be made.
            (control, _) if waits && control != ControlFate::Stays => {
                self.leave(control);
                self.actions.push(Action::DropData);
                self.handle_data_failed(None, cx);
            }
            (ControlFate::CloseAfterTransfer, Some(transfer)) => transfer.closes = true,
            (control, _) => self.leave(control),
        }
    }

    /// ABOR outside a transfer, or queued behind a transfer.
    pub(super) fn handle_abor<S: Store>(&mut self, synch: bool, cx: &mut ServerContext<'_, S>) {
        let model = &cx.config.model;
        let choice = if synch { model.abor_synch } else { model.abor };
        let interruption = choice.take(self.draw);
        if interruption.cut || !self.access.logged_in() {
            return self.handle_command(Command::Abor, cx);
        }
        for phrase in interruption.says {
            self.reply(phrase.0, &phrase.1, cx);
        }
        self.leave(interruption.control);
    }

    /// Ends the data connection: the transfer has moved the bytes that an interruption waited for.
    pub(super) fn handle_alarm(&mut self, config: &ServerConfig) {
        if !self.ends_early(config) {
            self.cut_data(config);
        }
    }

    /// Ends the data connection of a transfer that is given up. A FIN would tell the client that a
    /// download is complete.
    fn cut_data(&mut self, config: &ServerConfig) {
        let download = self.transfer.as_ref().is_some_and(|it| it.direction == Direction::Download);
        let resets = download && config.model.cuts_by_reset;
        self.actions.push(if resets { Action::DropData } else { Action::CloseData });
    }

    /// Whether QUIT waits behind the transfer.
    pub(super) fn is_to_quit(&self) -> bool {
        self.lines.any(|line| line.trim_ascii().eq_ignore_ascii_case(b"QUIT"))
    }

    pub(super) fn handle_control_loss<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        self.over = true;
        if self.closing().is_some() {
            return;
        }
        let waits = self.transfer.as_ref().map(|transfer| transfer.waits.is_some());
        match (waits, cx.config.model.control_loss) {
            (Some(false), ControlLoss::Finish) => {}
            (Some(false), ControlLoss::NextData(bytes)) => self.actions.push(Action::Alarm(bytes)),
            (Some(true), _) => {
                self.actions.push(Action::DropData);
                self.handle_data_failed(None, cx);
            }
            (Some(false), ControlLoss::Abort) | (None, _) => self.cut_data(cx.config),
        }
    }

    /// The program is about to end: idle sessions are told now, sessions with a transfer after the
    /// transfer.
    pub(super) fn retire<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        self.retiring = true;
        let waits = self.transfer.as_ref().map(|transfer| transfer.waits.is_some());
        if waits == Some(true) && self.closing().is_none() {
            self.actions.push(Action::DropData);
            self.handle_data_failed(None, cx);
        }
        if self.transfer.is_none() {
            self.say_goodbye(cx);
        }
    }

    /// Sends 421 if the program is about to end (RFC 959 §5.4: 421 may answer any command).
    pub(super) fn say_goodbye<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        if self.retiring && !self.over && !self.waits_for_store() {
            self.reply(421, &"Service closing control connection.", cx);
            self.end();
        }
    }

    /// The program ends now: aborts the transfer with the failure reply; 421 follows.
    pub(super) fn cut<S: Store>(&mut self, cx: &mut ServerContext<'_, S>) {
        // A command that waits for the store gets no reply. A file that is being closed does.
        self.asking = Asking::No;
        self.retire(cx);
        if self.transfer.is_some() && self.closing().is_none() {
            self.actions.push(Action::DropData);
        }
    }

    /// Applies the model's decision about the control connection.
    pub(super) fn leave(&mut self, control: ControlFate) {
        let action = match control {
            ControlFate::Stays => return,
            ControlFate::Close | ControlFate::CloseAfterTransfer => Action::Close,
            ControlFate::Abort => Action::Abort,
        };
        if !self.over {
            self.over = true;
            self.actions.push(action);
        }
    }
}

/// Whether a line asks for the progress of the transfer.
fn is_status(line: &[u8]) -> bool {
    line.trim_ascii().eq_ignore_ascii_case(b"STAT")
}

/// The interruption that a line means in a transfer: ABOR or QUIT by the model, else `None`.
fn interruption(line: Line<'_>, draw: bool, config: &ServerConfig) -> Option<Interruption> {
    let verb = line.bytes.trim_ascii();
    let model = &config.model;
    if verb.eq_ignore_ascii_case(b"ABOR") {
        let choice = if line.synch { model.abor_synch } else { model.abor };
        Some(choice.take(draw))
    } else {
        verb.eq_ignore_ascii_case(b"QUIT").then_some(model.quit)
    }
}
