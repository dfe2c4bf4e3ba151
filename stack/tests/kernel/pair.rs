//! `pair.rs` runs one script against a kernel socket and a host, and stops at the first difference. Waits
//! pass in real time at the kernel, and as virtual time of the same length at the host.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use halfclose_stack::ClosePolicy;

use crate::causes::Difference;
use crate::machine::{Kernel, Machine};
use crate::ours::Ours;
use crate::peer::Peer;
use crate::step::{End, Reaction, Step};

/// Real time since the start of a test.
pub(crate) struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "no run: the timers of a real kernel")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(&self) -> Duration {
        self.0.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "no run: the timers of a real kernel")]
    pub(crate) fn sleep_until(&self, time: Duration) {
        std::thread::sleep(time.saturating_sub(self.now()));
    }
}

/// The steps of a script: known ones, then those of a random peer.
pub(crate) struct Script {
    steps: VecDeque<Step>,
    /// A random peer with the number of its steps.
    peer: Option<(Peer, usize)>,
}

impl Script {
    pub(crate) fn of(steps: Vec<Step>) -> Self {
        Self { steps: steps.into(), peer: None }
    }

    /// 13 random steps behind a handshake.
    pub(crate) fn random(mut peer: Peer) -> Self {
        Self { steps: peer.opening().into(), peer: Some((peer, 13)) }
    }

    fn next(&mut self) -> Option<Step> {
        if let Some(step) = self.steps.pop_front() {
            return Some(step);
        }
        let (peer, left) = self.peer.as_mut()?;
        *left = left.checked_sub(1)?;
        peer.step()
    }

    fn hear(&mut self, reaction: &Reaction) {
        if let Some((peer, _)) = &mut self.peer {
            reaction.sent.iter().for_each(|sent| peer.hear(sent));
        }
    }
}

/// A wait: when the wait began on the clock, and at the host.
struct Wait {
    clock: Duration,
    ours: Duration,
}

/// Both ends in the middle of a script.
pub(crate) struct Pair<'a> {
    kernel: Kernel<'a>,
    ours: Ours,
    script: Script,
    wait: Option<Wait>,
    /// The title, and each step with the reaction to the step.
    pub(crate) log: Vec<String>,
    /// The first step to which the two ends reacted differently, with the reactions.
    pub(crate) difference: Option<(Step, [Reaction; 2])>,
    /// Whether a timer has sent something before.
    pub(crate) timed_out: bool,
    /// Whether steps took so long at the kernel that a timer may have fired in between.
    pub(crate) late: bool,
}

/// The longest real time of steps that follow each other.
const SWIFT: Duration = Duration::from_millis(50);

impl<'a> Pair<'a> {
    pub(crate) fn new(
        title: String,
        machine: &'a Machine,
        policy: ClosePolicy,
        script: Script,
    ) -> Self {
        let (kernel, ours) = (machine.next(), Ours::new(policy));
        let (wait, log, difference) = (None, vec![title], None);
        Self { kernel, ours, script, wait, log, difference, timed_out: false, late: false }
    }

    /// Take steps until a wait, and return the time at which the script goes on; `None` at the end of the
    /// script and at the first difference.
    pub(crate) fn go_on(&mut self, clock: &Clock) -> Option<Duration> {
        let began = clock.now();
        let due = self.take_steps(clock);
        self.late |= clock.now() - began > SWIFT;
        due
    }

    fn take_steps(&mut self, clock: &Clock) -> Option<Duration> {
        if let Some(wait) = self.wait.take() {
            let passed = clock.now() - wait.clock;
            self.ours.advance(wait.ours + passed);
            let more = self.ours.unrest();
            if !more.is_zero() {
                self.wait = Some(wait);
                return Some(clock.now() + more);
            }
            self.take(Step::Wait(passed))?;
        }
        while let Some(step) = self.script.next() {
            if let Step::Wait(time) = step {
                let now = clock.now();
                self.wait = Some(Wait { clock: now, ours: self.ours.now() });
                return Some(now + time);
            }
            self.take(step)?;
        }
        None
    }

    /// The cause of the difference; `None`: there is no difference, or no cause in the list.
    pub(crate) fn cause(&self) -> Option<&'static str> {
        let (step, [kernel, ours]) = self.difference.as_ref()?;
        Difference { step, kernel, ours, timed_out: self.timed_out }.cause()
    }

    /// Whether the difference must occur again to count: a busy machine may have made the difference.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.difference.is_some() && (self.late || self.cause().is_none())
    }

    /// Let both ends take `step`, and write the step down; `None`: the reactions differ.
    fn take(&mut self, step: Step) -> Option<()> {
        let [theirs, mine] = [self.kernel.take(&step), self.ours.take(&step)];
        if theirs != mine {
            self.difference = Some((step, [theirs, mine]));
            return None;
        }
        self.timed_out |= matches!(step, Step::Wait(_)) && !theirs.sent.is_empty();
        self.log.push(format!("  {step}  {theirs}"));
        self.script.hear(&theirs);
        Some(())
    }
}
