//! The README as a new user follows the text: every command of the simulation runs as written, in
//! order, and the first command prints the first output.

use std::fs;
use std::path::Path;

use crate::program::{command, halfclose, out};

const README: &str = include_str!("../../../README.md");

/// The lines inside every fenced block of a language.
fn blocks(language: &str) -> Vec<Vec<&'static str>> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        let Some(found) = line.strip_prefix("```") else { continue };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if found == language {
            blocks.push(block);
        }
    }
    blocks
}

/// The arguments of every command of the simulation.
fn commands() -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    for line in blocks("console").concat() {
        let line = line.strip_prefix("$ ").expect("a console block has commands alone");
        let words = shlex::split(line).expect("a shell reads the line");
        let words = match &words[0][..] {
            "halfclose" => words[1..].to_vec(),
            "cargo" if words[1..4] == ["run", "--release", "--"] => words[4..].to_vec(),
            _ => panic!("the README has another program: {line}"),
        };
        commands.push(words);
    }
    commands
}

#[test]
fn every_command_of_the_readme_runs() {
    let folder = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("space");
    let scenario = blocks("toml").into_iter().find(|block| block.contains(&"[[do]]"));
    write("mine.toml", &scenario.expect("the README has a scenario").join("\n"));
    write("README.md", README);
    let network = ["serve", "put", "get", "ls", "bridge", "probe"];
    let mut ran = 0;
    for words in commands() {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        if network.contains(&words[0]) {
            continue;
        }
        let output = command(&words).current_dir(folder.path()).output().expect("it starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {error}");
        assert!(!output.stdout.is_empty(), "{words:?} prints nothing");
        ran += 1;
    }
    assert!(ran > 10, "only {ran} commands found");
    for name in ["x.pcapng", "x.jsonl", "x.toml"] {
        assert!(folder.path().join(name).exists(), "no command wrote {name}");
    }
}

/// Real time differs from run to run; every other character of the output is fixed.
#[test]
fn the_first_output_is_what_the_first_command_prints() {
    let words = &commands()[0];
    let output = halfclose(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let shown = blocks("text").remove(0);
    let printed: Vec<_> = out(&output).lines().collect();
    assert_eq!(printed.len(), shown.len(), "{}", out(&output));
    for (printed, shown) in printed.iter().zip(shown) {
        let virtual_time = |line: &str| line.split(" s virtual").next().map(str::to_owned);
        assert_eq!(virtual_time(printed), virtual_time(shown));
    }
}

#[test]
fn every_page_that_the_readme_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = 0;
    for link in README.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !link.starts_with("https:") && !link.starts_with('#') {
            assert!(root.join(link).exists(), "there is no {link}");
            found += 1;
        }
    }
    assert!(found > 10, "only {found} links found");
}
