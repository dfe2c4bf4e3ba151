//! A crate outside the workspace (`sim/tests/library/uploader`): the author's way to compile and
//! run the tests works, and the text of a failing test suffices to see the cause and to repeat the
//! failure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A copy of the package with the lock file of this workspace, so that cargo fetches nothing.
struct Package {
    folder: tempfile::TempDir,
    target: PathBuf,
}

impl Package {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let from = here.join("tests/library/uploader");
        let manifest = fs::read_to_string(from.join("Cargo.toml")).expect("there");
        let here_text = format!("path = {:?}", here.to_str().expect("UTF-8"));
        let manifest = manifest.replace("path = \"../../..\"", &here_text);
        let write = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("space");
            fs::write(path, text).expect("space");
        };
        write("Cargo.toml", manifest.as_bytes());
        write("src/lib.rs", &fs::read(from.join("src/lib.rs")).expect("there"));
        write("Cargo.lock", &fs::read(here.join("../Cargo.lock")).expect("there"));
        // The target folder is kept between runs, beside the build of this workspace.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("elsewhere");
        Self { folder, target }
    }

    /// Runs `cargo test` with these arguments behind.
    fn test(&self, words: &[&str], variable: Option<(&str, &str)>) -> (bool, String) {
        let mut command = Command::new(env!("CARGO"));
        command.args(["test", "--offline", "--quiet"]).args(words);
        command.current_dir(self.folder.path()).env("CARGO_TARGET_DIR", &self.target);
        // The package is compiled for a few runs, not for debugging.
        command.env("CARGO_PROFILE_DEV_DEBUG", "none").env("CARGO_INCREMENTAL", "0");
        for name in ["HALFCLOSE_SEED", "HALFCLOSE_FAULTS", "RUST_BACKTRACE", "RUSTFLAGS"] {
            command.env_remove(name);
        }
        command.envs(variable);
        let Output { status, stdout, stderr } = command.output().expect("cargo starts");
        let text = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8")).concat();
        (status.success(), text)
    }
}

#[track_caller]
fn assert_says(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
}

/// The parts of a `reproduce:` line: the variable, the value, and the arguments of `cargo test`.
fn reproduce(text: &str) -> (String, String, Vec<String>) {
    let line = text.lines().find_map(|line| line.strip_prefix("reproduce: "));
    let words = shlex::split(line.expect("it says how to see it again")).expect("words");
    let (variable, value) = words[0].split_once('=').expect("a variable");
    assert_eq!(words[1..3], ["cargo", "test"]);
    (variable.to_owned(), value.to_owned(), words[3..].to_vec())
}

/// The outcome, cause and packets of a message, without its first and its last line.
fn tail(text: &str) -> &str {
    let from = text.find("  verdict ").expect("a verdict");
    let until = text.find("reproduce: ").expect("a line");
    &text[from..until]
}

impl Package {
    /// Runs a test that fails on purpose, then the printed line, which fails with the same message.
    /// Returns the first message, the second, and the parts of the printed line.
    #[track_caller]
    fn fails(&self, test: &str) -> (String, String, (String, String, Vec<String>)) {
        let (good, text) = self.test(&[test], None);
        assert!(!good, "{text}");
        let (variable, value, words) = reproduce(&text);
        let arguments: Vec<_> = words.iter().map(|word| &**word).collect();
        let (good, again) = self.test(&arguments, Some((&variable, &value)));
        assert!(!good, "{again}");
        assert_eq!(tail(&again), tail(&text));
        (text, again, (variable, value, words))
    }
}

#[test]
fn its_tests_are_compiled_and_run() {
    let package = Package::new();
    for test in [
        "a_share_of_uploads_is_cut_short",
        "few_uploads_are_cut_short",
        "a_fin_keeps_every_file",
        "a_run_can_be_looked_at",
        "the_cause_is_one_packet",
    ] {
        let (good, text) = package.test(&[test, "--", "--nocapture"], None);
        assert!(good && text.contains("1 passed"), "{text}");
        if test.starts_with("a_share") {
            assert_says(&text, &["1000 runs: ", " % silently truncated ("]);
        }
    }

    let (text, again, (variable, value, words)) = package.fails("a_reset_keeps_every_file");
    assert_says(
        &text,
        &[
            "of 300 runs fail; the first is seed ",
            "  verdict  silent-truncation\n",
            "told success\n",
            "  told     226 Transfer complete.\n",
            "  data     client aborted (sent RST), server was reset (got RST)\n",
            "  cause    1 of its ",
            "    drop client data DATA at ",
            "(dropped: fault)\n",
            "  as a file, for `halfclose run FILE`\n    halfclose = 1\n",
        ],
    );
    assert_eq!(
        (&*variable, &words[..2]),
        ("HALFCLOSE_SEED", &["-p".into(), "uploader".into()][..])
    );
    assert_says(&again, &[&format!("1 of 1 runs fail; the first is seed {value}\n")]);
    // Another seed is another run.
    let words: Vec<_> = words.iter().map(|word| &**word).collect();
    let (good, text) = package.test(&words, Some((&variable, "1")));
    assert!(good, "{text}");

    let (text, again, (variable, value, _)) = package.fails("hardly_any_upload_is_cut_short");
    assert_says(
        &text,
        &[
            " of 1000 runs (",
            " %) are silent-truncation, and at most 0.1 % may be; the first is seed ",
            "  cause    its faults\n    drop client data DATA at ",
        ],
    );
    assert_eq!(variable, "HALFCLOSE_SEED");
    assert_says(
        &again,
        &[&format!(
            "1 of 1 runs (100.00 %) are silent-truncation, and at most 0.1 % may be; the first is seed {value}\n"
        )],
    );

    let (text, _, (variable, value, _)) = package.fails("a_reset_survives_any_one_fault");
    assert_says(&text, &["scenario: one fault is enough to fail\n", "  verdict  silent-"]);
    assert_eq!(variable, "HALFCLOSE_FAULTS");
    assert!(value.starts_with("drop client data DATA at "), "{value}");
}
