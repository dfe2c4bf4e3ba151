//! The counts of words, part by part, beside the limits of all parts. `.ci/words [REVISION]` prints
//! the table, with the counts of an earlier revision beside them.

use crate::house::{git, texts};
use crate::words::Count;

/// A part of the workspace: the words below these paths are counted together.
struct Part {
    name: &'static str,
    paths: &'static [&'static str],
}

/// The most stand-ins for every thousand words of a part.
const STAND_INS: f64 = 45.0;

const PARTS: [Part; 5] = [
    Part { name: "stack", paths: &["stack/src/", "stack/examples/"] },
    Part { name: "ftp", paths: &["ftp/src/", "ftp/examples/"] },
    Part { name: "sim", paths: &["sim/src/", "sim/examples/"] },
    Part { name: "tests", paths: &["stack/tests/", "ftp/tests/", "sim/tests/", "benches/"] },
    Part {
        name: "pages",
        paths: &["README.md", "CHANGELOG.md", "docs/", "stack/README.md", "ftp/README.md"],
    },
];

/// The counts of each part in these files, each a path from the root and its text.
fn counts(files: &[(String, String)]) -> [Count; PARTS.len()] {
    PARTS.map(|part| {
        let mut count = Count::default();
        for (path, text) in files {
            if !part.paths.iter().any(|prefix| path.starts_with(prefix)) {
                continue;
            }
            if path.ends_with(".rs") {
                count.add_source(path, text);
            } else if path.ends_with(".md") {
                count.add_page(path, text);
            }
        }
        count
    })
}

/// The files of a revision, or `None` if git does not know the revision.
fn texts_at(revision: &str) -> Option<Vec<(String, String)>> {
    let names = git(&["ls-tree", "-r", "--name-only", revision])?;
    let named = names.lines().filter(|name| name.ends_with(".rs") || name.ends_with(".md"));
    named
        .map(|name| Some((name.to_owned(), git(&["show", &format!("{revision}:{name}")])?)))
        .collect()
}

/// One line for each part: words, stand-ins per 1,000, and the three kinds of faults.
fn table(title: &str, counts: &[Count]) -> String {
    let mut text = format!(
        "{title}\n{:8}{:>8}{:>20}{:>8}{:>8}{:>9}\n",
        "part", "words", "stand-ins per 1,000", "banned", "short", "headers"
    );
    for (part, count) in PARTS.iter().zip(counts) {
        text += &format!(
            "{:8}{:>8}{:>20.1}{:>8}{:>8}{:>9}\n",
            part.name,
            count.words,
            count.ratio(),
            count.banned.len(),
            count.short.len(),
            count.headers.len()
        );
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it decides what is printed, not what is run")]
fn words_name_their_subjects() {
    let now = counts(&texts());
    if let Ok(revision) = std::env::var("HALFCLOSE_WORDS_SINCE")
        && !revision.is_empty()
    {
        let before = texts_at(&revision).unwrap_or_else(|| panic!("git has no `{revision}`"));
        println!("{}", table(&format!("at {revision}"), &counts(&before)));
    }
    println!("{}", table("now", &now));
    let mut over = Vec::new();
    for (part, count) in PARTS.iter().zip(&now) {
        let name = part.name;
        assert!(count.words > 100, "{name}: only {} words found", count.words);
        if count.ratio() > STAND_INS {
            let ratio = count.ratio();
            over.push(format!("{name}: {ratio:.1} stand-ins per 1,000 words, over {STAND_INS}"));
        }
        let kinds = [
            ("banned words", &count.banned),
            ("doc comments of fewer than four words", &count.short),
            ("headers without a subject", &count.headers),
        ];
        for (kind, places) in kinds.into_iter().filter(|(_, places)| !places.is_empty()) {
            over.push(format!("{name}: {} {kind}\n  {}", places.len(), places.join("\n  ")));
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}
