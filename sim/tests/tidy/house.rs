//! The files of the workspace as the checks read them, and git where there is a history.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders of the four crates.
pub(crate) const CRATES: [&str; 4] = ["stack", "ftp", "sim", "benches"];

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below a folder, in the order of the paths.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> =
        entries.map(|entry| entry.expect("the folder is ours").path()).collect();
    paths.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    paths.into_iter().flat_map(below).collect()
}

/// Every Rust file below a folder, with the text of the file.
pub(crate) fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let text = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("source is UTF-8");
        (path, text)
    };
    files(folder).into_iter().filter(rust).map(text).collect()
}

/// The Rust files of the crates and the pages, each as a path from the root and its text.
pub(crate) fn texts() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for folder in CRATES.into_iter().chain(["docs"]) {
        paths.extend(files(&root().join(folder)));
    }
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).expect("the path begins at the root").to_str()?;
        let known = name.ends_with(".rs") || name.ends_with(".md");
        known.then(|| (name.to_owned(), fs::read_to_string(&path).expect("text is UTF-8")))
    };
    paths.into_iter().filter_map(read).collect()
}

/// The standard output of git in the workspace, if git succeeds.
pub(crate) fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root()).args(words).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
