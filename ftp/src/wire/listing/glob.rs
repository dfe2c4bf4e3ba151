//! `listing::glob` matches names against the patterns that clients pass on from users (`mget *.txt`
//! sends `NLST *.txt`): `*`, `?` and `[a-z]`. No file system is asked.

/// A pattern of names, compiled once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    elements: Vec<Element>,
    /// The number of elements that each match exactly one character.
    fewest: usize,
}

/// An element of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Element {
    /// `*`: any number of characters.
    Many,
    /// `?`: exactly one character, of any kind.
    Any,
    /// A character that stands for itself.
    One(char),
    /// `[...]`: one character in these ranges, which are sorted and do not overlap; with `not`, one
    /// character outside.
    Set { not: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Compiles the text of a pattern, in a time proportional to the length of the text (a set is
    /// sorted). Every text is a pattern: a `[` without a `]` stands for itself.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut elements: Vec<Element> = Vec::new();
        let mut rest = text;
        // Whether a `]` may follow: the text is not searched again once no `]` is left.
        let mut closes = true;
        while let Some(first) = rest.chars().next() {
            rest = &rest[first.len_utf8()..];
            let element = match first {
                '*' => Element::Many,
                '?' => Element::Any,
                '[' if closes => match set_end(rest) {
                    Some(end) => {
                        let set = set(&rest[..end]);
                        rest = &rest[end + 1..];
                        set
                    }
                    None => {
                        closes = false;
                        Element::One(first)
                    }
                },
                first => Element::One(first),
            };
            if element != Element::Many || elements.last() != Some(&Element::Many) {
                elements.push(element);
            }
        }
        let fewest = elements.iter().filter(|element| **element != Element::Many).count();
        Self { elements, fewest }
    }

    /// Whether a text contains a pattern character.
    pub(super) fn is_in(text: &str) -> bool {
        text.contains(['*', '?', '['])
    }

    /// Whether `name` matches. Adds the steps made to `steps`: at most the characters of the name
    /// times the elements of the pattern that the name can reach.
    #[must_use]
    pub fn matches(&self, name: &str, steps: &mut u32) -> bool {
        *steps = steps.saturating_add(1);
        // Without this check, a long pattern would be tried against each short name.
        if self.fewest > name.len() {
            return false;
        }
        let (mut at, mut rest) = (0, name.chars());
        // The place to go back to after a mismatch: behind the last `*`, one character further.
        let mut again: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            *steps = steps.saturating_add(1);
            let mut ahead = rest.clone();
            match (self.elements.get(at), ahead.next()) {
                (Some(Element::Many), _) => {
                    at += 1;
                    again = Some((at, rest.clone()));
                }
                (Some(element), Some(c)) if element.takes(c) => (at, rest) = (at + 1, ahead),
                (None, None) => return true,
                _ => {
                    let Some((behind, from)) = &mut again else { return false };
                    if from.next().is_none() {
                        return false;
                    }
                    (at, rest) = (*behind, from.clone());
                }
            }
        }
    }
}

impl Element {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Many => false,
            Self::Any => true,
            Self::One(this) => *this == c,
            Self::Set { not, ranges } => {
                let behind = ranges.partition_point(|(from, _)| *from <= c);
                (behind > 0 && c <= ranges[behind - 1].1) != *not
            }
        }
    }
}

/// The place of the `]` that ends a set. A `]` at the beginning belongs to the set.
fn set_end(rest: &str) -> Option<usize> {
    let first = rest.chars().next()?.len_utf8();
    rest[first..].find(']').map(|at| at + first)
}

/// Reads the inside of a set: `a-z_`, or `!a-z` for the opposite.
fn set(text: &str) -> Element {
    let (not, text) = match text.strip_prefix(['!', '^']) {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut chars = text.chars();
    let mut ranges = Vec::new();
    while let Some(from) = chars.next() {
        let mut ahead = chars.clone();
        let to = (ahead.next() == Some('-')).then(|| ahead.next()).flatten();
        if to.is_some() {
            chars = ahead;
        }
        let to = to.unwrap_or(from);
        if from <= to {
            ranges.push((from, to));
        }
    }
    ranges.sort_unstable();
    let mut joined: Vec<(char, char)> = Vec::with_capacity(ranges.len());
    for (from, to) in ranges {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    Element::Set { not, ranges: joined }
}
