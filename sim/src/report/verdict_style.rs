//! `verdict_style` colours a verdict for a terminal.

use anstyle::{AnsiColor, Style};

use crate::verdict::Verdict;

/// The colour of a verdict on a terminal. The verdicts of unnoticed data loss are bold too.
#[must_use]
pub(crate) fn style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Corrupt | Verdict::SilentTruncation => AnsiColor::Red,
        Verdict::Stuck => AnsiColor::Magenta,
        Verdict::Truncated | Verdict::FalseAlarm => AnsiColor::Yellow,
        Verdict::Intact => AnsiColor::Green,
    };
    let style = color.on_default();
    if verdict <= Verdict::SilentTruncation { style.bold() } else { style }
}
