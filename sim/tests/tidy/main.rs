//! The shape of the workspace as tests: short files with a header, few files in a folder, crates and
//! modules that know each other one way, plain words, and subjects of commits.

mod counts;
mod folders;
mod house;
mod subjects;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use house::{CRATES, root, rust_files};

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut files = 0;
    for name in CRATES {
        for (path, text) in rust_files(&root().join(name)) {
            let shown = path.display();
            assert!(text.lines().count() <= 400, "{shown} is over 400 lines: split it");
            assert!(text.starts_with("//!"), "{shown} does not say what it is (`//!`)");
            files += 1;
        }
    }
    assert!(files > 80, "only {files} files found: the test looks in the wrong place");
}

#[test]
fn each_crate_has_one_door() {
    // Who may depend on what: the arrows of docs/DESIGN.md.
    for (dependency, allowed) in [
        ("smoltcp", &["stack", "benches"][..]),
        ("rand", &["sim"]),
        ("clap", &["sim"]),
        ("mio", &["ftp"]),
        ("cap-std", &["ftp"]),
        ("url", &["sim"]),
        ("criterion", &["benches"]),
        ("halfclose-stack", &["sim", "benches"]),
        ("halfclose-ftp", &["sim", "benches"]),
        ("halfclose", &["benches"]),
    ] {
        for name in CRATES {
            let manifest = fs::read_to_string(root().join(name).join("Cargo.toml"));
            let manifest = manifest.expect("each crate has a manifest");
            let depends = manifest.lines().any(|line| {
                let rest = line.strip_prefix(dependency).unwrap_or("x");
                rest.starts_with('.') || rest.trim_start().starts_with('=')
            });
            let may = allowed.contains(&name);
            assert!(may || !depends, "{name} must not depend on {dependency}");
        }
    }
}

/// The modules at the top of a crate, each with those that it names.
fn arrows(name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let source = root().join(name).join("src");
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in rust_files(&source) {
        let place = path.strip_prefix(&source).expect("it was found there");
        let first = place.components().next().expect("a file has a name");
        let module = first.as_os_str().to_string_lossy().replace(".rs", "");
        if ["lib", "main"].contains(&&*module) {
            continue;
        }
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            for part in line.split("crate::").skip(1) {
                let end = part.find(|c: char| !c.is_alphanumeric() && c != '_');
                let other = &part[..end.unwrap_or(part.len())];
                if other != module && !other.is_empty() {
                    arrows.entry(module.clone()).or_default().insert(other.to_owned());
                }
            }
        }
    }
    arrows
}

#[test]
fn modules_know_each_other_one_way() {
    for name in ["stack", "ftp", "sim"] {
        let mut arrows = arrows(name);
        assert!(arrows.len() > 4, "{name}: only {} modules found", arrows.len());
        // Take away what names nobody that is left; a circle never goes away.
        loop {
            let before = arrows.len();
            let left: BTreeSet<String> = arrows.keys().cloned().collect();
            arrows.retain(|_, names| names.iter().any(|name| left.contains(name)));
            if arrows.len() == before {
                break;
            }
        }
        assert!(
            arrows.is_empty(),
            "{name}: these modules know each other in a circle: {arrows:#?}"
        );
    }
}
