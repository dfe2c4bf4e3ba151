//! `configure` translates a scenario into the configurations of both hosts and both programs, and
//! into the tasks of the clients.

use std::ops::Range;
use std::sync::Arc;

use halfclose_ftp as ftp;
use halfclose_stack as stack;

use crate::mutant::Mutant;
use crate::scenario::{File, FileCommand, Scenario, Task, Verb, WriteMode};
use crate::seed::{Purpose, number};
use crate::side::{EPOCH, Side};
use crate::workload::Workload;

/// Connections that may wait to be accepted: the connections of all clients.
pub(crate) const BACKLOG: usize = 10_000;

/// The seed of the host of `side` in the run with `seed`.
pub(crate) fn host_seed(side: Side, seed: u64) -> u64 {
    match side {
        Side::Client => number(seed, Purpose::ClientHost),
        Side::Server => number(seed, Purpose::ServerHost),
    }
}

/// The host of `side`.
pub(crate) fn host(scenario: &Scenario, side: Side, seed: u64) -> stack::Config {
    let policy = scenario.close_policy(side);
    let tcp = &scenario.tcp;
    stack::Config {
        address: side.address(),
        mtu: scenario.mtu,
        receive_buffer: tcp.receive_buffer,
        send_buffer: tcp.send_buffer,
        congestion: tcp.congestion,
        nagle: tcp.nagle,
        minshall: tcp.minshall,
        initial_window: tcp.initial_window,
        syn_retries: tcp.syn_retries,
        time_wait: tcp.time_wait,
        reset_reason: tcp.reset_reason,
        same_isn: scenario.mutant == Some(Mutant::SameIsn),
        ack_delay: tcp.ack_delay,
        policy,
        seed: host_seed(side, seed),
        // Only a flipped bit needs them.
        checksums: scenario.corrupts(),
        ..stack::Config::default()
    }
}

/// The configuration of the client program.
pub(crate) fn client(scenario: &Scenario) -> ftp::ClientConfig {
    let client = &scenario.client;
    let base = match client.profile {
        Some(_) => ftp::ClientConfig::ftp_exe(client.close),
        None => ftp::ClientConfig { close: client.close, ..ftp::ClientConfig::default() },
    };
    ftp::ClientConfig {
        mode: client.mode,
        extended: client.extended,
        representation: client.representation,
        checks: client.checks,
        close_after: client.close_after,
        reset_delay: client.reset_delay,
        reply_timeout: client.reply_timeout,
        trusts: client.trusts,
        abor_replies: client.abor_replies,
        habit: client.habit,
        data_port: client.data_port,
        ..base
    }
}

/// The configuration of the server program.
pub(crate) fn server(scenario: &Scenario, seed: u64) -> ftp::ServerConfig {
    let server = &scenario.server;
    let model = server.model.map_or(ftp::ServerModel::PLAIN, |model| *model);
    ftp::ServerConfig {
        model: server.on_reset.map_or(model, |judgement| model.on_reset(judgement)),
        draws: draws(scenario, seed),
        accept_delay: server.accept_delay,
        read_delay: server.read_delay,
        close: server.close,
        active_port: server.active_port,
        chatter: server.chatter,
        on_fin: server.on_fin,
        habit: server.habit,
        data_idle_timeout: server.data_timeout,
        epoch: EPOCH,
        ..ftp::ServerConfig::default()
    }
}

/// The choices of a server's model between two reactions.
pub(crate) fn draws(scenario: &Scenario, seed: u64) -> u64 {
    scenario.server.model.map_or(0, |_| number(seed, Purpose::ServerModel))
}

/// The name of the source of task `index` at the client. No received file has such a name, so that
/// a task never overwrites the source of another task.
fn source(index: usize) -> String {
    format!("the source of do.{}", index + 1)
}

/// The tasks of each client.
pub(crate) fn scripts(workload: &Workload, clients: usize) -> Vec<Arc<[ftp::Task]>> {
    (1..=clients).map(|client| script(workload, workload.tasks_of(client))).collect()
}

fn script(workload: &Workload, mine: Range<usize>) -> Arc<[ftp::Task]> {
    let mut tasks = Vec::new();
    for index in mine {
        let task = &workload.tasks()[index];
        let file = match task {
            Task::Put(file) => {
                let mode = match file.mode {
                    WriteMode::Replace => ftp::UploadMode::Replace,
                    WriteMode::Append => ftp::UploadMode::Append,
                    WriteMode::Resume => ftp::UploadMode::Resume,
                };
                let (local, remote) = (source(index).into(), (&*file.name).into());
                tasks.push(ftp::Task::Put { local, remote, mode });
                Some(file)
            }
            Task::Get(file) => {
                let (local, remote): (Arc<str>, _) = ((&*file.name).into(), (&*file.name).into());
                tasks.push(ftp::Task::Get {
                    remote,
                    local,
                    resume: file.mode == WriteMode::Resume,
                });
                Some(file)
            }
            Task::List(listing) => {
                tasks.push(ftp::Task::list(&*listing.path, &*listing.local));
                None
            }
            Task::Do(command) => {
                tasks.push(command_task(command));
                None
            }
        };
        if let Some(after) = file.and_then(|file: &File| file.abort_after) {
            tasks.push(ftp::Task::Abor { after });
        }
        if let Some(after) = file.and_then(|file: &File| file.die_after) {
            tasks.push(ftp::Task::Die { after });
        }
    }
    tasks.into()
}

fn command_task(command: &FileCommand) -> ftp::Task {
    let (remote, to) = (command.path.as_str().into(), command.to.as_str().into());
    match command.verb {
        Verb::MakeDirectory => ftp::Task::MakeDirectory { remote },
        Verb::RemoveDirectory => ftp::Task::RemoveDirectory { remote },
        Verb::Delete => ftp::Task::Delete { remote },
        Verb::Rename => ftp::Task::Rename { from: remote, to },
        Verb::Size => ftp::Task::Size { remote },
        Verb::Modified => ftp::Task::Modified { remote },
        Verb::Noop => ftp::Task::Noop,
    }
}
