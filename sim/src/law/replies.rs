//! The law of reply codes: RFC 959 §5.4's table of command-reply sequences, with the commands and
//! codes of RFC 1123, RFC 2428, RFC 2577, RFC 3659 and RFC 7151. It knows commands as four letters
//! and codes as numbers.

pub(super) const NAME: &str = "replies-follow-the-table";

/// A command's verb, in upper case, filled with blanks.
pub(super) type Verb = [u8; 4];

/// What stands before any command: the greeting.
pub(super) const GREETING: Verb = *b"    ";
pub(super) const ABOR: Verb = *b"ABOR";
pub(super) const STOR: Verb = *b"STOR";
pub(super) const STOU: Verb = *b"STOU";
pub(super) const APPE: Verb = *b"APPE";
pub(super) const DELE: Verb = *b"DELE";
pub(super) const RNTO: Verb = *b"RNTO";

/// One line of the table.
struct Row {
    verbs: &'static [&'static Verb],
    /// 1yz that may come first.
    preliminary: &'static [u16],
    /// What may follow one.
    after: &'static [u16],
    /// What may come at once.
    direct: &'static [u16],
}

const fn row(verbs: &'static [&'static Verb], direct: &'static [u16]) -> Row {
    Row { verbs, preliminary: &[], after: &[], direct }
}

const TABLE: &[Row] = &[
    Row { verbs: &[&GREETING], preliminary: &[120], after: &[220], direct: &[220] },
    row(&[b"USER"], &[230, 530, 500, 501, 331, 332]),
    row(&[b"PASS"], &[230, 202, 530, 500, 501, 503, 332]),
    row(&[b"ACCT"], &[230, 202, 530, 500, 501, 503]),
    row(&[b"CWD ", b"XCWD"], &[250, 500, 501, 502, 530, 550]),
    row(&[b"CDUP", b"XCUP"], &[200, 250, 500, 501, 502, 530, 550]),
    row(&[b"SMNT"], &[202, 250, 500, 501, 502, 530, 550]),
    Row { verbs: &[b"REIN"], preliminary: &[120], after: &[220], direct: &[220, 500, 502] },
    row(&[b"QUIT"], &[221, 500]),
    // RFC 7151 §3.3.
    row(&[b"HOST"], &[220, 500, 501, 502, 503, 504, 530]),
    // No RFC has it; §4.2.1's 200 is what it gets.
    row(&[b"CLNT"], &[200, 500, 501, 502, 530]),
    // 504: RFC 2577 §3, an address or port that is not the client's; 503: RFC 2428 §4.
    row(&[b"PORT"], &[200, 500, 501, 503, 504, 530]),
    // 425: no port of the passive range is free, as pure-ftpd and pyftpdlib say it.
    row(&[b"PASV"], &[227, 425, 500, 501, 502, 503, 530]),
    // RFC 2428 §2 and §3.
    row(&[b"EPRT"], &[200, 500, 501, 502, 503, 504, 522, 530]),
    row(&[b"EPSV"], &[229, 200, 425, 500, 501, 502, 522, 530]),
    row(&[b"MODE", b"TYPE", b"STRU"], &[200, 500, 501, 504, 530]),
    row(&[b"ALLO"], &[200, 202, 500, 501, 504, 530]),
    row(&[b"REST"], &[350, 500, 501, 502, 530]),
    // 554: RFC 1123 §4.1.3.4, an offset that the file cannot have; 425 at once: nothing has been said
    // of where the data connection goes.
    Row {
        verbs: &[&STOR, &STOU],
        preliminary: &[125, 150, 110],
        after: &[226, 250, 425, 426, 451, 551, 552],
        direct: &[425, 532, 450, 452, 553, 554, 500, 501, 530],
    },
    Row {
        verbs: &[&APPE],
        preliminary: &[125, 150, 110],
        after: &[226, 250, 425, 426, 451, 551, 552],
        direct: &[425, 532, 450, 550, 452, 553, 554, 500, 501, 502, 530],
    },
    Row {
        verbs: &[b"RETR"],
        preliminary: &[125, 150, 110],
        after: &[226, 250, 425, 426, 451],
        direct: &[425, 450, 550, 554, 500, 501, 530],
    },
    Row {
        verbs: &[b"LIST", b"NLST"],
        preliminary: &[125, 150],
        after: &[226, 250, 425, 426, 451],
        direct: &[425, 450, 500, 501, 502, 530],
    },
    // RFC 3659 §7.2.1.
    Row {
        verbs: &[b"MLSD"],
        preliminary: &[125, 150],
        after: &[226, 250, 425, 426, 451],
        direct: &[425, 450, 500, 501, 502, 503, 504, 530, 550, 553],
    },
    row(&[b"MLST"], &[250, 450, 500, 501, 502, 503, 504, 530, 550, 553]),
    row(&[b"RNFR"], &[350, 450, 550, 500, 501, 502, 530]),
    row(&[&RNTO], &[250, 532, 553, 500, 501, 502, 503, 530]),
    row(&[&DELE], &[250, 450, 550, 500, 501, 502, 530]),
    row(&[b"RMD ", b"XRMD"], &[250, 500, 501, 502, 530, 550]),
    row(&[b"MKD ", b"XMKD"], &[257, 500, 501, 502, 530, 550]),
    row(&[&ABOR], &[225, 226, 500, 501, 502]),
    row(&[b"NOOP"], &[200, 500]),
    row(&[b"SYST"], &[215, 500, 501, 502]),
    row(&[b"STAT"], &[211, 212, 213, 450, 500, 501, 502, 530]),
    row(&[b"SITE"], &[200, 202, 500, 501, 530]),
    row(&[b"HELP"], &[211, 214, 500, 501, 502]),
    row(&[b"PWD ", b"XPWD"], &[257, 500, 501, 502, 550]),
    // RFC 3659 §3 and §4; MFMT answers as MDTM does.
    row(&[b"SIZE", b"MDTM", b"MFMT"], &[213, 500, 501, 502, 530, 550]),
    // RFC 2389 §3 and §4.
    row(&[b"FEAT"], &[211, 500, 502, 530]),
    row(&[b"OPTS"], &[200, 451, 501, 502, 530]),
];

/// Whether `code` may answer `verb` now; `begun` says that a 1yz has. 421 may answer anything.
pub(super) fn allows(verb: Verb, begun: bool, code: u16) -> bool {
    // Words compare faster than letters.
    let word = u32::from_ne_bytes(verb);
    let answers = |row: &&Row| row.verbs.iter().any(|known| u32::from_ne_bytes(**known) == word);
    let Some(row) = TABLE.iter().find(answers) else {
        // §4.2: what is no command is not recognised, not implemented, or not for strangers.
        return matches!(code, 421 | 500 | 501 | 502 | 530);
    };
    // §4.2: at most one 1yz reply per command.
    let allowed = if begun { [row.after, &[]] } else { [row.direct, row.preliminary] };
    code == 421 || allowed.iter().any(|codes| codes.contains(&code))
}
