//! `live::transfer_bar` shows the progress of a transfer on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};

/// The templates of the bar: with a total, and without a total.
const KNOWN: &str =
    "{msg} {bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";
const UNKNOWN: &str = "{msg} {spinner} {binary_bytes} {binary_bytes_per_sec}";

/// A bar on standard error, or nothing.
pub(super) struct TransferBar(Option<ProgressBar>);

impl TransferBar {
    /// Makes a bar if `wanted` is true and standard error is a terminal.
    pub(super) fn new(wanted: bool, name: &str) -> Self {
        if !wanted || !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style(UNKNOWN));
        bar.set_message(name.to_owned());
        Self(Some(bar))
    }

    pub(super) fn is_shown(&self) -> bool {
        self.0.is_some()
    }

    /// Sets the total to `bytes`.
    pub(super) fn set_total(&self, total: u64) {
        if let Some(bar) = self.0.as_ref().filter(|bar| bar.length() != Some(total)) {
            bar.set_length(total);
            bar.set_style(style(KNOWN));
        }
    }

    pub(super) fn set(&self, moved: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(moved);
        }
    }
}

impl Drop for TransferBar {
    /// Removes the bar; the result is printed in words elsewhere.
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are right: a test has seen both")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_templates_are_right() {
        for template in [KNOWN, UNKNOWN] {
            style(template);
        }
    }
}
