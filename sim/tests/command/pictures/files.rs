//! Pictures as files of their own: the pictures in the README are what the program writes, and the pages of
//! searches agree with the JSON of the searches.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{halfclose, out};

/// The commands that print the ladders of the README, and the files of the ladders.
const RST: (&str, &[&str]) =
    ("put-rst.svg", &["run", "q123208", "--seed", "42", "--ladder", "svg", "--trace=data"]);
const FIN: [&str; 2] = ["-s", "client.profile=tcpip32-3.11b"];

/// Compares a picture with the file of the README; `UPDATE_GOLDEN=1` writes the file.
fn golden(name: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, written).expect("space");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == written, "{name} is not what the program writes: UPDATE_GOLDEN=1 writes it");
}

#[test]
fn the_pictures_of_the_readme_are_what_the_program_writes() {
    golden(RST.0, out(&halfclose(RST.1)));
    golden("put-fin.svg", out(&halfclose(&[RST.1, &FIN].concat())));
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("matrix.svg");
    let output = halfclose(&["matrix", "--report", path.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    golden("matrix.svg", &fs::read_to_string(&path).expect("a picture"));
}

#[test]
fn a_ladder_has_each_packet_of_the_trace() {
    let run = ["run", "q123208", "--seed", "264", "-s", "link.loss=5%"];
    for scope in ["data", "control", "all"] {
        let scope = format!("--trace={scope}");
        let traced = halfclose(&[&run[..], &[&scope]].concat());
        let traced = out(&traced).lines().skip(2).take_while(|line| !line.is_empty());
        let count = traced.filter(|line| !line.contains('[')).count();
        let svg = halfclose(&[&run[..], &["--ladder", "svg", &scope]].concat());
        let svg = out(&svg);
        assert_eq!(svg.matches("<g class=\"p ").count(), count, "{scope}");
        assert!(svg.starts_with("<svg ") && svg.contains("xmlns=\"http://www.w3.org/2000/svg\""));
        let mermaid = halfclose(&[&run[..], &["--ladder", "mermaid", &scope]].concat());
        let sent = |line: &&str| line.starts_with("    C-") || line.starts_with("    S-");
        assert_eq!(out(&mermaid).lines().filter(sent).count(), count, "{}", out(&mermaid));
    }
    let mermaid = halfclose(&[&run[..], &["--ladder", "mermaid"]].concat());
    let text = out(&mermaid);
    assert!(text.starts_with("sequenceDiagram\n"));
    let lost = "    C-xS: 0.050094 28 P. 8761:10001(1240) ack 1 (dropped: loss)\n";
    assert!(text.contains(lost), "{text}");
    let says = "    Note over C,S: put a.bin: only the first 8760 of 10000 bytes are in the file,<br/>and ";
    assert!(text.contains(says), "{text}");
}

#[test]
fn mermaid_draws_the_diagram_of_a_long_run() {
    // Mermaid refuses a text above 50,000 characters, also on GitHub.
    for settings in [
        &["q123208", "-s", "do.size=2MiB", "-s", "link.loss=20%", "-s", "client.close=fin"][..],
        &["many-small", "-s", "client.count=200"],
    ] {
        let output = halfclose(&[&["run"], settings, &["--ladder", "mermaid"]].concat());
        let text = out(&output);
        assert!((5_000..50_000).contains(&text.len()), "{} bytes", text.len());
        assert!(text.contains(" not drawn\n"), "the diagram says what is left out");
    }
}

#[test]
fn the_pages_of_searches_agree_with_their_json() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("page.html");
    let path = path.to_str().expect("UTF-8");
    let page = |words: &[&str]| {
        let output = halfclose(&[words, &["--json", "--report", path]].concat());
        let object: Value = serde_json::from_str(out(&output)).expect("one object");
        (fs::read_to_string(path).expect("a page"), object)
    };
    let (text, json) = page(&["matrix"]);
    let cells = json["cells"].as_array().expect("a list");
    assert_eq!(text.matches("<a class=\"cell\" ").count(), cells.len());
    for cell in cells {
        let name = cell["row"].as_str().expect("a name");
        assert!(text.contains(name), "{name} is not on the page");
    }
    for link in text.split("class=\"cell\" href=\"#").skip(1) {
        let name = link.split('"').next().expect("a name");
        assert!(text.contains(&format!("id=\"{name}\"")), "no run is named {name}");
    }
    assert!(text.len() < 5_000_000, "{} bytes", text.len());
    let (text, json) = page(&["sweep", "--seeds", "60", "-s", "link.loss=0%,9%", "--jobs", "1"]);
    let share = json["shares"]["truncated"]["share"].as_f64().expect("a share");
    assert!(text.contains(&format!("{:.2} % (", share * 100.0)), "{share}");
    assert!(text.contains("Against link.loss") && text.contains("link.loss=9%"));
    let (text, json) = page(&["explore", "q123208", "--faults", "1"]);
    let schedules = json["schedules"].as_u64().expect("a count");
    assert!(
        text.contains(&format!("all {schedules} schedules of up to 1 fault visited")),
        "{schedules}"
    );
    let fault = json["least"]["truncated"][0].as_str().expect("a fault");
    assert!(text.contains(&format!("<code>{fault}</code>")), "{fault}");
    assert!(text.contains("<svg class=\"ladder\""), "the run of the least list is drawn");
}
