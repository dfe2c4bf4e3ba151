//! `expectation` compares an outcome with what its scenario expects.

use std::fmt;

use halfclose_ftp::Told;
use halfclose_stack::Ending;

use crate::outcome::Outcome;
use crate::scenario::Expect;
use crate::scenario::units::print_duration;

/// An expectation that an outcome does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The key of the expectation without `expect.`, such as `verdict`; `law` for a law that broke
    /// although the scenario does not name the law.
    pub what: &'static str,
    /// The expected values, joined with `or`; for a law, the name of the law.
    pub wanted: String,
    /// The value of the outcome; for a law, the breach.
    pub got: String,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, wanted, got } = self;
        match *what {
            "law" => write!(f, "law {got}"),
            "broken_laws" => write!(f, "expected law {wanted} to be broken, and it held"),
            "verdict" => write!(f, "expected {wanted}, got {got}"),
            "within" => write!(f, "expected quiet within {wanted}, got {got}"),
            key => write!(f, "expected {key} {wanted}, got {got}"),
        }
    }
}

/// Every expectation that `outcome` does not meet. Broken laws come first, unless `expected` names
/// them.
#[must_use]
pub fn unmet(expected: &Expect, outcome: &Outcome) -> Vec<Unmet> {
    let broken = &outcome.broken_laws;
    let unexpected = broken.iter().filter(|law| !expected.broken_laws.contains(&law.name));
    let mut unmet: Vec<_> = unexpected
        .map(|law| Unmet { what: "law", wanted: law.name.to_owned(), got: law.to_string() })
        .collect();
    // A law that was broken with an excuse was broken.
    let waived = &outcome.waived_laws;
    let held = |name: &&&str| {
        let names = broken.iter().map(|law| law.name).chain(waived.iter().map(|law| law.name));
        !names.into_iter().any(|broken| broken == **name)
    };
    let held = expected.broken_laws.iter().filter(held);
    unmet.extend(held.map(|name| Unmet {
        what: "broken_laws",
        wanted: (*name).to_owned(),
        got: "held".to_owned(),
    }));
    let mut check = |what: &'static str, met: bool, words: Vec<String>, got: &str| {
        if !met && !words.is_empty() {
            unmet.push(Unmet { what, wanted: words.join(" or "), got: got.to_owned() });
        }
    };
    let got = outcome.verdict;
    let names = expected.verdict.iter().map(ToString::to_string).collect();
    check("verdict", expected.verdict.contains(&got), names, got.name());
    if let Some(worst) = outcome.worst() {
        let names = expected.file.iter().map(|file| file.name().to_owned()).collect();
        check("file", expected.file.contains(&worst.file), names, worst.file.name());
        let names = expected.told.iter().map(|word| told(*word).to_owned()).collect();
        check("told", expected.told.contains(&worst.told), names, told(worst.told));
        let quoted = |text: &String| match text.is_empty() {
            true => "none".to_owned(),
            false => format!("`{text}`"),
        };
        let met = expected.reply.iter().any(|begin| match begin.is_empty() {
            true => worst.reply.is_empty(),
            false => worst.reply.starts_with(&**begin),
        });
        let names = expected.reply.iter().map(quoted).collect();
        check("reply", met, names, &quoted(&worst.reply));
    }
    if let Some(within) = expected.within {
        let names = vec![print_duration(within)];
        let met = outcome.quiet_at <= within;
        check("within", met, names, &print_duration(outcome.quiet_at));
    }
    unmet
}

/// Whether a run met `expected`, if the run missed these expectations; `None`: the scenario expects
/// nothing, and every law held.
#[cfg(feature = "results")]
#[must_use]
pub(crate) fn met(expected: &Expect, unmet: &[Unmet]) -> Option<bool> {
    match unmet {
        [] => (*expected != Expect::default()).then_some(true),
        _ => Some(false),
    }
}

/// Whether `outcome` broke only laws that `expected` names.
#[must_use]
pub(crate) fn lawful(expected: &Expect, outcome: &Outcome) -> bool {
    outcome.broken_laws.iter().all(|law| expected.broken_laws.contains(&law.name))
}

/// The word of JSON, results files and summaries for the answer to the user.
#[must_use]
pub(crate) fn told(told: Told) -> &'static str {
    match told {
        Told::Success => "success",
        Told::Failure => "failure",
        Told::Nothing => "nothing",
    }
}

/// How a connection ended, in words for a person.
#[must_use]
pub(crate) fn ended(ending: Option<Ending>) -> &'static str {
    match ending {
        Some(Ending::Finished) => "finished (FIN)",
        Some(Ending::Aborted) => "aborted (sent RST)",
        Some(Ending::Reset) => "was reset (got RST)",
        Some(Ending::Refused) => "was refused",
        Some(Ending::TimedOut) => "timed out",
        Some(Ending::Stalled) => "stalled in its stack",
        None => "never ended",
    }
}
