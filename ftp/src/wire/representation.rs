//! `representation` is how a file's bytes are written on the data connection: TYPE, STRU and MODE
//! (RFC 959 §3.1, §3.4). Files are images, byte by byte, or ASCII text, whose lines end with CR LF on
//! the way and with LF here; they are without structure, and move as a stream.

/// Why a parameter is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterError {
    /// RFC 959 knows it, we do not do it: 504.
    NotImplemented,
    /// Nobody knows it: 501.
    Unknown,
}

/// How a file's bytes are written on the data connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Representation {
    /// As NVT-ASCII text: lines end with CR LF there and with LF in the file. What a session begins
    /// with (RFC 959 §3.1.1.1).
    #[default]
    Ascii,
    /// As they are.
    Image,
}

impl Representation {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("image", Self::Image), ("ascii", Self::Ascii)];
}

/// TYPE: `I`, or `L 8`, which says the same here; `A`, whatever it says of vertical format controls,
/// which a file system has no use for (RFC 1123 §4.1.2.2 wants T to be taken for N).
///
/// # Errors
/// EBCDIC and bytes of another size are not done; what else there is nobody knows.
pub fn parse_type(argument: &str) -> Result<Representation, ParameterError> {
    let mut words = argument.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next();
    if words.next().is_some() {
        return Err(ParameterError::Unknown);
    }
    match (first, second) {
        ("I" | "i", None) | ("L" | "l", Some("8")) => Ok(Representation::Image),
        ("A" | "a", None | Some("N" | "T" | "n" | "t")) => Ok(Representation::Ascii),
        ("A" | "a", Some("C" | "c"))
        | ("E" | "e", None | Some("N" | "T" | "C" | "n" | "t" | "c")) => {
            Err(ParameterError::NotImplemented)
        }
        ("L" | "l", Some(size)) if size.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(ParameterError::NotImplemented)
        }
        _ => Err(ParameterError::Unknown),
    }
}

/// STRU: `F`, a file without inner structure.
///
/// # Errors
/// Records and pages are not done.
pub fn parse_structure(argument: &str) -> Result<(), ParameterError> {
    parse_letter(argument, "F", &["R", "P"])
}

/// MODE: `S`, a stream whose end is the end of the connection.
///
/// # Errors
/// Blocks and compression are not done.
pub fn parse_mode(argument: &str) -> Result<(), ParameterError> {
    parse_letter(argument, "S", &["B", "C", "Z"])
}

fn parse_letter(argument: &str, ours: &str, known: &[&str]) -> Result<(), ParameterError> {
    if argument.eq_ignore_ascii_case(ours) {
        Ok(())
    } else if known.iter().any(|letter| argument.eq_ignore_ascii_case(letter)) {
        Err(ParameterError::NotImplemented)
    } else {
        Err(ParameterError::Unknown)
    }
}

/// Text on its way from a file to a data connection: LF becomes CR LF. A CR LF of the file stays one:
/// its reader means the end of a line by it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TextEncoder {
    /// The last byte was a CR.
    behind_cr: bool,
    /// A LF whose CR has been written.
    owed: bool,
    /// The file has ended behind that.
    last: bool,
}

impl TextEncoder {
    /// Fills `into` with what `read` gives of the file; says how far, and whether that is all.
    pub(crate) fn fill<E>(
        &mut self,
        into: &mut [u8],
        read: impl FnOnce(&mut [u8]) -> Result<(usize, bool), E>,
    ) -> Result<(usize, bool), E> {
        let owed = usize::from(self.owed && !into.is_empty());
        if owed == 1 {
            into[0] = b'\n';
            self.owed = false;
        }
        let into = &mut into[owed..];
        if self.last || into.is_empty() {
            return Ok((owed, self.last && !self.owed));
        }
        // The file's bytes are put where even twice as many end.
        let half = into.len().div_ceil(2);
        let mut from = into.len() - half;
        let (count, last) = read(&mut into[from..])?;
        let (end, mut to) = (from + count, 0);
        while from < end {
            let byte = into[from];
            from += 1;
            if byte == b'\n' && !self.behind_cr {
                into[to] = b'\r';
                to += 1;
                if to == into.len() {
                    // The half was rounded up, and this was the only byte there was room for.
                    (self.owed, self.last) = (true, last);
                    break;
                }
            }
            into[to] = byte;
            to += 1;
            self.behind_cr = byte == b'\r';
        }
        Ok((owed + to, last && !self.owed))
    }
}

/// Text on its way from a data connection to a file: CR LF becomes LF, wherever the chunks part it.
/// Any other CR stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TextDecoder {
    /// A CR came last, and is kept back.
    held: bool,
}

impl TextDecoder {
    /// Hands on what `bytes` mean.
    pub(crate) fn take<E>(
        &mut self,
        mut bytes: &[u8],
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.held && !bytes.is_empty() {
            self.held = false;
            if bytes[0] != b'\n' {
                write(b"\r")?;
            }
        }
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\r') {
            match bytes.get(at + 1) {
                Some(b'\n') => write(&bytes[..at])?,
                Some(_) => write(&bytes[..=at])?,
                None => {
                    self.held = true;
                    return if at == 0 { Ok(()) } else { write(&bytes[..at]) };
                }
            }
            bytes = &bytes[at + 1..];
        }
        if bytes.is_empty() { Ok(()) } else { write(bytes) }
    }

    /// Nothing follows.
    pub(crate) fn finish<E>(
        &mut self,
        write: impl FnOnce(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if std::mem::take(&mut self.held) { write(b"\r") } else { Ok(()) }
    }
}
