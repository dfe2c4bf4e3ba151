//! `listing::glob` matches names against the patterns that clients pass on from users (`mget *.txt`
//! sends `NLST *.txt`): `*`, `?` and `[a-z]`. No file system is asked.

/// Whether a name contains a pattern character.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// Whether `name` matches `pattern`. The time is at most proportional to the product of the
/// lengths, for any pattern.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut rest) = (pattern, name);
    // The place to go back to after a mismatch: behind the last `*`, one character further.
    let mut again: Option<(&str, &str)> = None;
    loop {
        if let Some(behind) = pattern.strip_prefix('*') {
            again = Some((behind, rest));
            pattern = behind;
        } else if let (Some(behind), Some(first)) = (one(pattern, rest), rest.chars().next()) {
            (pattern, rest) = (behind, &rest[first.len_utf8()..]);
        } else if pattern.is_empty() && rest.is_empty() {
            return true;
        } else {
            let Some((behind, from)) = again else { return false };
            let Some(first) = from.chars().next() else { return false };
            rest = &from[first.len_utf8()..];
            again = Some((behind, rest));
            pattern = behind;
        }
    }
}

/// The rest of the pattern, if the first element matches the first character.
fn one<'a>(pattern: &'a str, rest: &str) -> Option<&'a str> {
    let c = rest.chars().next()?;
    if let Some(set) = pattern.strip_prefix('[')
        && let Some(end) = set.char_indices().skip(1).find(|(_, it)| *it == ']').map(|(at, _)| at)
    {
        return in_set(&set[..end], c).then(|| &set[end + 1..]);
    }
    let first = pattern.chars().next()?;
    (first == '?' || first == c).then(|| &pattern[first.len_utf8()..])
}

/// Whether a character is in a set: `a-z_`, or `!a-z` for the opposite.
fn in_set(set: &str, c: char) -> bool {
    let (not, set) = match set.strip_prefix(['!', '^']) {
        Some(set) => (true, set),
        None => (false, set),
    };
    let mut chars = set.chars().peekable();
    let mut found = false;
    while let Some(from) = chars.next() {
        let mut ahead = chars.clone();
        let to = (ahead.next() == Some('-')).then(|| ahead.next()).flatten();
        if to.is_some() {
            chars = ahead;
        }
        found |= (from..=to.unwrap_or(from)).contains(&c);
    }
    found != not
}
