//! The guide shows the output of its commands: the test runs each command of docs/GUIDE.md and compares
//! the output.

use std::path::Path;
use std::process::Command;

/// The commands of the page in order, each with the lines below the command.
fn commands(page: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut within = false;
    for line in page.lines() {
        match (line, within) {
            ("```console", _) => within = true,
            ("```", _) => within = false,
            (line, true) => match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => found.push((command, String::new())),
                (None, Some((_, output))) => {
                    output.push_str(line);
                    output.push('\n');
                }
                (None, None) => panic!("`{line}` is no output of a command"),
            },
            _ => {}
        }
    }
    found
}

/// The text without the parts that depend on the machine: real time, rates, and how many runs were made.
fn lasting(text: &str) -> String {
    let mut text = text.to_owned();
    for (before, behind) in [("s virtual, ", " real;"), (" runs; ", " derived")] {
        if let Some(from) = text.find(before).map(|at| at + before.len())
            && let Some(length) = text[from..].find(behind)
        {
            text.replace_range(from..from + length, "some time");
        }
    }
    text
}

#[test]
fn the_commands_of_the_guide_print_what_the_guide_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/GUIDE.md");
    let page = std::fs::read_to_string(page).expect("the guide");
    let folder = tempfile::tempdir().expect("a directory");
    let program = Path::new(env!("CARGO_BIN_EXE_halfclose")).parent().expect("a directory");
    let path = std::env::var_os("PATH").expect("a path");
    let folders = std::iter::once(program.to_owned()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).expect("no colon in a name");
    let commands = commands(&page);
    assert!(commands.len() >= 12, "{} commands", commands.len());
    for (command, wanted) in commands {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(folder.path()).env("PATH", &path);
        for variable in ["NO_COLOR", "CLICOLOR_FORCE", "HALFCLOSE_PASSWORD"] {
            shell.env_remove(variable);
        }
        let output = shell.output().expect("a shell");
        let got = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(lasting(got.trim_end()), lasting(wanted.trim_end()), "{command}");
    }
}
