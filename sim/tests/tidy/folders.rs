//! The shape of the folders: few files beside each other, and one name for one file.

use std::collections::BTreeMap;

use crate::house::{CRATES, files, root, rust_files};

/// The most files in one folder.
const MOST: usize = 16;

#[test]
fn a_folder_has_few_files() {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for name in CRATES.into_iter().chain(["docs"]) {
        for path in files(&root().join(name)) {
            let folder = path.parent().and_then(|folder| folder.strip_prefix(root()).ok());
            let folder = folder.expect("a file is below the root").to_string_lossy().into_owned();
            *folders.entry(folder).or_default() += 1;
        }
    }
    assert!(folders.len() > 20, "only {} folders found", folders.len());
    for (folder, count) in folders {
        assert!(count <= MOST, "{folder} has {count} files, over {MOST}: make a room in it");
    }
}

#[test]
fn a_file_name_is_taken_once_in_a_crate() {
    for name in CRATES {
        let source = root().join(name).join("src");
        let mut seen = BTreeMap::new();
        for (path, _) in rust_files(&source) {
            let file = path.file_name().expect("a file has a name").to_owned();
            if let Some(other) = seen.insert(file, path.clone()) {
                let (path, other) = (path.display(), other.display());
                panic!("{path} and {other} have one name: say what each owns");
            }
        }
        assert!(seen.len() > 4, "{name}: only {} files found", seen.len());
    }
}
