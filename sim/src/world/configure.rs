//! `setup` says what a scenario means to each part: the configuration of both hosts and programs.

use std::ops::Range;
use std::sync::Arc;

use halfclose_ftp as ftp;
use halfclose_stack as stack;

use crate::scenario::{Command, File, How, Scenario, Task};
use crate::seed::{Purpose, number};
use crate::side::{CLIENT, EPOCH, SERVER, Side};
use crate::workload::Workload;

/// Connections that may wait to be accepted: of everybody at once.
pub(crate) const BACKLOG: usize = 10_000;

/// What the host of `side` draws from in the run with `seed`.
pub(crate) fn host_seed(side: Side, seed: u64) -> u64 {
    match side {
        Side::Client => number(seed, Purpose::ClientHost),
        Side::Server => number(seed, Purpose::ServerHost),
    }
}

/// The host of `side`.
pub(crate) fn host(scenario: &Scenario, side: Side, seed: u64) -> stack::Config {
    let (address, policy) = match side {
        Side::Client => (CLIENT, scenario.client.policy.of(&scenario.client.host)),
        Side::Server => (SERVER, scenario.server.policy.of(&scenario.server.host)),
    };
    let tcp = &scenario.tcp;
    stack::Config {
        address,
        mtu: scenario.mtu,
        receive_buffer: tcp.receive_buffer,
        send_buffer: tcp.send_buffer,
        congestion: tcp.congestion,
        nagle: tcp.nagle,
        ack_delay: tcp.ack_delay,
        policy,
        seed: host_seed(side, seed),
        // Only a flipped bit needs them.
        checksums: scenario.corrupts(),
        ..stack::Config::default()
    }
}

/// The client program.
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
        reply_timeout: client.reply_timeout,
        trusts: client.trusts,
        abor_replies: client.abor_replies,
        data_port: client.data_port,
        ..base
    }
}

/// The server program.
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
        data_idle_timeout: server.data_timeout,
        epoch: EPOCH,
        ..ftp::ServerConfig::default()
    }
}

/// Which of two ways a server's model goes, where it has two.
pub(crate) fn draws(scenario: &Scenario, seed: u64) -> u64 {
    scenario.server.model.map_or(0, |_| number(seed, Purpose::ServerModel))
}

/// What the source of task `index` is called at the client: nothing that is received bears such a
/// name, so a task never overwrites another's source.
fn source(index: usize) -> String {
    format!("the source of do.{}", index + 1)
}

/// What each client is asked to do.
pub(crate) fn scripts(workload: &Workload, clients: usize) -> Vec<Arc<[ftp::Task]>> {
    (1..=clients).map(|client| script(workload, workload.tasks_of(client))).collect()
}

fn script(workload: &Workload, mine: Range<usize>) -> Arc<[ftp::Task]> {
    let mut tasks = Vec::new();
    for index in mine {
        let task = &workload.tasks()[index];
        let file = match task {
            Task::Put(file) => {
                let mode = match file.how {
                    How::Over => ftp::UploadMode::Replace,
                    How::Append => ftp::UploadMode::Append,
                    How::Resume => ftp::UploadMode::Resume,
                };
                let (local, remote) = (source(index).into(), (&*file.name).into());
                tasks.push(ftp::Task::Put { local, remote, mode });
                Some(file)
            }
            Task::Get(file) => {
                let (local, remote): (Arc<str>, _) = ((&*file.name).into(), (&*file.name).into());
                tasks.push(ftp::Task::Get { remote, local, resume: file.how == How::Resume });
                Some(file)
            }
            Task::List(listing) => {
                tasks.push(ftp::Task::list(&*listing.path, &*listing.local));
                None
            }
            Task::Do(command) => {
                tasks.push(said(command));
                None
            }
            Task::Noop => {
                tasks.push(ftp::Task::Noop);
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

fn said(command: &Command) -> ftp::Task {
    let name = |path: &str| path.into();
    match command {
        Command::MakeDirectory(path) => ftp::Task::MakeDirectory { remote: name(path) },
        Command::RemoveDirectory(path) => ftp::Task::RemoveDirectory { remote: name(path) },
        Command::Delete(path) => ftp::Task::Delete { remote: name(path) },
        Command::Rename { from, to } => ftp::Task::Rename { from: name(from), to: name(to) },
        Command::Size(path) => ftp::Task::Size { remote: name(path) },
        Command::Modified(path) => ftp::Task::Modified { remote: name(path) },
    }
}
