//! `law_names` lists the names of the laws as scenarios, outcomes and JSON spell them. `law` states
//! the demand of each law.

pub(crate) const PREFIX: &str = "file-is-a-prefix";
pub(crate) const SUCCESS: &str = "success-is-whole";
pub(crate) const UNCONTRADICTED: &str = "success-is-uncontradicted";
pub(crate) const OLD_FILE: &str = "old-file-stays";
pub(crate) const RESETS: &str = "resets-have-reasons";
pub(crate) const STATES: &str = "states-follow-figure-5";
pub(crate) const ONE_REPLY: &str = "one-final-reply";
pub(crate) const REPLY_CODES: &str = "replies-follow-the-table";
pub(crate) const AT_REST: &str = "hosts-come-to-rest";
pub(crate) const LEAKS: &str = "nothing-leaks";
pub(crate) const NO_RESET: &str = "no-reset-on-data";

/// The names of all laws, in the order of the table of laws.
pub(crate) const ALL: [&str; 11] = [
    PREFIX,
    SUCCESS,
    UNCONTRADICTED,
    OLD_FILE,
    RESETS,
    STATES,
    ONE_REPLY,
    REPLY_CODES,
    AT_REST,
    LEAKS,
    NO_RESET,
];

/// The names of the laws that hold only where `expect.laws` asks for the law.
pub(crate) const OPTIONAL: [&str; 1] = [NO_RESET];
