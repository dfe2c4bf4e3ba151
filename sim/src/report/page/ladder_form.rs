//! `ladder_form` names the forms of a ladder that stand alone: a picture, and a diagram in text.

use crate::report::page::ladder_svg::LadderPicture;
use crate::report::page::thinning::{DRAWN, Thinned};
use crate::report::page::{mermaid, picture};
use crate::report::timeline::Timeline;
use crate::run::Finished;

/// The form of a ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LadderForm {
    /// A picture in SVG with a true axis of time.
    Svg,
    /// A sequence diagram of Mermaid, without an axis of time.
    Mermaid,
}

impl LadderForm {
    #[cfg(feature = "cli")]
    /// Every form with its word on the command line.
    pub(crate) const ALL: [(&'static str, Self); 2] =
        [("svg", Self::Svg), ("mermaid", Self::Mermaid)];

    /// The ladder of a run that was recorded with headers.
    pub(crate) fn of(self, finished: &Finished) -> String {
        let timeline = &Timeline::of(finished);
        match self {
            Self::Svg => {
                let thinned = &Thinned::of(timeline, DRAWN);
                let said = &finished.dialogue;
                picture(&LadderPicture { timeline, said, thinned, rows: None }.markup())
            }
            Self::Mermaid => mermaid::diagram(timeline),
        }
    }
}
