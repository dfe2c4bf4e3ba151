//! Many connections through one bridge, and many bridges beside a limit of the kernel.

use std::path::Path;

use serde_json::Value;

use super::{bridge, has_tun, run};
use crate::foreign::programs::{is_there, said};

/// The programs at the ends, which the measurement beside veth has too.
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/bridge-beside-veth");

fn result(path: &Path) -> Value {
    let text = std::fs::read(path).expect("the result of an end");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn a_thousand_connections_are_open_at_once_and_end_in_order() {
    if !has_tun() || !is_there("python3") {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let of = |end: &str| folder.path().join(end);
    let command = |role: &str| {
        let path = of(role);
        format!("exec python3 {PROGRAMS} --role {role} {{server}} {{port}} 1000 {}", path.display())
    };
    let (client, server) = (command("crowd"), command("echo"));
    let words = ["-slink.rate=none", "-slink.delay=0ms", "--client", &client, "--server", &server];
    let seen = run(&[], &words);
    assert_eq!(seen["client"]["status"], 0, "{}", seen["client"]);
    let (client, server) = (result(&of("crowd")), result(&of("echo")));
    assert_eq!((&server["most"], &server["orderly"]), (&1000.into(), &1000.into()), "{server}");
    assert_eq!((&client["whole"], &client["ends"]), (&1000.into(), &1000.into()), "{client}");
}

/// Words in front of a bridge whose user may have so many network namespaces at a time.
fn limited(most: u32) -> Vec<String> {
    let limit = format!("echo {most} > /proc/sys/user/max_net_namespaces && exec \"$@\"");
    ["unshare", "--user", "--map-root-user", "sh", "-c", &limit, "sh"].map(str::to_owned).into()
}

/// 30 runs make 30 namespaces, four at a time; the kernel lets 15 exist.
#[test]
fn the_kernel_counts_no_namespace_of_an_ended_run() {
    if !has_tun() {
        return;
    }
    let with = |most, words: &[&str]| {
        let prefix = limited(most);
        let prefix: Vec<_> = prefix.iter().map(String::as_str).collect();
        bridge(&prefix, &[&["--client", "true", "--limit", "60s"], words].concat())
    };
    let one = with(15, &[]);
    if one.status.code() == Some(2) || String::from_utf8_lossy(&one.stderr).contains("unshare:") {
        let required = std::env::var_os("HALFCLOSE_REQUIRE_USERNS").is_some();
        assert!(!required, "{}", said(&one));
        eprintln!("SKIPPED: no user namespace with a limit: {}", said(&one));
        return;
    }
    // The limit counts: no run has fewer than one namespace.
    let none = with(0, &[]);
    assert_eq!(none.status.code(), Some(2), "{}", said(&none));
    let client = "exec bash -c 'exec 3<>/dev/tcp/{server}/{port}'";
    let prefix = limited(15);
    let prefix: Vec<_> = prefix.iter().map(String::as_str).collect();
    let seen = run(&prefix, &["--client", client, "--seeds", "30", "--jobs", "4"]);
    assert_eq!(
        (&seen["runs"], &seen["statuses"]["client: exit status 0"]),
        (&30.into(), &30.into()),
        "{seen}"
    );
}
