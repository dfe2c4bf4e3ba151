//! Findings for continuous integration: JUnit files, annotations, and the corpus of seeds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::program::{assert_refused, err, halfclose, out, text};
use crate::sweep::Folder;

/// The path of the schema of Jenkins' xunit plug-in, which `.ci/run` takes from pytest's source package.
fn schema() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/foreign/junit-10.xsd")
}

/// Whether `xmllint` and the schema are there; where every program is required, a missing one fails.
fn can_validate() -> bool {
    let there = Command::new("xmllint").arg("--version").output().is_ok() && schema().is_file();
    let required = std::env::var_os("HALFCLOSE_REQUIRE_FOREIGN").is_some();
    assert!(there || !required, "xmllint and {} are required", schema().display());
    if !there {
        eprintln!(
            "SKIPPED: no xmllint, or no {}: the JUnit file is not validated",
            schema().display()
        );
    }
    there
}

/// The JUnit file of a command, which the schema accepts.
fn junit(folder: &Folder, words: &[&str], status: i32) -> (String, Output) {
    let path = folder.path("junit.xml").1;
    let output = halfclose(&[words, &["--junit", &path, "--annotate", "github"]].concat());
    assert_eq!(output.status.code(), Some(status), "{}", err(&output));
    if can_validate() {
        let schema = schema();
        let mut lint = Command::new("xmllint");
        let lint = lint.args(["--noout", "--schema"]).arg(schema).arg(&path).output();
        let lint = lint.expect("it is there");
        assert!(lint.status.success(), "{}", text(&lint.stderr));
    }
    (fs::read_to_string(path).expect("it is there"), output)
}

/// Each command tells its findings to JUnit and to GitHub, with the line that shows the finding again;
/// the status is the status without the file.
#[test]
fn findings_are_told_to_the_service() {
    let folder = Folder::new();
    let lossy =
        ["sweep", "q123208", "-s", "link.loss=0%,9%", "--seeds", "40", "--fail-on", "truncated"];
    let explore =
        ["explore", "q123208", "-s", "server.on_reset=as-eof", "--faults", "1", "--fail-on"];
    let explore = [&explore[..], &["silent-truncation,stuck"]].concat();
    let explain = ["explain", "q123208", "--seed", "0", "--fail-on", "reset-on-data,fin-lost"];
    for (words, status, cases, failures, message) in [
        (&["run", "q123208", "-s", "expect.verdict=stuck"][..], 1, 1, 1, "expected stuck, got"),
        (&["run", "q123208"], 0, 1, 0, ""),
        (&lossy, 1, 2, 1, "of 40 runs are truncated"),
        (&explore, 1, 1, 1, "silent-truncation, with 1 fault: drop client data DATA at"),
        (&explain, 1, 2, 1, "1 data connections have a RST"),
        (&["explain", "q123208", "--seed", "0"], 0, 1, 0, ""),
    ] {
        let (xml, output) = junit(&folder, words, status);
        let count = |what: &str| xml.matches(what).count();
        assert_eq!((count("<testcase "), count("<failure ")), (cases, failures), "{xml}");
        assert!(xml.contains(message), "{message} is not in {xml}");
        let annotations: Vec<_> = err(&output).lines().filter(|it| it.starts_with("::")).collect();
        assert_eq!(annotations.len(), failures, "{annotations:?}");
        for line in annotations {
            let sound = line.starts_with("::error title=halfclose ") && line.contains(message);
            assert!(sound && line.contains("%0Areproduce: halfclose "), "{line}");
        }
    }
    // The line of the file reproduces the failure in one paste.
    let (xml, _) = junit(&folder, &lossy, 1);
    let line =
        xml.split("reproduce: ").nth(1).and_then(|rest| rest.split('<').next()).expect("a line");
    let words = shlex::split(line.trim()).expect("words of a shell");
    let words: Vec<_> = words[1..].iter().map(String::as_str).chain(["--json"]).collect();
    let object: Value = serde_json::from_str(out(&halfclose(&words))).expect("one object");
    assert_eq!(object["verdict"], "truncated");
}

/// A file that an option would replace, or that cannot be written, is one line.
#[test]
fn a_bad_file_is_refused() {
    let folder = Folder::new();
    let (path, name) = folder.path("mine.toml");
    fs::write(&path, "[[do]]\nput = \"a\"\n").expect("space");
    assert_refused(&halfclose(&["run", &name, "--junit", &name]), &["would replace the scenario"]);
    assert_refused(
        &halfclose(&["sweep", &name, "--seeds", "1", "--corpus", &name]),
        &["would replace"],
    );
    let (corpus, name) = folder.path("corpus.txt");
    fs::write(&corpus, "# mine\nq123208 five\n").expect("space");
    let words = ["sweep", "q123208", "--seeds", "1", "--corpus", &name];
    assert_refused(
        &halfclose(&words),
        &["corpus.txt` line 2: write a scenario, a space and a seed"],
    );
    assert_eq!(fs::read_to_string(&corpus).expect("there"), "# mine\nq123208 five\n");
    // A corpus without a directory is refused before the first run, not after the last.
    let words = ["sweep", "q123208", "--seeds", "1", "--corpus", "nowhere/corpus.txt"];
    assert_refused(
        &halfclose(&words),
        &["cannot use the corpus `nowhere/corpus.txt`: there is no directory `nowhere`"],
    );
}

/// Seeds that failed once run first ever after, in sweeps of other seeds too, until they pass.
#[test]
fn a_failed_seed_is_kept_and_runs_first() {
    let folder = Folder::new();
    let (path, name) = folder.path("corpus.txt");
    let sweep = |seeds: &str, more: &[&str]| {
        let words =
            ["sweep", "q123208", "--seeds", seeds, "--corpus", &name, "--fail-on", "truncated"];
        halfclose(&[&words[..], more].concat())
    };
    let lossy = ["-s", "link.loss=9%"];
    let first = sweep("0..40", &lossy);
    assert_eq!(first.status.code(), Some(1));
    let kept = fs::read_to_string(&path).expect("it was made");
    let seeds: Vec<_> = kept.lines().filter(|line| line.starts_with("q123208 ")).collect();
    assert!((1..=5).contains(&seeds.len()), "{kept}");
    assert!(out(&first).contains(&format!("{} seeds are new", seeds.len())), "{}", out(&first));
    for line in &seeds {
        let reproduce = line.split("# truncated: ").nth(1).expect("a command");
        let words = shlex::split(reproduce).expect("words of a shell");
        let run = halfclose(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
        assert!(out(&run).contains("truncated"), "{}", out(&run));
    }
    // A seed that passes by itself: the corpus fails.
    let next = sweep("0..1", &[&lossy[..], &["--json"]].concat());
    assert_eq!(next.status.code(), Some(1));
    let object: Value = serde_json::from_str(out(&next)).expect("one object");
    let corpus = &object["corpus"];
    assert_eq!((&object["runs"], &corpus["runs"]), (&1.into(), &seeds.len().into()));
    assert_eq!(corpus["failing"].as_array().map(Vec::len), Some(seeds.len()));
    assert_eq!(corpus["added"], 0);
    assert_eq!(fs::read_to_string(&path).expect("there"), kept, "no seed twice");
    // On a perfect link the seeds pass; another scenario has seeds of its own.
    assert_eq!(sweep("0..1", &[]).status.code(), Some(0));
    let other = halfclose(&["sweep", "lost-fin", "--seeds", "1", "--corpus", &name, "--json"]);
    let object: Value = serde_json::from_str(out(&other)).expect("one object");
    assert_eq!(object["corpus"]["runs"], 0);
}

/// The blocks of a YAML file behind `run: |` or `- |`, as a shell gets them.
fn steps(yaml: &str) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let (mut steps, mut lines) = (Vec::new(), yaml.lines().peekable());
    while let Some(line) = lines.next() {
        if !(line.trim() == "run: |" || line.trim() == "- |") {
            continue;
        }
        let (outer, mut step) = (indent(line), String::new());
        while let Some(line) = lines.next_if(|line| indent(line) > outer || line.trim().is_empty())
        {
            step.push_str(line);
            step.push('\n');
        }
        steps.push(step);
    }
    steps
}

/// The steps of the recipes run here as a service runs them: fixed seeds pass, fresh seeds of a lossy
/// link fail, keep the seeds, and write a JUnit file that the schema accepts.
#[test]
fn the_recipes_run() {
    let program = Path::new(env!("CARGO_BIN_EXE_halfclose"));
    let path = std::env::join_paths([
        program.parent().expect("a folder"),
        Path::new("/usr/bin"),
        Path::new("/bin"),
    ]);
    let path = path.expect("a path");
    let mut made = 0;
    for (recipe, schedule) in
        [("github.yml", "GITHUB_RUN_NUMBER"), ("gitlab.yml", "CI_PIPELINE_IID")]
    {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/recipes").join(recipe);
        let yaml = fs::read_to_string(file).expect("the recipe is there");
        for (loss, sound) in [("0%", true), ("20%", false)] {
            let folder = Folder::new();
            let scenario = format!(
                "[link]\nloss = \"{loss}\"\n[client]\nclose = \"reset-when-sent\"\n[server]\non_reset = \
                 \"as-eof\"\n[[do]]\nput = \"a\"\nsize = \"9KB\"\n"
            );
            fs::write(folder.path("upload.toml").0, scenario).expect("space");
            let steps = steps(&yaml).into_iter().filter(|step| !step.contains("cargo install"));
            for step in steps {
                // The same steps with fewer runs: a debug build makes this test.
                let step = step
                    .replace("100000", "300")
                    .replace("10000", "300")
                    .replace("--faults 2", "--faults 1");
                let output = Command::new("sh")
                    .args(["-e", "-c", &step])
                    .current_dir(folder.path("").0)
                    .env("PATH", &path)
                    .env(schedule, "7")
                    .env("CI_PIPELINE_SOURCE", "schedule")
                    .output()
                    .expect("there is a shell");
                let explore = step.contains("explore");
                let expected = if sound || explore { 0 } else { 1 };
                assert_eq!(
                    output.status.code(),
                    Some(expected),
                    "{step}\n{}{}",
                    text(&output.stdout),
                    err(&output)
                );
                made += 1;
                let junit =
                    folder.path(if explore { "halfclose-explore.xml" } else { "halfclose.xml" }).1;
                assert!(fs::read_to_string(&junit).expect("it was written").contains("<testcase "));
                if can_validate() {
                    let mut lint = Command::new("xmllint");
                    let lint =
                        lint.args(["--noout", "--schema"]).arg(schema()).arg(&junit).output();
                    assert!(lint.expect("it is there").status.success());
                }
            }
            assert_eq!(folder.path("halfclose-corpus.txt").0.exists(), !sound);
        }
    }
    assert_eq!(made, 8, "three steps of one recipe and one of the other, twice");
}
