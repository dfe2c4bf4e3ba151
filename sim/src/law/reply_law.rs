//! The law of reply codes is the table of command-reply sequences of RFC 959 §5.4, with the
//! commands and codes of RFC 1123, RFC 2428, RFC 2577, RFC 3659 and RFC 7151. Commands are four
//! letters here, and replies are numbers.

/// A command's verb, in upper case, filled with blanks.
pub(super) type Verb = [u8; 4];

/// The greeting before the first command.
pub(super) const GREETING: Verb = *b"    ";
pub(super) const ABOR: Verb = *b"ABOR";
pub(super) const STOR: Verb = *b"STOR";
pub(super) const APPE: Verb = *b"APPE";
pub(super) const DELE: Verb = *b"DELE";
pub(super) const RETR: Verb = *b"RETR";
pub(super) const RNTO: Verb = *b"RNTO";
pub(super) const SIZE: Verb = *b"SIZE";

/// The replies allowed to a command.
struct AllowedReplies {
    /// Allowed 1yz replies before the final reply.
    preliminary: &'static [u16],
    /// Allowed final replies after a 1yz reply.
    after: &'static [u16],
    /// Allowed final replies without a 1yz reply.
    direct: &'static [u16],
}

fn at_once(direct: &'static [u16]) -> AllowedReplies {
    AllowedReplies { preliminary: &[], after: &[], direct }
}

/// Allowed replies to an unknown command.
const UNKNOWN: &[u16] = &[500, 501, 502, 530];

/// The table of allowed replies. Divergence: RFC 959 §5.4 has no 550 for STOR, LIST, NLST, RNTO and STAT; the server
/// says 550 of a file or directory that is missing (docs/FTP.md).
fn allowed_replies(verb: Verb) -> AllowedReplies {
    match &verb {
        // The greeting.
        b"    " => AllowedReplies { preliminary: &[120], after: &[220], direct: &[220] },
        b"USER" => at_once(&[230, 530, 500, 501, 331, 332]),
        b"PASS" => at_once(&[230, 202, 530, 500, 501, 503, 332]),
        b"ACCT" => at_once(&[230, 202, 530, 500, 501, 503]),
        b"CWD " | b"XCWD" | b"RMD " | b"XRMD" => at_once(&[250, 500, 501, 502, 530, 550]),
        b"CDUP" | b"XCUP" => at_once(&[200, 250, 500, 501, 502, 530, 550]),
        b"SMNT" => at_once(&[202, 250, 500, 501, 502, 530, 550]),
        b"REIN" => AllowedReplies { preliminary: &[120], after: &[220], direct: &[220, 500, 502] },
        b"QUIT" => at_once(&[221, 500]),
        // RFC 7151 §3.3.
        b"HOST" => at_once(&[220, 500, 501, 502, 503, 504, 530]),
        // No RFC defines CLNT; servers reply 200 (§4.2.1).
        b"CLNT" => at_once(&[200, 500, 501, 502, 530]),
        // 504: RFC 2577 §3, an address or port that is not the client's; 503: RFC 2428 §4.
        b"PORT" => at_once(&[200, 500, 501, 503, 504, 530]),
        // 425: no port of the passive range is free, as pure-ftpd and pyftpdlib reply.
        b"PASV" => at_once(&[227, 425, 500, 501, 502, 503, 530]),
        // RFC 2428 §2 and §3.
        b"EPRT" => at_once(&[200, 500, 501, 502, 503, 504, 522, 530]),
        b"EPSV" => at_once(&[229, 200, 425, 500, 501, 502, 522, 530]),
        b"MODE" | b"TYPE" | b"STRU" => at_once(&[200, 500, 501, 504, 530]),
        b"ALLO" => at_once(&[200, 202, 500, 501, 504, 530]),
        b"REST" => at_once(&[350, 500, 501, 502, 530]),
        // 554: RFC 1123 §4.1.3.4, an offset beyond the file; 425 at once: no command has named the
        // end of the data connection.
        b"STOR" | b"STOU" => AllowedReplies {
            preliminary: &[125, 150, 110],
            after: &[226, 250, 425, 426, 451, 551, 552],
            direct: &[425, 532, 450, 452, 550, 553, 554, 500, 501, 530],
        },
        b"APPE" => AllowedReplies {
            preliminary: &[125, 150, 110],
            after: &[226, 250, 425, 426, 451, 551, 552],
            direct: &[425, 532, 450, 550, 452, 553, 554, 500, 501, 502, 530],
        },
        b"RETR" => AllowedReplies {
            preliminary: &[125, 150, 110],
            after: &[226, 250, 425, 426, 451],
            direct: &[425, 450, 550, 554, 500, 501, 530],
        },
        b"LIST" | b"NLST" => AllowedReplies {
            preliminary: &[125, 150],
            after: &[226, 250, 425, 426, 451],
            direct: &[425, 450, 500, 501, 502, 530, 550],
        },
        // RFC 3659 §7.2.1.
        b"MLSD" => AllowedReplies {
            preliminary: &[125, 150],
            after: &[226, 250, 425, 426, 451],
            direct: &[425, 450, 500, 501, 502, 503, 504, 530, 550, 553],
        },
        b"MLST" => at_once(&[250, 450, 500, 501, 502, 503, 504, 530, 550, 553]),
        b"RNFR" => at_once(&[350, 450, 550, 500, 501, 502, 530]),
        b"RNTO" => at_once(&[250, 532, 550, 553, 500, 501, 502, 503, 530]),
        b"DELE" => at_once(&[250, 450, 550, 500, 501, 502, 530]),
        b"MKD " | b"XMKD" => at_once(&[257, 500, 501, 502, 530, 550]),
        b"ABOR" => at_once(&[225, 226, 500, 501, 502]),
        b"NOOP" => at_once(&[200, 500]),
        b"SYST" => at_once(&[215, 500, 501, 502]),
        b"STAT" => at_once(&[211, 212, 213, 450, 500, 501, 502, 530, 550]),
        // Divergence: 214 answers SITE HELP, and 550 refuses SITE CHMOD, as other servers do.
        b"SITE" => at_once(&[200, 202, 214, 500, 501, 530, 550]),
        b"HELP" => at_once(&[211, 214, 500, 501, 502]),
        b"PWD " | b"XPWD" => at_once(&[257, 500, 501, 502, 550]),
        // RFC 3659 §3 and §4; MFMT answers as MDTM does.
        b"SIZE" | b"MDTM" | b"MFMT" => at_once(&[213, 500, 501, 502, 530, 550]),
        // RFC 2389 §3 and §4.
        b"FEAT" => at_once(&[211, 500, 502, 530]),
        b"OPTS" => at_once(&[200, 451, 501, 502, 530]),
        // §4.2: an unknown command is not recognised, not implemented, or needs a login.
        _ => AllowedReplies { preliminary: &[], after: UNKNOWN, direct: UNKNOWN },
    }
}

/// Whether `code` may answer `verb` now. `begun`: a 1yz reply was sent. 421 may answer any command.
pub(super) fn allows(verb: Verb, begun: bool, code: u16) -> bool {
    let AllowedReplies { preliminary, after, direct } = allowed_replies(verb);
    // §4.2: at most one 1yz reply per command.
    let allowed = if begun { [after, &[]] } else { [direct, preliminary] };
    code == 421 || allowed.iter().any(|codes| codes.contains(&code))
}
