//! `live::server_likeness` finds the measured servers whose reactions to resets are most like the rows
//! of a probe.

use halfclose_ftp::Close;
use halfclose_ftp::model::{Answer, Choice, Judgement, Kept, PRESETS, Resets, ServerModel};

use super::probe::ProbeRow;
use crate::verdict::FileState;

/// Points of a row for a model whose code, text and file are the row's.
const ALIKE: u32 = 3;
/// Points of a row whose code and file are the model's, and whose text is another.
const SAME_CODE: u32 = 1;

/// The names of the models with the most points, in the order of docs/MODELS.md. Empty if no model has
/// the reaction of any row that ends with a reset.
pub(super) fn likest(rows: &[ProbeRow]) -> Vec<&'static str> {
    let points = |model: &ServerModel| -> u32 { rows.iter().map(|row| of_row(model, row)).sum() };
    let resets = rows.iter().filter(|row| !matches!(row.close, Close::Fin | Close::HalfClose));
    let resets: Vec<_> = resets.collect();
    let acts_alike = |model: &&ServerModel| resets.iter().any(|row| of_row(model, row) > 0);
    let candidates: Vec<&ServerModel> = PRESETS.iter().filter(acts_alike).collect();
    let most = candidates.iter().map(|model| points(model)).max();
    let best = candidates.into_iter().filter(|model| Some(points(model)) == most);
    best.map(|model| model.name).collect()
}

fn of_row(model: &ServerModel, row: &ProbeRow) -> u32 {
    let possible = match row.close {
        Close::Fin | Close::HalfClose => Resets::always(Judgement::AS_EOF),
        Close::FinThenReset => model.after_fin,
        Close::Reset | Close::ResetWhenSent | Close::ResetWhenAcked => model.on_reset,
    };
    let ways = [possible.in_time, possible.behind, possible.not_begun];
    let ways = ways.into_iter().flat_map(|way| match way {
        Choice::Always(one) => [one, one],
        Choice::Either(one, other) => [one, other],
    });
    ways.map(|judgement| alike(model, judgement, row)).max().unwrap_or(0)
}

fn alike(model: &ServerModel, judgement: Judgement, row: &ProbeRow) -> u32 {
    if !keeps(judgement.kept, row) {
        return 0;
    }
    let phrase = match judgement.answer {
        Answer::Complete => model.texts.complete,
        Answer::Aborted => model.texts.aborted,
        Answer::Says(phrase) => phrase,
        Answer::Silence(_) => return if row.reply.is_empty() { ALIKE } else { 0 },
    };
    if row.code() != phrase.0.to_string() {
        return 0;
    }
    // Up to the first value of the transfer, and the first line alone.
    let text = phrase.1.split(['{', '\n']).next().unwrap_or_default();
    let said = row.reply.get(4..).unwrap_or_default();
    if said.starts_with(text) { ALIKE } else { SAME_CODE }
}

/// Whether a program that keeps this much leaves the row's file. Bytes that the sender itself threw
/// away are no fault of the program.
fn keeps(kept: Kept, row: &ProbeRow) -> bool {
    match kept {
        Kept::Nothing => row.file == FileState::Absent,
        Kept::Empty => row.stored == Some(0),
        Kept::All => matches!(row.file, FileState::Whole | FileState::Short),
        Kept::WholeBlocks(_) | Kept::AllButLastRead(_) => {
            row.stored == kept.of(row.size) || row.file == FileState::Short
        }
    }
}
