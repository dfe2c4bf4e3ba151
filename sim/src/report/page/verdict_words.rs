//! `verdict_words` shows a verdict on a page: a sign, the name and a colour, and what the verdict means.

use maud::{Markup, html};

use crate::outcome::{Outcome, TransferOutcome};
use crate::report::told;
use crate::verdict::{FileState, Verdict};

/// The sign of a verdict, so that no verdict is told by the colour alone.
pub(crate) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Corrupt => "≠",
        Verdict::SilentTruncation => "✗",
        Verdict::Stuck => "…",
        Verdict::Truncated => "½",
        Verdict::FalseAlarm => "!",
        Verdict::Intact => "✓",
    }
}

/// A verdict as a coloured word.
pub(crate) fn badge(verdict: Verdict) -> Markup {
    html! { span class={ "verdict v-" (verdict.name()) } { (sign(verdict)) " " (verdict.name()) } }
}

/// The verdict of a run in a sentence.
pub(crate) fn sentence(outcome: &Outcome) -> String {
    let Some(worst) = outcome.worst() else { return String::new() };
    let TransferOutcome { task, sent, stored, file, .. } = worst;
    let file = match file {
        FileState::Whole => format!("the file is whole ({stored} bytes)"),
        FileState::Short => format!("only the first {stored} of {sent} bytes are in the file"),
        FileState::Absent => format!("there is no file, of {sent} bytes"),
        FileState::Unchanged => format!("the old file is unchanged ({stored} bytes)"),
        FileState::Other => format!("the file holds other bytes than the source ({stored} bytes)"),
    };
    let user = match told(worst.told) {
        "nothing" => "the user was told nothing".to_owned(),
        word => format!("the user was told of {word}"),
    };
    let others = match outcome.transfers.len() {
        1 => String::new(),
        all => format!(" It is the worst of {all} transfers."),
    };
    format!("{task}: {file}, and {user}.{others}")
}
