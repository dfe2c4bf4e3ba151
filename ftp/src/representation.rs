//! `representation` is how a file's bytes are written on the data connection: TYPE, STRU and MODE
//! (RFC 959 §3.1, §3.4). We transfer images, as files, in stream mode: bytes as they are.

/// Why a parameter is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// RFC 959 knows it, we do not do it: 504.
    NotImplemented,
    /// Nobody knows it: 501.
    Unknown,
}

/// How a file's bytes are written on the data connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Representation {
    /// As they are.
    #[default]
    Image,
    /// As NVT-ASCII text: lines end with CR LF there (RFC 959 §3.1.1.1) and with LF in the file.
    Ascii,
}

/// TYPE: `I`, or `L 8`, which says the same here.
///
/// # Errors
/// ASCII and EBCDIC would need a translation that we do not do; to pass bytes on untranslated under
/// those names would corrupt files.
pub fn parse_type(argument: &str) -> Result<(), Refused> {
    let mut words = argument.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next();
    if words.next().is_some() {
        return Err(Refused::Unknown);
    }
    match (first, second) {
        ("I" | "i", None) | ("L" | "l", Some("8")) => Ok(()),
        ("A" | "E" | "a" | "e", None | Some("N" | "T" | "C" | "n" | "t" | "c")) => {
            Err(Refused::NotImplemented)
        }
        ("L" | "l", Some(size)) if size.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(Refused::NotImplemented)
        }
        _ => Err(Refused::Unknown),
    }
}

/// STRU: `F`, a file without inner structure.
///
/// # Errors
/// Records and pages are not done.
pub fn parse_structure(argument: &str) -> Result<(), Refused> {
    parse_letter(argument, "F", &["R", "P"])
}

/// MODE: `S`, a stream whose end is the end of the connection.
///
/// # Errors
/// Blocks and compression are not done.
pub fn parse_mode(argument: &str) -> Result<(), Refused> {
    parse_letter(argument, "S", &["B", "C", "Z"])
}

fn parse_letter(argument: &str, ours: &str, known: &[&str]) -> Result<(), Refused> {
    if argument.eq_ignore_ascii_case(ours) {
        Ok(())
    } else if known.iter().any(|letter| argument.eq_ignore_ascii_case(letter)) {
        Err(Refused::NotImplemented)
    } else {
        Err(Refused::Unknown)
    }
}
