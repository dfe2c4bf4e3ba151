//! `clients` multiplies the tasks of one client: each client does all of `[[do]]` under names of
//! its own, so that a name tells whose file a transfer moved. Contents and times are known
//! elsewhere.

use super::Scenario;
use super::task::{Content, File, FileCommand, Listing, Task};
use super::values::InvalidSetting;

/// Bytes that all clients together may move: both sides hold the files in memory.
const BYTES_MAX: u64 = 4 << 30;

/// The name of `path` for client `client`, counted from 1. The first client keeps the name; client
/// 2 has `.2` behind the first part (`a.bin.2`, `in.2/a.bin`), so that files of one directory stay
/// together.
fn own(client: usize, path: &str) -> String {
    let (first, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    if client == 1 || path.is_empty() { path.to_owned() } else { format!("{first}.{client}{rest}") }
}

/// The client, counted from 1, to which `path` belongs by its form: the inverse of [`own`].
fn whose(path: &str) -> Option<usize> {
    let first = path.split('/').next()?;
    let number = first.rsplit_once('.')?.1;
    let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    number.parse().ok().filter(|number| plain && *number > 1)
}

impl Scenario {
    /// The tasks of all clients: the tasks of the first client, then the tasks of the second, and
    /// so on.
    #[must_use]
    pub fn tasks_of_all_clients(&self) -> Vec<Task> {
        (1..=self.client.count)
            .flat_map(|it| self.tasks.iter().map(move |own| own.of(it)))
            .collect()
    }

    /// The client, counted from 1, that owns the file `name` on either side.
    #[must_use]
    pub fn whose(&self, name: &str) -> usize {
        if self.client.count == 1 {
            return 1;
        }
        let look = whose(name).filter(|client| *client <= self.client.count);
        // The first client's name may look like the name of a later client; then no later client
        // has the name (`check_clients`).
        look.filter(|_| !self.names().any(|own| own == name)).unwrap_or(1)
    }

    /// The names of the first client, on both sides.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.tasks.iter().flat_map(|task| {
            let received = match task {
                Task::List(listing) => Some(&*listing.local),
                _ => None,
            };
            task.paths().chain(received)
        })
    }

    /// Check settings that exclude many clients, or many clients of this number.
    pub(super) fn check_clients(&self) -> Result<(), InvalidSetting> {
        let count = self.client.count;
        if count == 1 {
            return Ok(());
        }
        let invalid = |problem: String| Err(InvalidSetting::new("client.count", problem));
        for (index, task) in self.tasks.iter().enumerate() {
            if matches!(task, Task::List(Listing { path, .. }) if path.is_empty()) {
                return invalid(format!(
                    "{count} clients change the root while do.{} lists it: list a directory",
                    index + 1
                ));
            }
        }
        let part = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
        for name in self.names() {
            let (first, client) = (part(name), whose(name).filter(|client| *client <= count));
            if let Some(client) = client
                && let Some(plain) = first.strip_suffix(&format!(".{client}"))
                && self.names().any(|other| part(other) == plain)
            {
                return invalid(format!(
                    "`{first}` is what client {client} of {count} calls its `{plain}`: choose \
                     another name"
                ));
            }
        }
        let size = |task: &Task| match task.file().map(|file| &file.content) {
            Some(Content::Generated(size)) => *size,
            Some(Content::Path(_)) | None => 0,
        };
        let all = self.tasks.iter().map(size).fold(0, u64::saturating_add);
        if all.saturating_mul(count as u64) > BYTES_MAX {
            return invalid(format!(
                "{count} clients move {all} bytes each, more than {BYTES_MAX} together"
            ));
        }
        Ok(())
    }
}

impl Task {
    /// The same for client `client`, counted from 1.
    fn of(&self, client: usize) -> Self {
        let own = |path: &String| own(client, path);
        let file = |file: &File| File { name: own(&file.name), ..file.clone() };
        match self {
            Self::Put(it) => Self::Put(file(it)),
            Self::Get(it) => Self::Get(file(it)),
            Self::List(Listing { path, local }) => {
                Self::List(Listing { path: own(path), local: own(local) })
            }
            Self::Do(FileCommand { verb, path, to }) => {
                Self::Do(FileCommand { verb: *verb, path: own(path), to: own(to) })
            }
        }
    }
}
