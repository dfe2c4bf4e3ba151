//! The shape of the folders: few files beside each other, one name for one file, and pages that name
//! existing files.

use std::collections::BTreeMap;

use crate::house::{CRATES, files, root, rust_files, texts};

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

/// A path in backticks that begins with the folder of a crate, and every link from page to page.
#[test]
fn pages_name_files_that_exist() {
    let mut found = 0;
    for (page, text) in texts().into_iter().filter(|(name, _)| name.ends_with(".md")) {
        let folder = root().join(&page).parent().expect("a page is in a folder").to_owned();
        let spans = text.split('`').skip(1).step_by(2);
        let paths = spans.filter(|span| {
            let known = CRATES.iter().any(|name| span.starts_with(&format!("{name}/")));
            known && !span.contains([' ', '*', '{', '\n'])
        });
        let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let links = links.filter(|link| !link.is_empty() && !link.contains(':'));
        let all = paths.map(|path| root().join(path)).chain(links.map(|link| folder.join(link)));
        for path in all {
            assert!(path.exists(), "{page} names {}, which does not exist", path.display());
            found += 1;
        }
    }
    assert!(found > 60, "only {found} paths found");
}
