//! `consistency` checks the values of a scenario against each other. The range of a single value is
//! checked by the value's key.

use halfclose_stack::Congestion;

use super::task::{Content, File, Task, Verb, WriteMode};
use super::values::{HEADERS, InvalidSetting};
use super::{Expect, Scenario, fault};

impl Scenario {
    /// Apply `-s` settings, each `key=value`, in order, and check the scenario.
    ///
    /// The expectation of a scenario belongs to the unchanged scenario. Once the settings change
    /// anything else, the expectation is empty unless the settings give a new one (`-s
    /// expect.verdict=...`).
    ///
    /// # Errors
    /// There is no such key, a key does not take its value, or two values contradict each other.
    pub fn vary<'a>(
        &mut self,
        settings: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), InvalidSetting> {
        let before = self.clone();
        let mut expected_anew = false;
        for setting in settings {
            let (name, value) =
                setting.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                    let problem = "is not a key and its value: write -s key=value";
                    InvalidSetting::new(setting, problem)
                })?;
            expected_anew |= name.starts_with("expect.");
            self.set(name, value)?;
        }
        if !expected_anew && *self != before {
            self.expect = Expect::default();
        }
        self.check()
    }

    /// Check values that depend on each other. Of a scenario with open keys, every point of the grid
    /// is checked with both ends of every range.
    ///
    /// # Errors
    /// Two values contradict each other.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.corners()?.try_for_each(|corner| corner?.check_pinned())?;
        self.check_pinned()
    }

    fn check_pinned(&self) -> Result<(), InvalidSetting> {
        self.check_tasks()?;
        self.check_clients()?;
        let segment = self.mtu - HEADERS;
        let buffers = [
            ("tcp.receive_buffer", self.tcp.receive_buffer),
            ("tcp.send_buffer", self.tcp.send_buffer),
        ];
        for (key, bytes) in buffers {
            if bytes < segment {
                let problem = format!(
                    "{bytes} bytes do not hold one segment: link.mtu {} less {HEADERS} bytes of \
                     headers is {segment}",
                    self.mtu
                );
                return Err(InvalidSetting::new(key, problem));
            }
        }
        if self.tcp.initial_window.is_some() && self.tcp.congestion != Congestion::None {
            let problem = "the window of smoltcp's congestion control begins at two kilobytes and \
                           takes no other value: set tcp.congestion=none";
            return Err(InvalidSetting::new("tcp.initial_window", problem));
        }
        for (link, way) in [(&self.up, "up"), (&self.down, "down")] {
            link.check().map_err(|(key, problem)| {
                InvalidSetting::new(format!("link.{way}.{key}"), problem)
            })?;
        }
        fault::check(&self.faults).map_err(|problem| InvalidSetting::new("fault", problem))
    }

    fn check_tasks(&self) -> Result<(), InvalidSetting> {
        if !self.tasks.iter().any(Task::is_transfer) {
            let problem = "moves no file: a run is judged by its transfers (do.put, do.get, do.ls)";
            return Err(InvalidSetting::new("do", problem));
        }
        for (index, task) in self.tasks.iter().enumerate() {
            let wrong = |key: &str, problem: &str| {
                Err(InvalidSetting::new(format!("do.{}.{key}", index + 1), problem))
            };
            if task.file().is_some_and(|it| it.abort_after.is_some() && it.die_after.is_some()) {
                return wrong(
                    "die_after",
                    "a client that dies says no ABOR: leave out abort_after",
                );
            }
            self.check_before(index).or_else(|problem| wrong("before", &problem))?;
            if task.command(Verb::Rename).is_some_and(|rename| rename.to.is_empty()) {
                return wrong("rename", "a rename has a new name (do.to)");
            }
            let Task::Get(file) = task else { continue };
            let others = self.tasks[..index].iter().filter_map(Task::file);
            let Some(other) = others.rev().find(|other| other.name == file.name) else { continue };
            let own = file.content != File::new(&file.name).content;
            if own && file.content != other.content {
                let problem = format!(
                    "`{}` is what an earlier task says it is: leave out its size and file",
                    file.name
                );
                return wrong("get", &problem);
            }
        }
        Ok(())
    }

    /// Check the bytes at the receiver before the run against the file of task `index`.
    fn check_before(&self, index: usize) -> Result<(), String> {
        let Some(file @ File { before: Some(before), .. }) = self.tasks[index].file() else {
            return Ok(());
        };
        let upload = matches!(self.tasks[index], Task::Put(_));
        let earlier = |task: &Task| {
            // A download names the server's file as well.
            let place = upload || matches!(task, Task::Get(_));
            place && task.file().is_some_and(|other| other.name == file.name)
        };
        if let Some(at) = self.tasks[..index].iter().position(earlier) {
            return Err(format!(
                "an earlier task says what is there: leave out before, or give do.{} the file",
                at + 1
            ));
        }
        match file.content {
            Content::Generated(size) if file.mode == WriteMode::Resume && *before > size => {
                Err(format!("has more than all {size} bytes of the file: what would follow?"))
            }
            _ => Ok(()),
        }
    }
}
