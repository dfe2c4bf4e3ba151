//! `live::progress` shows on a terminal how far a transfer has come.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};

/// With a total, and without one.
const KNOWN: &str =
    "{msg} {bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";
const UNKNOWN: &str = "{msg} {spinner} {binary_bytes} {binary_bytes_per_sec}";

/// A bar on standard error, or nothing.
pub(super) struct TransferBar(Option<ProgressBar>);

impl TransferBar {
    /// A bar, if `wanted` and if somebody sees it.
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

    /// So many bytes in all.
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
    /// What came of it is said in words, elsewhere.
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
