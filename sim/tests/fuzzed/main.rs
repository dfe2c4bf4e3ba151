//! The bodies of the fuzz targets (`sim/fuzz`) on their corpus, and on mutations of the corpus: no
//! reader panics, holds too much memory or copies too much for the bytes that it is given.

#[path = "../../fuzz/src/bodies.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are binaries that use the bodies")]
mod bodies;
#[path = "../../../ftp/tests/session/cost.rs"]
#[expect(unreachable_pub, reason = "the bodies are in a library there")]
mod cost;

use std::fs;
use std::path::Path;

use halfclose::internals;

/// The mutations of each file of a corpus.
const MUTATIONS: u32 = 200;

/// A generator of numbers: the mutations are the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        // Xorshift by Marsaglia (2003).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("it is below a usize")
    }
}

/// The files of a body's corpus, in the order of their names.
fn corpus(body: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(body);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a file")).collect()
}

/// Changes some bytes: one, a piece removed, repeated, or taken from another file.
fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let end = (at + 1 + numbers.below(40)).min(bytes.len());
        match numbers.below(6) {
            _ if bytes.is_empty() => bytes.push(b'x'),
            0 => bytes[at] = u8::try_from(numbers.below(256)).expect("a byte"),
            1 => bytes[at] ^= 1 << numbers.below(8),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].repeat(1 + numbers.below(20));
                bytes.splice(at..at, piece);
            }
            4 => {
                let other = &others[numbers.below(others.len())];
                let from = numbers.below(other.len());
                bytes.splice(at..at, other[from..].iter().copied().take(60));
            }
            _ => {
                let special = [b'\n', b'\r', 0, 255, b'[', b'*', b'"', b'='];
                let piece = vec![special[numbers.below(special.len())]; 1 + numbers.below(300)];
                bytes.splice(at..at, piece);
            }
        }
    }
}

#[test]
fn no_bytes_cost_a_reader_more_than_their_share() {
    for (name, body) in bodies::BODIES {
        let files = corpus(name);
        assert!(!files.is_empty(), "{name} has no corpus");
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        for file in &files {
            body(file);
            let mut bytes = file.clone();
            for round in 0..MUTATIONS {
                // Mutations pile up for a while, and begin again.
                if round.is_multiple_of(20) {
                    bytes.clone_from(file);
                }
                mutate(&mut bytes, &files, &mut numbers);
                bytes.truncate(16 << 10);
                body(&bytes);
            }
        }
    }
}

/// Without this, a corpus of results files that are all refused would prove nothing.
#[test]
fn results_files_of_the_corpus_are_gone_on_with() {
    let read = |name: &str, file: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/results");
        let bytes = fs::read(folder.join(file)).expect("a file of the corpus");
        let row = |run| bodies::row(bytes[0], run);
        internals::read_rows(Path::new(name), &bytes[1..], bodies::ROWS, &row)
    };
    for (name, file, runs) in [
        ("a.jsonl", "json", 3),
        ("a.jsonl", "json-cut", 2),
        ("a.csv", "csv", 3),
        ("a.csv", "csv-cut", 1),
        ("a.csv", "csv-head", 0),
        ("a.jsonl.zst", "frames", 3),
        ("a.jsonl.zst", "frames-cut", 2),
    ] {
        assert_eq!(read(name, file).expect("a file of the sweep").1, runs, "{file}");
    }
    let foreign = read("a.jsonl", "json-foreign").expect_err("another sweep").to_string();
    assert!(foreign.contains("line 2 is of halfclose 0.1.0-2, and this is fuzzed"), "{foreign}");
}
