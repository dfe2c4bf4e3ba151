//! A tree of a thousand files, moved by two programs, compared file by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::programs::{content, is_there, run, said};
use crate::served::Ours;

const FILES: usize = 1000;

#[test]
fn lftp_mirrors_a_tree_up_and_down() {
    if !is_there("lftp") {
        return;
    }
    let (server, client) = (Ours::serve(&[]), tempfile::tempdir().expect("a directory"));
    make(&client.path().join("tree"));
    let script = format!(
        "set net:timeout 60; set net:max-retries 2; open {}; mirror -R --parallel=4 tree there; \
         mirror --parallel=4 there back",
        server.url()
    );
    let output = run("lftp", &["-c".to_owned(), script], "", client.path());
    assert!(output.status.success(), "{}", said(&output));
    let sent = read(&client.path().join("tree"));
    assert_eq!(sent.len(), FILES);
    assert!(sent == read(&server.path("there")), "the server holds what was sent");
    assert!(sent == read(&client.path().join("back")), "and gives it back");
}

#[test]
fn curl_uploads_a_tree() {
    if !is_there("curl") {
        return;
    }
    let (server, client) = (Ours::serve(&[]), tempfile::tempdir().expect("a directory"));
    make(&client.path().join("tree"));
    let sent = read(&client.path().join("tree"));
    // A curl for each directory at the top, all at once: curl 7.88 sleeps for a second whenever a
    // reply arrives before curl looks for one, which is frequent on one machine.
    std::thread::scope(|scope| {
        for top in 0..10 {
            let mut config = String::from("silent\nshow-error\nftp-create-dirs\n");
            for name in sent.keys().filter(|name| name.starts_with(&format!("d{top}/"))) {
                let url = format!("{}/there/{name}", server.url());
                config += &format!("upload-file = \"tree/{name}\"\nurl = \"{url}\"\n");
            }
            let at = client.path();
            scope.spawn(move || {
                let arguments = ["-K".to_owned(), "-".to_owned()];
                let output = run("curl", &arguments, &config, at);
                assert!(output.status.success(), "{}", said(&output));
            });
        }
    });
    assert!(sent == read(&server.path("there")), "the server holds what was sent");
}

/// Writes files in nested directories, of every length from zero on.
fn make(root: &Path) {
    for at in 0..FILES {
        let directory = root.join(format!("d{}/e{}", at % 10, at % 7));
        fs::create_dir_all(&directory).expect("space");
        fs::write(directory.join(format!("f{at}.bin")), content(at * 37)).expect("space");
    }
}

/// Every file below a directory, by path.
fn read(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(root).expect("it is below").to_str().expect("UTF-8");
                files.insert(name.to_owned(), fs::read(&path).expect("it can be read"));
            }
        }
    }
    files
}
