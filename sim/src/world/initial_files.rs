//! `initial_files` stores the files of a scenario and their directories before a run begins.

use std::sync::Arc;
use std::time::Duration;

use halfclose_ftp as ftp;
use halfclose_ftp::{MemoryStore, Store};

use crate::scenario::{FileCommand, Origin, Scenario, Task, Verb};
use crate::side::EPOCH;
use crate::workload::Workload;

/// Store every file of the scenario; `asked` has the tasks of each client.
pub(crate) fn lay_out(
    scenario: &Scenario,
    workload: &Workload,
    asked: &[Arc<[ftp::Task]>],
    client: &mut MemoryStore,
    server: &mut MemoryStore,
) {
    for store in [&mut *client, &mut *server] {
        store.set_epoch(EPOCH);
        store.set_sources(Arc::clone(workload.known()));
    }
    server.set_rate(scenario.server.store_rate);
    server.set_capacity(scenario.server.capacity);
    let mut sources = asked.iter().flat_map(|script| script.iter()).filter_map(|task| match task {
        ftp::Task::Put { local, .. } => Some(local),
        _ => None,
    });
    for (index, task) in workload.tasks().iter().enumerate() {
        for path in task.paths() {
            make_parents(workload, index, path, client, server);
        }
        let content = workload.content(index);
        match task {
            Task::Put(file) => {
                let name = sources.next().expect("the program has the scenario's uploads");
                client.insert_content(name, content);
                if let Some(before) = workload.before(index) {
                    server.insert_content(&file.name, before);
                }
            }
            Task::Get(file) => {
                // The server begins with a file unless an earlier task uploads the file.
                if workload.origin(index) == Origin::Before {
                    server.insert_content(&file.name, content);
                }
                if let Some(before) = workload.before(index) {
                    client.insert_content(&file.name, before);
                }
            }
            Task::List(_) | Task::Do(_) => {}
        }
    }
}

/// Make the directories above a path on both sides, except directories at the server that a task of
/// the same client makes.
fn make_parents(
    workload: &Workload,
    task: usize,
    path: &str,
    client: &mut MemoryStore,
    server: &mut MemoryStore,
) {
    for (at, _) in path.match_indices('/') {
        let directory = &path[..at];
        let is_made = |task: &Task| match task {
            Task::Do(
                FileCommand { verb: Verb::MakeDirectory, path: made, .. }
                | FileCommand { verb: Verb::Rename, to: made, .. },
            ) => made == directory,
            _ => false,
        };
        // The directory may exist already.
        let _ = client.make_directory(directory, Duration::ZERO);
        let mut named = workload.naming(directory, workload.beside(task)).iter();
        if !named.any(|other| is_made(&workload.tasks()[*other])) {
            let _ = server.make_directory(directory, Duration::ZERO);
        }
    }
}
