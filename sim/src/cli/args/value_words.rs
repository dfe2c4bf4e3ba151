//! `value_words` reads the values of options: words of a closed list, known to help and completions, and
//! numbers with their range in the error message.

use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Command};

use crate::catalogue;
use crate::explain::Cause;
use crate::report::ladder::TraceScope;
use crate::report::page::LadderForm;
use crate::run::CapturePoint;
use crate::scenario::units;

/// Reads a word of a closed list as the value beside the word.
pub(super) fn one_of<T: Clone + Send + Sync + 'static>(
    words: Vec<(&'static str, T)>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words.iter().map(|(word, _)| *word)).map(move |text: String| {
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| value.clone()).expect("clap takes the words of the list alone")
    })
}

/// Reads the name of a scenario, or a path. A shell completes the names of the catalogue.
#[derive(Clone)]
pub(super) struct ScenarioName;

impl TypedValueParser for ScenarioName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(catalogue::names().map(PossibleValue::new)))
    }
}

/// Reads where a capture is taken.
pub(super) fn capture_point() -> impl TypedValueParser<Value = CapturePoint> {
    one_of(CapturePoint::ALL.to_vec())
}

/// Reads the connections of a trace.
pub(super) fn trace_scope() -> impl TypedValueParser<Value = TraceScope> {
    one_of(TraceScope::ALL.to_vec())
}

/// Reads the form of a ladder.
pub(super) fn ladder_form() -> impl TypedValueParser<Value = LadderForm> {
    one_of(LadderForm::ALL.to_vec())
}

/// Reads the cause of an ending.
pub(super) fn cause() -> impl TypedValueParser<Value = Cause> {
    one_of(Cause::ALL.map(|cause| (cause.name(), cause)).to_vec())
}

/// Reads a word of `explain --fail-on`.
pub(super) fn found() -> impl TypedValueParser<Value = String> {
    let causes = Cause::ALL.map(Cause::name);
    PossibleValuesParser::new(["short", "reset-on-data"].into_iter().chain(causes))
}

/// Reads the seed of a run.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// Reads a number of threads. More than 1,024 are refused as a slip.
pub(super) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let jobs = text.parse().ok().filter(|jobs: &NonZeroUsize| jobs.get() <= 1024);
    jobs.ok_or_else(|| "it must be a number of threads from 1 to 1024".to_owned())
}

/// Reads a number of faults. No exploration of more than 64 faults comes to an end.
pub(super) fn faults(text: &str) -> Result<usize, String> {
    let faults = text.parse().ok().filter(|faults| (0..=64).contains(faults));
    faults.ok_or_else(|| "it must be a number of faults from 0 to 64".to_owned())
}

/// Reads a number of packets or sessions: at least one.
pub(super) fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "it must be a whole number from 1".to_owned())
}

/// Reads a number, 0 included.
pub(super) fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "it must be a whole number".to_owned())
}

/// Reads a duration with a unit.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    units::parse_duration(text).map_err(|error| error.to_string())
}

/// Reads how long a peer may be silent. A limit of 0 would end every session at once.
#[cfg(feature = "net")]
pub(super) fn patience(text: &str) -> Result<Duration, String> {
    let time = time(text)?;
    if time.is_zero() {
        return Err("it must be more than 0, such as 30s or 5min".to_owned());
    }
    Ok(time)
}
