//! `command` is what a client says (RFC 959 §4.1 and §5.3, RFC 2428, RFC 2389, RFC 3659): a verb of
//! three or four letters, in any case, and its argument. It knows how commands are written, not when
//! they may be said.

use std::fmt::Display;
use std::io::Write;

/// A command with its argument, which must be there exactly where the verb asks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// USER name.
    User(&'a str),
    /// PASS password.
    Pass(&'a str),
    /// ACCT account.
    Acct(&'a str),
    /// TYPE parameters.
    Type(&'a str),
    /// STRU letter.
    Stru(&'a str),
    /// MODE letter.
    Mode(&'a str),
    /// PASV.
    Pasv,
    /// EPSV, with a protocol, `ALL` or nothing.
    Epsv(Option<&'a str>),
    /// PORT h1,h2,h3,h4,p1,p2.
    Port(&'a str),
    /// EPRT |protocol|address|port|.
    Eprt(&'a str),
    /// STOR path.
    Stor(&'a str),
    /// RETR path.
    Retr(&'a str),
    /// ALLO size.
    Allo(&'a str),
    /// SIZE path.
    Size(&'a str),
    /// NOOP.
    Noop,
    /// ABOR.
    Abor,
    /// QUIT.
    Quit,
    /// SYST.
    Syst,
    /// FEAT.
    Feat,
    /// OPTS name value.
    Opts(&'a str),
    /// PWD, XPWD.
    Pwd,
    /// HELP, about anything.
    Help,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody knows this verb: 500.
    Unknown,
    /// RFC 959 knows this verb, we do not: 502.
    NotImplemented,
    /// An argument is missing, is too much, or cannot be read: 501.
    Argument,
}

/// Verbs that exist and that we do not serve.
const NOT_IMPLEMENTED: [&str; 29] = [
    "APPE", "CWD", "CDUP", "DELE", "HOST", "LIST", "MDTM", "MFMT", "MKD", "MLSD", "MLST", "NLST",
    "REIN", "REST", "RMD", "RNFR", "RNTO", "SITE", "SMNT", "STAT", "STOU", "XCUP", "XCWD", "XMKD",
    "XRMD", "AUTH", "PBSZ", "PROT", "CCC",
];

/// Reads one line, without its end.
///
/// # Errors
/// The verb is unknown or not implemented, or its argument is not as it must be.
pub fn parse(line: &[u8]) -> Result<Command<'_>, Refused> {
    let verb_length = line.iter().position(|&byte| byte == b' ').unwrap_or(line.len());
    let mut upper = [0; 4];
    let verb = upper.get_mut(..verb_length).ok_or(Refused::Unknown)?;
    verb.copy_from_slice(&line[..verb_length]);
    verb.make_ascii_uppercase();
    let verb = std::str::from_utf8(verb).map_err(|_| Refused::Unknown)?;

    // A NUL or a CR inside a line is neither text nor a line's end.
    let rest = line.get(verb_length + 1..).unwrap_or_default();
    let sound = !rest.iter().any(|&byte| byte == 0 || byte == b'\r');
    let rest = std::str::from_utf8(rest).ok().filter(|_| sound);
    let some = || rest.filter(|text| !text.is_empty()).ok_or(Refused::Argument);
    let none = |command| match rest {
        Some(text) if text.trim_ascii().is_empty() => Ok(command),
        _ => Err(Refused::Argument),
    };
    match verb {
        "USER" => some().map(Command::User),
        // An empty password is a password.
        "PASS" => rest.ok_or(Refused::Argument).map(Command::Pass),
        "ACCT" => some().map(Command::Acct),
        "TYPE" => some().map(Command::Type),
        "STRU" => some().map(Command::Stru),
        "MODE" => some().map(Command::Mode),
        "PASV" => none(Command::Pasv),
        "EPSV" => rest
            .ok_or(Refused::Argument)
            .map(|text| Command::Epsv((!text.is_empty()).then_some(text))),
        "PORT" => some().map(Command::Port),
        "EPRT" => some().map(Command::Eprt),
        "STOR" => some().map(Command::Stor),
        "RETR" => some().map(Command::Retr),
        "ALLO" => some().map(Command::Allo),
        "SIZE" => some().map(Command::Size),
        "NOOP" => Ok(Command::Noop),
        "ABOR" => none(Command::Abor),
        "QUIT" => none(Command::Quit),
        "SYST" => none(Command::Syst),
        "FEAT" => none(Command::Feat),
        "OPTS" => some().map(Command::Opts),
        "PWD" | "XPWD" => none(Command::Pwd),
        "HELP" => Ok(Command::Help),
        verb if NOT_IMPLEMENTED.contains(&verb) => Err(Refused::NotImplemented),
        _ => Err(Refused::Unknown),
    }
}

/// Writes a command line. An argument that holds a line's end or a NUL would smuggle in a second
/// command: such bytes are left out.
pub fn write(out: &mut Vec<u8>, verb: &str, argument: Option<&dyn Display>) {
    let start = out.len();
    // Writing to a Vec cannot fail.
    let _ = match argument {
        Some(argument) => write!(out, "{verb} {argument}"),
        None => write!(out, "{verb}"),
    };
    if out[start..].iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        let line = out.split_off(start);
        out.extend(line.into_iter().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)));
    }
    out.extend_from_slice(b"\r\n");
}
