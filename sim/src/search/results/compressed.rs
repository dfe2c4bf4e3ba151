//! `compressed` reads and writes zstd frames that each hold whole lines: a file that was cut off loses
//! the last frame alone. Each frame has a checksum. A file of another program may have frames and lines
//! of any length, and no reader holds more than [`LIMIT`] bytes of such a file.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// The number of bytes of lines behind which a frame ends.
pub(super) const FRAME: usize = 1 << 20;

/// The most bytes of a line, and of the lines of a frame, that a reader holds.
pub(super) const LIMIT: u64 = 16 << 20;
/// The most bytes that a decoder looks back: of `zstd --ultra -22`, and more than our frames have.
const WINDOW: u64 = 128 << 20;

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
    /// Bytes that are no frame of ours, or a frame longer than [`LIMIT`].
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
    if decoder.by_ref().take(LIMIT + 1).read_to_end(&mut lines).is_err() {
        drop(decoder);
        return Ok(counted.unread());
    }
    let whole = lines.len() as u64 <= LIMIT && is_right(&decoder.into_frame_decoder());
    Ok(if whole { Next::Frame(lines, counted.bytes) } else { Next::Foreign })
}

/// Whether the checksum of a frame that was read to the end is right.
fn is_right(frame: &FrameDecoder) -> bool {
    frame.get_checksum_from_data() == frame.get_calculated_checksum()
}

/// Reads a line with the line's end into `text`, which is empty at the end of the file.
///
/// # Errors
/// The file cannot be read, or the line is longer than [`LIMIT`].
pub(super) fn read_line(from: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<()> {
    text.clear();
    from.take(LIMIT).read_until(b'\n', text)?;
    if text.len() as u64 == LIMIT && !text.ends_with(b"\n") {
        return Err(damaged("it has a line of more than 16 MiB"));
    }
    Ok(())
}

fn damaged(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
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

/// The lines of a whole file of frames, read as a stream.
pub(super) struct Lines<R: BufRead> {
    /// The file between two frames.
    between: Option<R>,
    /// The frame under way.
    frame: Option<StreamingDecoder<R, FrameDecoder>>,
}

impl<R: BufRead> Lines<R> {
    /// The lines in `from`.
    pub(super) fn new(from: R) -> Self {
        Self { between: Some(from), frame: None }
    }

    /// The frame under way, or the next frame; `None` at the end of the file.
    fn frame(&mut self) -> io::Result<Option<&mut StreamingDecoder<R, FrameDecoder>>> {
        if let Some(mut from) = self.between.take() {
            if from.fill_buf()?.is_empty() {
                self.between = Some(from);
                return Ok(None);
            }
            let decoder = StreamingDecoder::new_with_max_window_size(from, WINDOW);
            self.frame = Some(decoder.map_err(|_| damaged("it is damaged"))?);
        }
        Ok(self.frame.as_mut())
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        while let Some(frame) = self.frame()? {
            let read = frame.read(to).map_err(|_| damaged("it is damaged"))?;
            if read > 0 {
                return Ok(read);
            }
            if let Some((from, frame)) = self.frame.take().map(StreamingDecoder::into_parts) {
                self.between = Some(from);
                if !is_right(&frame) {
                    return Err(damaged("it is damaged"));
                }
            }
        }
        Ok(0)
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
    /// A hostile frame: eight kilobytes that unpack to 256 MiB, without a line end.
    #[test]
    fn a_frame_of_any_length_takes_bounded_memory() {
        let huge = huge();
        assert!(huge.len() < 64 << 10, "{} bytes", huge.len());
        assert!(matches!(next(&mut &huge[..]), Ok(Next::Foreign)));
        let mut lines = io::BufReader::new(Lines::new(&huge[..]));
        let mut text = Vec::new();
        let error = read_line(&mut lines, &mut text).expect_err("no line ends");
        assert_eq!(error.to_string(), "it has a line of more than 16 MiB");
        assert!(text.capacity() as u64 <= 2 * LIMIT, "{} bytes", text.capacity());
    }

    /// A frame of 2,048 blocks, each a byte that is repeated 128 KiB times (RFC 8878 §3.1.1.2).
    fn huge() -> Vec<u8> {
        // The descriptor has a window and no size; the window is 128 KiB (exponent 7).
        let mut frame = [&MAGIC[..], &[0, 7 << 3]].concat();
        for block in 0..2048_u32 {
            let last = u32::from(block == 2047);
            frame.extend_from_slice(&(last | 1 << 1 | (128 << 10) << 3).to_le_bytes()[..3]);
            frame.push(b'x');
        }
        frame
    }
}
