//! `ladder_form` names the forms of a ladder that stand alone: a picture, and a diagram in text.

use maud::Markup;

use crate::report::ladder::TraceScope;
use crate::report::page::ladder_svg::LadderPicture;
use crate::report::page::thinning::{DRAWN, Thinned};
use crate::report::page::verdict_words::sentence;
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
    /// Every form with its word on the command line.
    #[cfg(feature = "cli")]
    pub(crate) const ALL: [(&'static str, Self); 2] =
        [("svg", Self::Svg), ("mermaid", Self::Mermaid)];

    /// The ladder of a run that was recorded with headers, with the connections in scope.
    pub(crate) fn of(self, finished: &Finished, scope: TraceScope) -> String {
        let timeline = &mut Timeline::of(finished);
        timeline.retain(scope);
        let says = &sentence(&finished.outcome);
        match self {
            Self::Svg => picture(&drawn(finished, timeline, scope, says)),
            Self::Mermaid => mermaid::diagram(timeline, says),
        }
    }
}

/// The ladder of a run as an element, without links.
#[cfg(feature = "cli")]
pub(crate) fn ladder(finished: &Finished, timeline: &Timeline<'_>, scope: TraceScope) -> Markup {
    drawn(finished, timeline, scope, "")
}

/// The ladder of a run, below a sentence.
fn drawn(finished: &Finished, timeline: &Timeline<'_>, scope: TraceScope, says: &str) -> Markup {
    let thinned = &Thinned::of(timeline, DRAWN);
    let said = if scope == TraceScope::Data { &[] } else { &finished.dialogue[..] };
    LadderPicture { timeline, said, thinned, rows: None, brief: false, says }.markup()
}
