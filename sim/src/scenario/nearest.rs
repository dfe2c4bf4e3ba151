//! `nearest` finds the known word that is most like a mistyped word.

/// `; did you mean ...?`, or nothing if no word is like `text`.
pub(crate) fn hint<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> String {
    nearest(text, words).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The first of the words most like `text`, if any word is like `text`.
fn nearest<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Edits, not shares of the length: the score is an integer. A third of the letters may differ.
    let allowed = (text.chars().count() / 3).max(1);
    let scored = words.map(|word| {
        // The last part alone is enough: `loss` for `link.loss`.
        let last = word.rsplit('.').next().unwrap_or(word);
        let edits = strsim::damerau_levenshtein(text, word);
        (edits.min(strsim::damerau_levenshtein(text, last) + 1), word)
    });
    scored.filter(|(edits, _)| *edits <= allowed).min_by_key(|(edits, _)| *edits).map(|(_, w)| w)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_word_finds_its_own() {
        let words = ["link.loss", "link.delay", "client.close", "server.close"];
        for (text, near) in [
            ("link.los", Some("link.loss")),
            ("link.dealy", Some("link.delay")),
            ("loss", Some("link.loss")),
            ("sever.close", Some("server.close")),
            ("weather", None),
        ] {
            assert_eq!(nearest(text, words.into_iter()), near, "{text}");
        }
    }
}
