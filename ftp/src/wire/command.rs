//! `command` is what a client says (RFC 959 §4.1 and §5.3, RFC 2389, 2428, 3659, 7151): a verb of
//! three or four letters, in any case, and its argument. It knows how commands are written, not when
//! they may be said.

use crate::wire::text::Text;

/// A command with its argument, which must be there exactly where the verb asks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// USER name.
    User(&'a str),
    /// PASS password.
    Pass(&'a str),
    /// ACCT account.
    Acct(&'a str),
    /// CWD path, XCWD path.
    Cwd(&'a str),
    /// CDUP, XCUP.
    Cdup,
    /// SMNT path.
    Smnt(&'a str),
    /// REIN.
    Rein,
    /// QUIT.
    Quit,
    /// HOST name (RFC 7151).
    Host(&'a str),
    /// TYPE parameters.
    Type(&'a str),
    /// STRU letter.
    Stru(&'a str),
    /// MODE letter.
    Mode(&'a str),
    /// PASV.
    Pasv,
    /// EPSV, with a protocol, `ALL` or nothing (RFC 2428).
    Epsv(Option<&'a str>),
    /// PORT h1,h2,h3,h4,p1,p2.
    Port(&'a str),
    /// EPRT |protocol|address|port| (RFC 2428).
    Eprt(&'a str),
    /// STOR path.
    Stor(&'a str),
    /// RETR path.
    Retr(&'a str),
    /// STOU, with a proposal or without.
    Stou(Option<&'a str>),
    /// APPE path.
    Appe(&'a str),
    /// ALLO size.
    Allo(&'a str),
    /// REST offset (RFC 3659 §5).
    Rest(&'a str),
    /// RNFR path.
    Rnfr(&'a str),
    /// RNTO path.
    Rnto(&'a str),
    /// DELE path.
    Dele(&'a str),
    /// MKD path, XMKD path.
    Mkd(&'a str),
    /// RMD path, XRMD path.
    Rmd(&'a str),
    /// PWD, XPWD.
    Pwd,
    /// LIST, with a path or without.
    List(Option<&'a str>),
    /// NLST, with a path or without.
    Nlst(Option<&'a str>),
    /// MLSD, with a path or without (RFC 3659 §7).
    Mlsd(Option<&'a str>),
    /// MLST, with a path or without (RFC 3659 §7).
    Mlst(Option<&'a str>),
    /// SIZE path (RFC 3659 §4).
    Size(&'a str),
    /// MDTM path (RFC 3659 §3).
    Mdtm(&'a str),
    /// MFMT date path (draft-somers-ftp-mfxx).
    Mfmt(&'a str),
    /// SITE anything.
    Site(&'a str),
    /// SYST.
    Syst,
    /// STAT, with a path or without.
    Stat(Option<&'a str>),
    /// HELP, about anything.
    Help,
    /// NOOP.
    Noop,
    /// ABOR.
    Abor,
    /// FEAT (RFC 2389).
    Feat,
    /// OPTS name value (RFC 2389).
    Opts(&'a str),
    /// CLNT name: which program the client is. No RFC has it; some say it.
    Clnt(&'a str),
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// Nobody knows this verb: 500.
    Unknown,
    /// RFC 959 knows this verb, we do not: 502.
    NotImplemented,
    /// An argument is missing, is too much, or cannot be read: 501.
    Argument,
}

/// Verbs that exist and that we do not serve: security (RFC 2228, RFC 4217), languages (RFC 2640).
const NOT_IMPLEMENTED: [&[u8; 4]; 10] =
    [b"ADAT", b"AUTH", b"CCC\0", b"CONF", b"ENC\0", b"LANG", b"MIC\0", b"MLFL", b"PBSZ", b"PROT"];

/// Reads one line, without its end.
///
/// # Errors
/// The verb is unknown or not implemented, or its argument is not as it must be.
pub fn parse(line: &[u8]) -> Result<Command<'_>, CommandError> {
    let verb_length = line.iter().position(|&byte| byte == b' ').unwrap_or(line.len());
    let mut upper = [0; 4];
    let verb = upper.get_mut(..verb_length).ok_or(CommandError::Unknown)?;
    verb.copy_from_slice(&line[..verb_length]);
    if verb.contains(&0) {
        return Err(CommandError::Unknown);
    }
    upper.make_ascii_uppercase();

    // A NUL or a CR inside a line is neither text nor a line's end.
    let rest = line.get(verb_length + 1..).unwrap_or_default();
    let sound = !rest.iter().any(|&byte| byte == 0 || byte == b'\r');
    let rest = std::str::from_utf8(rest).ok().filter(|_| sound);
    let some = || rest.filter(|text| !text.is_empty()).ok_or(CommandError::Argument);
    let none = |command| match rest {
        Some(text) if text.trim_ascii().is_empty() => Ok(command),
        _ => Err(CommandError::Argument),
    };
    let may = || rest.ok_or(CommandError::Argument).map(|text| (!text.is_empty()).then_some(text));
    match &upper {
        b"USER" => some().map(Command::User),
        // An empty password is a password.
        b"PASS" => rest.ok_or(CommandError::Argument).map(Command::Pass),
        b"ACCT" => some().map(Command::Acct),
        // RFC 1123 §4.1.3.1: the old names of RFC 775 still come.
        b"CWD\0" | b"XCWD" => some().map(Command::Cwd),
        b"CDUP" | b"XCUP" => none(Command::Cdup),
        b"SMNT" => some().map(Command::Smnt),
        b"REIN" => none(Command::Rein),
        b"QUIT" => none(Command::Quit),
        b"HOST" => some().map(Command::Host),
        b"TYPE" => some().map(Command::Type),
        b"STRU" => some().map(Command::Stru),
        b"MODE" => some().map(Command::Mode),
        b"PASV" => none(Command::Pasv),
        b"EPSV" => may().map(Command::Epsv),
        b"PORT" => some().map(Command::Port),
        b"EPRT" => some().map(Command::Eprt),
        b"STOR" => some().map(Command::Stor),
        b"RETR" => some().map(Command::Retr),
        b"STOU" => may().map(Command::Stou),
        b"APPE" => some().map(Command::Appe),
        b"ALLO" => some().map(Command::Allo),
        b"REST" => some().map(Command::Rest),
        b"RNFR" => some().map(Command::Rnfr),
        b"RNTO" => some().map(Command::Rnto),
        b"DELE" => some().map(Command::Dele),
        b"MKD\0" | b"XMKD" => some().map(Command::Mkd),
        b"RMD\0" | b"XRMD" => some().map(Command::Rmd),
        b"PWD\0" | b"XPWD" => none(Command::Pwd),
        b"LIST" => may().map(Command::List),
        b"NLST" => may().map(Command::Nlst),
        b"MLSD" => may().map(Command::Mlsd),
        b"MLST" => may().map(Command::Mlst),
        b"SIZE" => some().map(Command::Size),
        b"MDTM" => some().map(Command::Mdtm),
        b"MFMT" => some().map(Command::Mfmt),
        b"SITE" => some().map(Command::Site),
        b"SYST" => none(Command::Syst),
        b"STAT" => may().map(Command::Stat),
        b"HELP" => Ok(Command::Help),
        b"NOOP" => Ok(Command::Noop),
        b"ABOR" => none(Command::Abor),
        b"FEAT" => none(Command::Feat),
        b"OPTS" => some().map(Command::Opts),
        b"CLNT" => some().map(Command::Clnt),
        verb if NOT_IMPLEMENTED.contains(&verb) => Err(CommandError::NotImplemented),
        _ => Err(CommandError::Unknown),
    }
}

/// Writes a command line. An argument that holds a line's end or a NUL would smuggle in a second
/// command: such bytes are left out.
pub fn write(out: &mut Vec<u8>, verb: &str, argument: Option<&dyn Text>) {
    let start = out.len();
    out.extend_from_slice(verb.as_bytes());
    if let Some(argument) = argument {
        out.push(b' ');
        argument.append_to(out);
    }
    if out[start..].iter().any(|byte| smuggles(*byte)) {
        let mut at = 0;
        out.retain(|byte| {
            at += 1;
            at <= start || !smuggles(*byte)
        });
    }
    out.extend_from_slice(b"\r\n");
}

fn smuggles(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}
