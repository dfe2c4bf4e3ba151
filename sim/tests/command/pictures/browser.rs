//! Pages in headless Chromium, as a reader opens them: `browser.py` drives the browser. The test is skipped,
//! with a line on standard error, where the browser or its driver is not installed;
//! `HALFCLOSE_REQUIRE_BROWSER=1` makes a missing browser a failure.

use std::path::Path;
use std::process::Command;

use crate::program::halfclose;

/// The exit status of `browser.py` without selenium.
const NO_SELENIUM: i32 = 77;

#[test]
fn pages_are_read_in_a_browser() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let pages: [(&str, &[&str]); 3] = [
        ("thrown.html", &["-s", "server.host=winsock", "-s", "server.store_rate=200KB/s"]),
        ("lossy.html", &["-s", "link.loss=5%", "-s", "do.size=60KB", "-s", "client.close=fin"]),
        ("thinned.html", &["-s", "do.size=3MB", "-s", "client.close=fin", "-s", "link.loss=1%"]),
    ];
    for (name, settings) in pages {
        let output = halfclose(&[&["run", "--report", &path(name)], settings].concat());
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    }
    let searches: [(&str, &[&str]); 3] = [
        ("matrix.html", &["matrix"]),
        ("sweep.html", &["sweep", "--seeds", "60", "-s", "link.loss=0%,5%"]),
        ("explore.html", &["explore", "q123208", "--faults", "1"]),
    ];
    for (name, words) in searches {
        let output = halfclose(&[words, &["--report", &path(name)]].concat());
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    }
    let names: Vec<_> = pages.iter().chain(&searches).map(|(name, _)| path(name)).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/pictures/browser.py");
    let mut command = Command::new("python3");
    command.arg(script).args(&names);
    let installed = ["chromium", "chromedriver"]
        .iter()
        .all(|program| Command::new(program).arg("--version").output().is_ok());
    let output = installed.then(|| command.output().ok()).flatten();
    let output = output.filter(|output| output.status.code() != Some(NO_SELENIUM));
    let Some(output) = output else {
        let required = std::env::var_os("HALFCLOSE_REQUIRE_BROWSER").is_some();
        assert!(!required, "chromium, chromedriver or Python's selenium is missing");
        eprintln!("SKIPPED: chromium, chromedriver or Python's selenium is not installed");
        return;
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{error}");
    assert_eq!(printed.lines().count(), names.len(), "{printed}");
}
