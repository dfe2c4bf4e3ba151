//! `server::judgement` is what an end of a transfer means by the server's model: which final reply,
//! and what is kept of the file. It says nothing and closes nothing itself.

use super::ServerConfig;
use super::refusal::behind;
use crate::model::{Answer, Judgement, Kept, Phrase};
use crate::report::Direction;
use crate::store::StoreError;
use crate::tcp::Ending;
use crate::transfer::{End, Lateness};

/// What an end of a transfer means; `draw` is which of two ways the model goes this time.
pub(super) fn judge(
    direction: Direction,
    draw: bool,
    end: &End,
    config: &ServerConfig,
) -> Judgement {
    let model = &config.model;
    let upload = direction == Direction::Upload;
    let says = |code, text| Judgement { answer: Answer::Says(Phrase(code, text)), kept: Kept::All };
    let failed = if end.complete {
        if upload && end.late != Lateness::InTime {
            return model.after_fin.judge(end.late, draw);
        }
        return Judgement::AS_EOF;
    } else if let Some(error) = end.store {
        match error {
            StoreError::TooLarge if !upload => says(451, "The directory has too many names."),
            error => says(behind(error), error.text()),
        }
    } else if end.idle {
        says(426, model.texts.data_timeout)
    } else if end.ending == Some(Ending::Reset) {
        if upload {
            return model.on_reset.judge(end.late, draw);
        }
        Judgement { answer: model.on_download_reset, kept: Kept::All }
    } else {
        Judgement::ABORT
    };
    Judgement { kept: model.abandoned, ..failed }
}
