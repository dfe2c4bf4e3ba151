//! The words of the documentation: this module counts stand-ins and finds banned words, doc comments
//! that are too short, and headers without a subject (docs/DESIGN.md, "Plain English").

/// Pronouns and stand-ins: words that make a reader look back for their noun.
const STAND_INS: [&str; 9] =
    ["it", "its", "that", "what", "which", "those", "these", "one", "other"];

/// Words that hide who acts. The caller, the peer and the other session have names.
const BANNED: [&str; 5] = ["nobody", "somebody", "whoever", "anybody", "whatever"];

/// Openings of a header that name no subject.
const OPENINGS: [&str; 24] = [
    "What", "Where", "Which", "Who", "Whose", "Whom", "When", "Why", "How", "Whether", "If", "As",
    "It", "Its", "They", "This", "That", "These", "Those", "There", "Then", "And", "But", "So",
];

/// The fewest words of a doc comment.
const FEWEST: usize = 4;

/// A line of prose with its number in the file, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: String,
}

/// The doc comments of a Rust file: one list of lines for each block of `///` or `//!`.
pub(crate) fn doc_comments(source: &str) -> Vec<Vec<Line>> {
    let mut blocks: Vec<Vec<Line>> = Vec::new();
    let mut last = "";
    for (at, line) in source.lines().enumerate() {
        let line = line.trim_start();
        let mark = ["//!", "///"].into_iter().find(|mark| line.starts_with(mark));
        let mark = mark.filter(|_| !line.starts_with("////")).unwrap_or("");
        if !mark.is_empty() {
            if mark != last {
                blocks.push(Vec::new());
            }
            let text = line[mark.len()..].trim().to_owned();
            blocks.last_mut().expect("a block has begun").push(Line { number: at + 1, text });
        }
        last = mark;
    }
    blocks
}

/// The prose of a Markdown page as one block, without fenced and indented code.
pub(crate) fn page(source: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut fenced = false;
    for (at, line) in source.lines().enumerate() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        if !fenced && !fence && !line.starts_with("    ") {
            lines.push(Line { number: at + 1, text: line.to_owned() });
        }
    }
    lines
}

/// The words of a block with their line numbers. A span of code counts as one word, `CODE`; code
/// between fences does not count.
fn words(block: &[Line]) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    let (mut fenced, mut in_span) = (false, false);
    for line in block {
        if line.text.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        for (at, part) in line.text.split('`').enumerate() {
            if at > 0 {
                in_span = !in_span;
                if in_span {
                    words.push((line.number, "CODE".to_owned()));
                }
            }
            if in_span {
                continue;
            }
            let inside = |c: char| !c.is_alphanumeric() && !"'’-".contains(c);
            for word in part.split(inside) {
                if word.contains(char::is_alphanumeric) {
                    words.push((line.number, word.to_owned()));
                }
            }
        }
    }
    words
}

/// What one part of the workspace says, in numbers, and the places that a person has to mend.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    pub(crate) words: usize,
    pub(crate) stand_ins: usize,
    /// `file:line: word` for each banned word.
    pub(crate) banned: Vec<String>,
    /// `file:line: text` for each doc comment of fewer than four words.
    pub(crate) short: Vec<String>,
    /// `file: reason` for each header without a subject.
    pub(crate) headers: Vec<String>,
}

impl Count {
    /// Stand-ins for every thousand words.
    #[expect(clippy::cast_precision_loss, reason = "a count of words fits")]
    pub(crate) fn ratio(&self) -> f64 {
        self.stand_ins as f64 * 1_000.0 / self.words.max(1) as f64
    }

    /// Adds a Rust file under the name `file`.
    pub(crate) fn add_source(&mut self, file: &str, source: &str) {
        let blocks = doc_comments(source);
        for block in &blocks {
            let count = self.add_block(file, block);
            if count < FEWEST {
                let Line { number, text } = &block[0];
                self.short.push(format!("{file}:{number}: {text}"));
            }
        }
        if let Err(reason) = header(file, blocks.first().map_or(&[], Vec::as_slice)) {
            self.headers.push(format!("{file}: {reason}"));
        }
    }

    /// Adds a Markdown page under the name `file`.
    pub(crate) fn add_page(&mut self, file: &str, source: &str) {
        self.add_block(file, &page(source));
    }

    fn add_block(&mut self, file: &str, block: &[Line]) -> usize {
        let words = words(block);
        for (number, word) in &words {
            let word = word.to_lowercase();
            if STAND_INS.contains(&&*word) {
                self.stand_ins += 1;
            }
            if BANNED.contains(&word.trim_end_matches("'s").trim_end_matches("’s")) {
                self.banned.push(format!("{file}:{number}: {word}"));
            }
        }
        self.words += words.iter().filter(|(_, word)| word.contains(char::is_alphabetic)).count();
        words.len()
    }
}

/// Whether a header says what the file owns. The first sentence has at least four words. It begins
/// with a noun phrase, or with a name in backticks and a verb in the third person; a module that is
/// named so is the module of this file.
fn header(file: &str, block: &[Line]) -> Result<(), String> {
    let text: Vec<&str> = block.iter().map(|line| &*line.text).collect();
    let text = text.join(" ");
    let end = [". ", "! ", "? "].iter().filter_map(|end| text.find(end)).min();
    let sentence = &text[..end.unwrap_or(text.len())];
    let line = Line { number: 1, text: sentence.to_owned() };
    let words: Vec<String> = words(&[line]).into_iter().map(|(_, word)| word).collect();
    let Some(first) = words.first() else { return Err("no header".to_owned()) };
    if words.len() < FEWEST {
        return Err(format!("`{sentence}` is no sentence"));
    }
    if let Some(named) = sentence.strip_prefix('`') {
        let named = named.split('`').next().unwrap_or_default();
        let verb = |word: &String| {
            let third = word.ends_with('s') && word.chars().all(char::is_lowercase);
            third || ["are", "have", "do"].contains(&&**word)
        };
        if !words.iter().any(verb) {
            return Err(format!("no verb follows `{named}`"));
        }
        return names_file(file, named);
    }
    if OPENINGS.contains(&&**first) || first.ends_with("ing") {
        return Err(format!("`{first}` is no subject"));
    }
    if !first.starts_with(|c: char| c.is_uppercase() || c.is_numeric()) {
        return Err(format!("`{first}` does not begin a sentence"));
    }
    Ok(())
}

/// A module or file named at the beginning of a header is the file itself; any text with a space or
/// a bracket is no module.
fn names_file(file: &str, named: &str) -> Result<(), String> {
    let module = named.chars().all(|c| c.is_lowercase() || c.is_numeric() || "_:.".contains(c));
    let name = named.trim_end_matches(".rs").rsplit("::").next().unwrap_or_default();
    let stem = file.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    let root = ["lib", "main", "mod"].contains(&stem);
    if module && !root && name != stem {
        return Err(format!("the header calls the file `{named}`"));
    }
    Ok(())
}

#[test]
fn words_are_counted_as_a_reader_reads_them() {
    let source = [
        "//! `a` is the house, and it stands. Which?",
        "",
        "/// One of `it`.",
        "/// ```",
        "/// it",
        "/// ```",
        "//// it",
        "// it",
        "fn a() {}",
        "/// Nobody’s.",
    ];
    let mut count = Count::default();
    count.add_source("src/a.rs", &source.join("\n"));
    assert_eq!((count.words, count.stand_ins), (12, 3));
    assert_eq!(count.banned, ["src/a.rs:10: nobody’s"]);
    assert_eq!(count.short, ["src/a.rs:3: One of `it`.", "src/a.rs:10: Nobody’s."]);
    assert_eq!(count.headers, [""; 0]);
    let mut page = Count::default();
    page.add_page("a.md", "It is\n```\nit\n```\n    it\n| one |\n");
    assert_eq!((page.words, page.stand_ins), (3, 2));
}

#[test]
fn a_header_has_a_subject() {
    for (header, reason) in [
        ("//! The link owns one direction of the wire.", ""),
        ("//! `a` keeps the table of slots.", ""),
        ("//! `house::a` keeps the table of slots.", ""),
        ("//! `halfclose run` prints one run.", ""),
        ("//! What the benchmarks share.", "`What` is no subject"),
        ("//! Reading: bytes come in.", "`Reading` is no subject"),
        ("//! `b` keeps the table of slots.", "the header calls the file `b`"),
        ("//! `[[arm]]` in a file.", "no verb follows `[[arm]]`"),
        ("//! The words.", "`The words.` is no sentence"),
        ("//! netem has words for a link.", "`netem` does not begin a sentence"),
        ("fn main() {}", "no header"),
    ] {
        let mut count = Count::default();
        count.add_source("house/src/a.rs", header);
        let wanted =
            if reason.is_empty() { vec![] } else { vec![format!("house/src/a.rs: {reason}")] };
        assert_eq!(count.headers, wanted, "{header}");
    }
}
