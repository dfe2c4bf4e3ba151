//! Wireshark reads our captures. The tests are skipped, with a line on standard error, where tshark
//! is not installed; `HALFCLOSE_REQUIRE_TSHARK=1` makes a missing tshark a failure.

use std::path::Path;
use std::process::Command;

fn tshark(capture: &Path, filter: &str, fields: &[&str]) -> Option<String> {
    let mut command = Command::new("tshark");
    command.args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-r"]);
    command.arg(capture).args(["-Y", filter]);
    if !fields.is_empty() {
        command.args(["-T", "fields"]);
        command.args(fields.iter().flat_map(|field| ["-e", field]));
    }
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).expect("it prints UTF-8"))
        }
        Err(error) => {
            let required = std::env::var_os("HALFCLOSE_REQUIRE_TSHARK").is_some();
            assert!(!required, "tshark: {error}");
            eprintln!("SKIPPED: tshark is not installed ({error})");
            None
        }
    }
}

#[test]
fn wireshark_reads_a_capture_and_sees_ftp() {
    let folder = tempfile::tempdir().expect("a directory");
    let capture = folder.path().join("x.pcapng");
    let status = Command::new(env!("CARGO_BIN_EXE_halfclose"))
        .args(["run", "-s", "link.loss=5%", "--seed", "3", "--pcap"])
        .arg(&capture)
        .output()
        .expect("the program starts")
        .status;
    assert!(status.success());
    let wrong = "_ws.malformed || ip.checksum.status == \"Bad\" || tcp.checksum.status == \"Bad\"";
    let Some(found) = tshark(&capture, wrong, &[]) else { return };
    assert_eq!(found, "", "malformed, or a wrong checksum");
    let good = tshark(&capture, "tcp.checksum.status == \"Good\"", &["frame.number"]);
    assert!(good.expect("tshark is there").lines().count() > 30, "checksums are filled in");
    let verbs = tshark(&capture, "ftp.request", &["ftp.request.command"]).expect("as before");
    for verb in ["USER", "PASS", "TYPE", "PORT", "STOR", "QUIT"] {
        assert!(verbs.lines().any(|line| line == verb), "{verb} is not in {verbs}");
    }
    let comments = tshark(&capture, "frame.comment", &["frame.comment"]).expect("as before");
    assert!(comments.contains("dropped: loss"), "{comments}");
}
