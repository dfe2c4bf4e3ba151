//! `search_bar` shows the progress of a search on a terminal, and handles Ctrl-C: the search ends, and the
//! runs made so far are kept.

use std::io::{self, Write};
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Status;
use crate::report::rate;
use crate::search::SearchProgress;

/// A progress bar; nothing where standard error is no terminal.
pub(super) struct SearchBar {
    bar: ProgressBar,
    began: Instant,
}

impl SearchBar {
    /// A bar of `all` steps, with `what` in front.
    pub(super) fn new(all: u64, what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr());
        let form = "{prefix} [{bar:24}] {percent}%  {msg}, {eta} left";
        let style = ProgressStyle::with_template(form).expect("the template is sound");
        bar.set_style(style.progress_chars("=> "));
        bar.set_prefix(what.to_owned());
        bar.reset_eta();
        Self { bar, began: wall_clock() }
    }

    /// Shows how far a search has come. Runs from a results file do not count for the rate.
    pub(super) fn at(&self, reached: SearchProgress) {
        if self.bar.is_hidden() {
            return;
        }
        let SearchProgress { runs, resumed, done, .. } = reached;
        if resumed > 0 && self.bar.position() < resumed {
            self.bar.set_position(resumed);
            self.bar.reset_eta();
        }
        let rate = rate(runs - resumed, self.began.elapsed());
        self.bar.set_message(format!("{runs} runs, {rate:.0}/s"));
        self.bar.set_position(done);
    }

    /// Leaves the terminal as it was before the bar.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// Begins a new stage of `all` steps.
    pub(super) fn stretch(&self, all: u64, what: &str) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_prefix(what.to_owned());
        self.bar.set_length(all);
        self.bar.set_position(0);
        self.bar.reset_eta();
    }
}

impl Drop for SearchBar {
    /// Leaves the terminal as it was before the bar.
    fn drop(&mut self) {
        self.clear();
    }
}

static STOP: AtomicBool = AtomicBool::new(false);

/// True once the user has sent Ctrl-C, SIGTERM or SIGHUP. A second signal ends the process at once.
pub(super) fn interrupted() -> &'static AtomicBool {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let handler = || {
            if STOP.swap(true, Ordering::Relaxed) {
                super::output_file::remove_unfinished();
                process::exit(i32::from(super::INTERRUPTED));
            }
        };
        // If the process has a handler already, that handler stays.
        let _ = ctrlc::set_handler(handler);
    });
    &STOP
}

/// Prints on `err` why a search ended before the last run, and how much is `done`. Returns the exit status
/// after an interrupt by the user; `None` after the end of `--max-time`.
pub(super) fn cut_short(err: &mut dyn Write, done: &str) -> io::Result<Option<Status>> {
    let by_user = STOP.load(Ordering::Relaxed);
    let why = if by_user { "interrupted" } else { "--max-time is over" };
    writeln!(err, "{why} after {done}")?;
    Ok(by_user.then_some(Status::Interrupted))
}

#[expect(clippy::disallowed_methods, reason = "a rate is of real time; it does not reach any run")]
pub(super) fn wall_clock() -> Instant {
    Instant::now()
}
