//! How far a search has come: a bar on standard error, on a terminal only, and Ctrl-C, which ends a
//! search with what it has.

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar; nothing where standard error is no terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar that is full at `all`, with a word in front.
    pub(super) fn new(all: u64, what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr());
        let form =
            "{prefix} [{bar:30}] {human_pos}/{human_len} ({percent}%)  {per_sec}  {eta} left";
        let style = ProgressStyle::with_template(form).expect("the template is sound");
        bar.set_style(style.progress_chars("=> "));
        bar.set_prefix(what.to_owned());
        Self(bar)
    }

    /// What was done before does not count for the rate.
    pub(super) fn resume(&self, at: u64) {
        self.0.set_position(at);
        self.0.reset_eta();
    }

    pub(super) fn at(&self, done: u64) {
        self.0.set_position(done);
    }
}

impl Progress {
    /// A new stretch: full at `all`.
    pub(super) fn restart(&self, all: u64, what: &str) {
        self.0.set_prefix(what.to_owned());
        self.0.set_length(all);
        self.0.set_position(0);
        self.0.reset_eta();
    }
}

impl Drop for Progress {
    /// It leaves the terminal as it was.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

static STOP: AtomicBool = AtomicBool::new(false);

/// True once the user wants a search to end: Ctrl-C, SIGTERM or SIGHUP. A second one ends the
/// process at once.
pub(super) fn interrupted() -> &'static AtomicBool {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let handler = || {
            if STOP.swap(true, Ordering::Relaxed) {
                process::exit(i32::from(super::INTERRUPTED));
            }
        };
        // Where there is a handler already, it is somebody else's.
        let _ = ctrlc::set_handler(handler);
    });
    &STOP
}

#[expect(clippy::disallowed_methods, reason = "a rate is of real time; it does not reach any run")]
pub(super) fn wall_clock() -> Instant {
    Instant::now()
}
