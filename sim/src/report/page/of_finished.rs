//! `of_finished` gives a finished run its page and its ladders, for tests that leave pictures behind.

use crate::report::ladder::TraceScope;
use crate::report::page::{LadderForm, RunPage};
use crate::report::{ShownRun, because};
use crate::run::{Finished, RunError};
use crate::scenario::Scenario;
use crate::workload::Workload;

impl Finished {
    /// A page of HTML about the run, as `halfclose run --report` writes the page. `scenario` is the
    /// scenario of the run, which was recorded at [`Recording::Headers`] or above.
    ///
    /// # Errors
    /// A file of the scenario cannot be read.
    ///
    /// [`Recording::Headers`]: crate::Recording::Headers
    pub fn page(&self, scenario: &Scenario) -> Result<String, RunError> {
        let workload = Workload::load(scenario)?;
        let (outcome, because) = (&self.outcome, because(self));
        let reproduce = format!("halfclose run {} --seed {}", scenario.name, outcome.seed);
        let because = because.as_deref();
        let shown = ShownRun { scenario, outcome, reproduce: &reproduce, because };
        Ok(RunPage::new(shown, self, &workload).text())
    }

    /// The packets of the run as a picture in SVG, recorded at [`Recording::Headers`] or above.
    ///
    /// [`Recording::Headers`]: crate::Recording::Headers
    #[must_use]
    pub fn ladder_svg(&self) -> String {
        LadderForm::Svg.of(self, TraceScope::All)
    }

    /// The packets of the run as a sequence diagram of Mermaid, recorded at [`Recording::Headers`] or
    /// above.
    ///
    /// [`Recording::Headers`]: crate::Recording::Headers
    #[must_use]
    pub fn ladder_mermaid(&self) -> String {
        LadderForm::Mermaid.of(self, TraceScope::All)
    }
}
