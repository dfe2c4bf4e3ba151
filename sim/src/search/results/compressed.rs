//! `compressed` reads and writes zstd frames that each hold whole lines: a file that was cut off loses
//! the last frame alone. Each frame has a checksum.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// The number of bytes of lines behind which a frame ends.
pub(super) const FRAME: usize = 1 << 20;

/// The first bytes of a frame.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The lines as one frame.
pub(super) fn frame(lines: &[u8]) -> Vec<u8> {
    compress_to_vec(lines, CompressionLevel::Fastest)
}

/// What follows in a file of frames.
pub(super) enum Next {
    /// The bytes of the next frame, and the length of the frame in the file.
    Frame(Vec<u8>, u64),
    /// The beginning of a frame.
    CutOff,
    /// Bytes that are no frame of ours.
    Foreign,
    /// The end of the file.
    End,
}

/// Reads the next frame.
///
/// # Errors
/// The file cannot be read.
pub(super) fn next(from: &mut impl BufRead) -> io::Result<Next> {
    if from.fill_buf()?.is_empty() {
        return Ok(Next::End);
    }
    let mut counted = Counted { from, bytes: 0, begin: Vec::new(), over: false };
    let Ok(mut decoder) = StreamingDecoder::new(&mut counted) else {
        return Ok(counted.unread());
    };
    let mut lines = Vec::new();
    if decoder.read_to_end(&mut lines).is_err() {
        drop(decoder);
        return Ok(counted.unread());
    }
    let frame = decoder.into_frame_decoder();
    match frame.get_checksum_from_data() == frame.get_calculated_checksum() {
        true => Ok(Next::Frame(lines, counted.bytes)),
        false => Ok(Next::Foreign),
    }
}

/// Counts the bytes of a frame.
struct Counted<'a, R> {
    from: &'a mut R,
    bytes: u64,
    /// The first bytes of the frame.
    begin: Vec<u8>,
    /// Whether the reader wanted more than there is.
    over: bool,
}

impl<R: Read> Counted<'_, R> {
    /// What bytes are that no decoder takes.
    fn unread(&self) -> Next {
        let ours = MAGIC.starts_with(&self.begin) && self.over;
        if ours { Next::CutOff } else { Next::Foreign }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        self.bytes += read as u64;
        self.over |= read == 0 && !to.is_empty();
        let rest = MAGIC.len() - self.begin.len();
        self.begin.extend_from_slice(&to[..read.min(rest)]);
        Ok(read)
    }
}

/// The lines of a whole file of frames, one frame in memory.
pub(super) struct Lines<R> {
    from: R,
    lines: io::Cursor<Vec<u8>>,
}

impl<R: BufRead> Lines<R> {
    /// The lines in `from`.
    pub(super) fn new(from: R) -> Self {
        Self { from, lines: io::Cursor::default() }
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.lines.read(to)?;
            if read > 0 || to.is_empty() {
                return Ok(read);
            }
            match next(&mut self.from)? {
                Next::End => return Ok(0),
                Next::Frame(lines, _) => self.lines = io::Cursor::new(lines),
                Next::CutOff | Next::Foreign => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "it is damaged"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_one_by_one_and_a_cut_frame_is_known() {
        let (one, two) = (frame(b"a\nb\n"), frame(&b"line\n".repeat(5_000)));
        let all = [&one[..], &two].concat();
        let mut from = &all[..];
        let Ok(Next::Frame(lines, length)) = next(&mut from) else { panic!("a frame") };
        assert_eq!((&lines[..], length), (&b"a\nb\n"[..], one.len() as u64));
        let Ok(Next::Frame(lines, length)) = next(&mut from) else { panic!("a frame") };
        assert_eq!((lines.len(), length), (25_000, two.len() as u64));
        assert!(matches!(next(&mut from), Ok(Next::End)));
        for cut in 1..two.len() {
            assert!(matches!(next(&mut &two[..cut]), Ok(Next::CutOff)), "{cut}");
        }
        for cut in 1..one.len() {
            assert!(matches!(next(&mut &one[..cut]), Ok(Next::CutOff)), "{cut}");
        }
        assert!(matches!(next(&mut &b"{\"seed\":0}\n"[..]), Ok(Next::Foreign)));
        let mut altered = two.clone();
        *altered.last_mut().expect("a frame is not empty") ^= 1;
        assert!(matches!(next(&mut &altered[..]), Ok(Next::Foreign)));
        let mut text = Vec::new();
        Lines::new(&all[..]).read_to_end(&mut text).expect("whole frames");
        assert_eq!(text.len(), 25_004);
    }
}
