//! Ranges of seeds: `A..B` is half open, `A..=B` closed. There is no empty one.

use std::ops::Range;

const FORM: &str = "write A..B (without B) or A..=B (with it)";

/// Read a range of seeds.
pub(super) fn parse(text: &str) -> Result<Range<u64>, String> {
    let (first, last) = text.split_once("..").ok_or_else(|| format!("is no range: {FORM}"))?;
    let (last, closed) = last.strip_prefix('=').map_or((last, false), |last| (last, true));
    let number = |part: &str| -> Result<u64, String> {
        part.trim().parse().map_err(|_| format!("`{part}` is no seed: {FORM}"))
    };
    let (first, last) = (number(first)?, number(last)?);
    if last < first {
        return Err(format!("the range runs backwards: {FORM}, A first"));
    }
    let end = if closed { last.checked_add(1) } else { Some(last) };
    match end {
        None => Err("the last seed is too large".to_owned()),
        Some(end) if end == first => Err(format!("the range is empty: {FORM}")),
        Some(end) => Ok(first..end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read() {
        for (text, range) in [("0..1", 0..1), ("3..=3", 3..4), ("0..1000", 0..1000)] {
            assert_eq!(parse(text), Ok(range), "{text}");
        }
    }

    #[test]
    fn a_bad_range_says_what_would_be_right() {
        let form = "write A..B (without B) or A..=B (with it)";
        for (text, message) in [
            ("5..5", format!("the range is empty: {form}")),
            ("9..3", format!("the range runs backwards: {form}, A first")),
            ("9..=3", format!("the range runs backwards: {form}, A first")),
            ("7", format!("is no range: {form}")),
            ("a..b", format!("`a` is no seed: {form}")),
            ("1..", format!("`` is no seed: {form}")),
            ("-1..3", format!("`-1` is no seed: {form}")),
            ("0..=18446744073709551615", "the last seed is too large".to_owned()),
        ] {
            assert_eq!(parse(text), Err(message), "{text}");
        }
    }
}
