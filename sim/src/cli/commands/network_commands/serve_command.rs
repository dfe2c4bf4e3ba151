//! `halfclose serve` serves a directory to any FTP client.

use std::io::Write;

use halfclose_ftp::{Limits, ServerConfig, ServerModel, User};

use crate::cli::args::network_args::ServeArgs;
use crate::cli::{CommandError, Status};
use crate::live::{PasswordSource, Serve, find_user, serve};

pub(in crate::cli) fn execute(
    args: ServeArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Status, CommandError> {
    let users = users(&args, err)?;
    let run_as = args.run_as.as_deref().map(find_user).transpose()?;
    serve(&Serve { run_as, ..request(args, users) }, out)?;
    Ok(Status::AsExpected)
}

/// Who may log in.
fn users(args: &ServeArgs, err: &mut dyn Write) -> Result<Vec<User>, CommandError> {
    let mut users = Vec::new();
    if let Some(name) = &args.user {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(CommandError::input(
                "--user: a name has at least one character, and no control character",
            ));
        }
        let source = PasswordSource { file: args.password_file.clone() };
        users.push(User::new(name, source.find(name, err)?));
    }
    if args.anonymous {
        // A server with a user of its own has something to protect from strangers.
        let read_only = args.user.is_some() && !args.anonymous_writes;
        users.push(User { read_only, ..User::anonymous() });
    }
    if users.is_empty() {
        return Err(CommandError::input("no user can log in: add --user NAME or --anonymous"));
    }
    for user in &mut users {
        user.read_only |= args.read_only;
    }
    Ok(users)
}

fn request(args: ServeArgs, users: Vec<User>) -> Serve {
    let hardened = ServerConfig::hardened();
    let Limits { sessions, per_address, .. } = hardened.limits;
    let model = match (args.model, args.on_reset) {
        (Some(model), _) => *model,
        (None, Some(judgement)) => ServerModel::WHOLE_OR_ABSENT.on_reset(judgement),
        (None, None) => ServerModel::WHOLE_OR_ABSENT,
    };
    let config = ServerConfig {
        users,
        model: ServerModel { hidden: model.hidden && !args.in_place, ..model },
        passive_ports: args.passive_ports,
        passive_address: args.passive_address,
        control_idle_timeout: args.idle_timeout.or(hardened.control_idle_timeout),
        data_idle_timeout: args.data_timeout.or(hardened.data_idle_timeout),
        limits: Limits {
            sessions: args.max_sessions.unwrap_or(sessions),
            per_address: args.max_per_address.unwrap_or(per_address),
            ..hardened.limits
        },
        ..hardened
    };
    Serve {
        directory: args.directory,
        listen: args.listen,
        config,
        read_only: args.read_only,
        sync: args.sync,
        run_as: None,
        shares_addresses: args.max_per_address.is_none(),
        grace: args.grace,
        verbose: args.verbose,
        json: args.json,
    }
}
