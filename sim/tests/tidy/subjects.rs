//! The subjects of commits: `area: verb object` in at most 72 columns.

use crate::house::git;

/// The last commit before the rule.
const BEFORE: &str = "cca438e";

/// The most columns of a subject.
const COLUMNS: usize = 72;

/// Whether a subject names an area, and begins with a verb in lower case behind it.
fn sound(subject: &str) -> Result<(), &'static str> {
    if subject.chars().count() > COLUMNS {
        return Err("is over 72 columns");
    }
    let Some((area, rest)) = subject.split_once(": ") else {
        return Err("names no area: `area: verb object`");
    };
    let named = |area: &str| {
        !area.is_empty() && area.chars().all(|c| c.is_ascii_lowercase() || "-_".contains(c))
    };
    if !area.split([',', '/']).all(|area| named(area.trim_start())) {
        return Err("has an area that is not lower case");
    }
    let mut words = rest.split(' ');
    let verb = words.next().unwrap_or_default();
    if verb.is_empty() || !verb.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
        return Err("has no verb in lower case behind its area");
    }
    if words.next().is_none() {
        return Err("has a verb without an object");
    }
    Ok(())
}

#[test]
fn subjects_name_an_area_a_verb_and_an_object() {
    let range = format!("{BEFORE}..HEAD");
    let Some(subjects) = git(&["log", "--no-merges", "--format=%H %s", &range]) else {
        eprintln!("SKIPPED: the history has no commit {BEFORE}, so no subject is checked");
        return;
    };
    for line in subjects.lines() {
        let (commit, subject) = line.split_once(' ').expect("a hash and a subject");
        if let Err(problem) = sound(subject) {
            panic!("the subject of {commit} {problem}: {subject}");
        }
    }
}

#[test]
fn a_subject_without_area_verb_or_object_is_refused() {
    for subject in
        ["ftp: send 451 when a file shrinks", "stack,ftp,sim: move files", "sim/cli: add `--color`"]
    {
        assert_eq!(sound(subject), Ok(()), "{subject}");
    }
    let long = format!("ftp: send {}", "x".repeat(72));
    for (subject, problem) in [
        ("Let a part alone", "names no area: `area: verb object`"),
        ("FTP: send 451", "has an area that is not lower case"),
        ("ftp: Send 451", "has no verb in lower case behind its area"),
        ("ftp: send", "has a verb without an object"),
        (&long, "is over 72 columns"),
    ] {
        assert_eq!(sound(subject), Err(problem), "{subject}");
    }
}
