//! Ranges of seeds: `A..B` is half open, `A..=B` closed. There is no empty one.

use crate::search::Seeds;

const FORM: &str = "write A..B (without B) or A..=B (with it)";

/// Read a range of seeds.
pub(super) fn parse(text: &str) -> Result<Seeds, String> {
    let (first, last) = text.split_once("..").ok_or_else(|| format!("is no range: {FORM}"))?;
    let (last, closed) = last.strip_prefix('=').map_or((last, false), |last| (last, true));
    let number = |part: &str| -> Result<u64, String> {
        part.trim().parse().map_err(|_| format!("`{part}` is no seed: {FORM}"))
    };
    let (first, last) = (number(first)?, number(last)?);
    if last < first {
        return Err(format!("the range runs backwards: {FORM}, A first"));
    }
    let seeds = if closed { Seeds::from(first..=last) } else { (first..last).into() };
    if seeds.count() == 0 {
        return Err(format!("the range is empty: {FORM}"));
    }
    Ok(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read() {
        for (text, range) in [("0..1", 0..1), ("3..=3", 3..4), ("0..1000", 0..1000)] {
            assert_eq!(parse(text), Ok(range.into()), "{text}");
        }
        assert_eq!(parse("7..=18446744073709551615"), Ok((7..=u64::MAX).into()));
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
            ("0..=18446744073709551616", format!("`18446744073709551616` is no seed: {form}")),
        ] {
            assert_eq!(parse(text), Err(message), "{text}");
        }
    }
}
