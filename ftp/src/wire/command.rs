//! `command` owns the written form of commands (RFC 959 §4.1 and §5.3, RFC 2389, 2428, 3659, 7151):
//! a verb of three or four letters in any case, and an argument. When a command is allowed is the
//! session's business.

use crate::wire::text::Text;

/// A command with its argument. A new command begins here and in [`parse`]; see the crate's
/// documentation for the next steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `USER name`: begins a login.
    User(&'a str),
    /// `PASS password`: completes the login.
    Pass(&'a str),
    /// `ACCT account`: names an account.
    Acct(&'a str),
    /// `CWD path` or `XCWD path`: changes the current directory.
    Cwd(&'a str),
    /// `CDUP` or `XCUP`: changes to the parent directory.
    Cdup,
    /// `SMNT path`: mounts a file system.
    Smnt(&'a str),
    /// `REIN`: resets the session.
    Rein,
    /// `QUIT`: ends the session.
    Quit,
    /// `HOST name`: selects a virtual host (RFC 7151).
    Host(&'a str),
    /// `TYPE parameters`: sets the representation type.
    Type(&'a str),
    /// `STRU letter`: sets the file structure.
    Stru(&'a str),
    /// `MODE letter`: sets the transfer mode.
    Mode(&'a str),
    /// `PASV`: asks for a listening port.
    Pasv,
    /// `EPSV`, with a protocol, `ALL` or nothing: asks for a listening port (RFC 2428).
    Epsv(Option<&'a str>),
    /// `PORT h1,h2,h3,h4,p1,p2`: names the client's data port.
    Port(&'a str),
    /// `EPRT |protocol|address|port|`: names the client's data port (RFC 2428).
    Eprt(&'a str),
    /// `STOR path`: uploads a file.
    Stor(&'a str),
    /// `RETR path`: downloads a file.
    Retr(&'a str),
    /// `STOU`, with a proposed path or nothing: uploads under a new name.
    Stou(Option<&'a str>),
    /// `APPE path`: uploads to the end of a file.
    Appe(&'a str),
    /// `ALLO size`: announces the size of an upload.
    Allo(&'a str),
    /// `REST offset`: sets the first byte of the next transfer (RFC 3659 §5).
    Rest(&'a str),
    /// `RNFR path`: names the file to rename.
    Rnfr(&'a str),
    /// `RNTO path`: renames the file of RNFR.
    Rnto(&'a str),
    /// `DELE path`: deletes a file.
    Dele(&'a str),
    /// `MKD path` or `XMKD path`: creates a directory.
    Mkd(&'a str),
    /// `RMD path` or `XRMD path`: removes a directory.
    Rmd(&'a str),
    /// `PWD` or `XPWD`: asks for the current directory.
    Pwd,
    /// `LIST`, with a path or nothing: lists for people.
    List(Option<&'a str>),
    /// `NLST`, with a path or nothing: lists names.
    Nlst(Option<&'a str>),
    /// `MLSD`, with a path or nothing: lists facts (RFC 3659 §7).
    Mlsd(Option<&'a str>),
    /// `MLST`, with a path or nothing: facts of a single name (RFC 3659 §7).
    Mlst(Option<&'a str>),
    /// `SIZE path`: asks for the size of a file (RFC 3659 §4).
    Size(&'a str),
    /// `MDTM path`: asks for the modification time (RFC 3659 §3).
    Mdtm(&'a str),
    /// `MFMT date path`: sets the modification time (draft-somers-ftp-mfxx).
    Mfmt(&'a str),
    /// `SITE text`: a command of the server's own.
    Site(&'a str),
    /// `SYST`: asks for the operating system.
    Syst,
    /// `STAT`, with a path or nothing: asks for the status.
    Stat(Option<&'a str>),
    /// `HELP`, with a command or nothing: asks for help.
    Help(Option<&'a str>),
    /// `NOOP`: does nothing, and is answered.
    Noop,
    /// `ABOR`: aborts the transfer under way.
    Abor,
    /// `FEAT`: asks for the features (RFC 2389).
    Feat,
    /// `OPTS name value`: sets an option of a feature (RFC 2389).
    Opts(&'a str),
    /// `CLNT name`: names the client program. No RFC defines CLNT, but some clients send CLNT.
    Clnt(&'a str),
}

/// A line that is no valid command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The verb is unknown: 500.
    Unknown,
    /// The verb is in an RFC, but this server does not implement the command: 502.
    NotImplemented,
    /// The argument is missing, superfluous or unreadable: 501.
    Argument,
}

/// Verbs in an RFC without an implementation here: security (RFC 2228, RFC 4217), languages (RFC
/// 2640).
const NOT_IMPLEMENTED: [&[u8; 4]; 10] =
    [b"ADAT", b"AUTH", b"CCC\0", b"CONF", b"ENC\0", b"LANG", b"MIC\0", b"MLFL", b"PBSZ", b"PROT"];

/// Reads one command line, without the line end.
///
/// # Errors
/// The verb is unknown or not implemented, or the argument is not valid for the verb.
pub fn parse(line: &[u8]) -> Result<Command<'_>, CommandError> {
    let verb_length = line.iter().position(|&byte| byte == b' ').unwrap_or(line.len());
    let mut upper = [0; 4];
    let verb = upper.get_mut(..verb_length).ok_or(CommandError::Unknown)?;
    verb.copy_from_slice(&line[..verb_length]);
    if verb.contains(&0) {
        return Err(CommandError::Unknown);
    }
    upper.make_ascii_uppercase();

    // A NUL or a CR inside a line is neither text nor a line end.
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
        // A password may be empty.
        b"PASS" => rest.ok_or(CommandError::Argument).map(Command::Pass),
        b"ACCT" => some().map(Command::Acct),
        // RFC 1123 §4.1.3.1: clients still send the names of RFC 775.
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
        b"HELP" => Ok(Command::Help(rest.filter(|text| !text.is_empty()))),
        b"NOOP" => Ok(Command::Noop),
        b"ABOR" => none(Command::Abor),
        b"FEAT" => none(Command::Feat),
        b"OPTS" => some().map(Command::Opts),
        b"CLNT" => some().map(Command::Clnt),
        verb if NOT_IMPLEMENTED.contains(&verb) => Err(CommandError::NotImplemented),
        _ => Err(CommandError::Unknown),
    }
}

/// Writes a command line. Line ends and NULs in the argument are left out: they would smuggle in a
/// second command.
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
