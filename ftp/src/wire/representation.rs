//! `representation` owns the form of a file on the data connection: TYPE, STRU and MODE (RFC 959
//! §3.1, §3.4). A file is an image, byte by byte, or ASCII text, with CR LF as line end on the
//! connection and LF in the store. Files have no inner structure and move in stream mode.

/// A parameter of TYPE, STRU or MODE that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterError {
    /// The parameter is in RFC 959, but not implemented here: 504.
    NotImplemented,
    /// The parameter is unknown: 501.
    Unknown,
}

/// The form of a file's bytes on the data connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Representation {
    /// NVT-ASCII text: lines end with CR LF on the connection and with LF in the file. Every
    /// session begins with ASCII (RFC 959 §3.1.1.1).
    #[default]
    Ascii,
    /// The bytes of the file, unchanged.
    Image,
}

impl Representation {
    /// The words for the variants, as scenario files and command lines write them.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("image", Self::Image), ("ascii", Self::Ascii)];
}

/// Reads the argument of TYPE: `I`, or the equivalent `L 8`; or `A`, with any vertical format
/// control (RFC 1123 §4.1.2.2 wants T to mean N).
///
/// # Errors
/// EBCDIC and byte sizes other than 8 are not implemented; any other text is unknown.
pub fn parse_type(argument: &str) -> Result<Representation, ParameterError> {
    let mut words = argument.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next();
    if words.next().is_some() {
        return Err(ParameterError::Unknown);
    }
    match (first, second) {
        ("I" | "i" | "L8" | "l8", None) | ("L" | "l", Some("8")) => Ok(Representation::Image),
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

/// Reads the argument of STRU: `F`, a file without inner structure.
///
/// # Errors
/// Records and pages are not implemented; any other letter is unknown.
pub fn parse_structure(argument: &str) -> Result<(), ParameterError> {
    parse_letter(argument, "F", &["R", "P"])
}

/// Reads the argument of MODE: `S`, a stream that ends with the connection.
///
/// # Errors
/// Block mode and compression are not implemented; any other letter is unknown.
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

/// Encodes text from a file for a data connection: LF becomes CR LF. A CR LF in the file stays CR
/// LF, because the receiver reads the pair as one line end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct TextEncoder {
    /// The last byte was a CR.
    behind_cr: bool,
    /// A CR has been written, and the LF has not.
    owed: bool,
    /// The file ends after the LF that is not written yet.
    last: bool,
}

impl TextEncoder {
    /// Fills `into` with the encoded bytes of `read`. Returns the number of bytes; true if the text
    /// is complete.
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
        // The file's bytes are read into the second half, so that even doubled they fit.
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
                    // The half was rounded up, and only one byte of room was left.
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

/// Decodes text from a data connection for a file: CR LF becomes LF, wherever the chunks are
/// divided. Any other CR stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct TextDecoder {
    /// The last byte was a CR, which is held back.
    held: bool,
}

impl TextDecoder {
    /// Passes the decoded bytes to `write`.
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

    /// Writes a CR that was held back, at the end of the text.
    pub(crate) fn finish<E>(
        &mut self,
        write: impl FnOnce(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if std::mem::take(&mut self.held) { write(b"\r") } else { Ok(()) }
    }
}
