//! Printed scenarios read back, and mistakes are named with their lines.

use super::*;
use crate::scenario::{File, FileCommand};

fn parsed(text: &str) -> Scenario {
    parse(text, "x", "x.toml").expect(text)
}

fn refused(text: &str) -> String {
    parse(text, "x", "x.toml").expect_err(text).to_string()
}

#[test]
fn nothing_said_is_the_default() {
    assert_eq!(parsed(""), Scenario { name: "x".into(), ..Scenario::default() });
}

#[test]
fn what_is_printed_reads_back() {
    for settings in [
        &[][..],
        &["name=y", "about=quotes \" and \\ and é", "story=two\nlines\n\"\"\" and '''\n"],
        &["link.loss=1%", "link.down.loss=0.5%", "link.rate=10mbit", "link.up.rate=none"],
        &["link.down.delay=1us", "link.mtu=68", "link.queue=1500"],
        &["client.profile=tcpip32-3.11"],
        &["client.profile=tcpip32-3.11a-corrected", "client.mode=passive", "client.close=reset"],
        &["client.profile=tcpip32-3.11b", "client.profile=none"],
        &["client.reply_timeout=90s", "server.data_timeout=none", "server.store_rate=200KB/s"],
        &["tcp.congestion=none", "tcp.nagle=false", "tcp.ack_delay=none", "tcp.send_buffer=1MiB"],
        &["do.get=b.bin", "do.size=0", "do.abort_after=512"],
        &["do.2.noop=true", "do.3.get=b", "do.3.file=some/photo.jpg", "do.3.abort_after=1KiB"],
        &["link.gemodel=1% 10% 70% 0.1%", "link.down.jitter=3ms", "link.up.duplicate=1%"],
        &["link.netem=delay 50ms 10ms loss gemodel 1% 10% 70% 0.1% reorder 25% 50%"],
        &["link.corrupt=0.1%", "link.blackout=10s..12s,1min..1.5min", "link.nat_timeout=90s"],
        &["client.policy.reset_validation=rfc793", "server.policy.fin_wait_2=none"],
        &["server.policy.linger=2s", "server.policy.received_at_reset=flush"],
        &["client.policy.unread_at_close=fin", "client.policy.data_after_close=accept"],
        &[
            "fault=drop server data FIN 2; hold packet 7",
            "fault=delay 1ms client any DATA at 5 1; ",
        ],
        &[
            "fault=corrupt bit 7 client data.2 ACK at 0",
            "fault=inject FIN as client packet 18446744073709551615",
        ],
        &["expect.verdict=truncated,false-alarm", "limit.time=90s", "limit.packets=1000"],
    ] {
        let mut scenario = parsed("");
        scenario.vary(settings.iter().copied()).expect("sound");
        let text = print(&scenario);
        let again = parse(&text, "other", "x.toml");
        assert_eq!(again.as_ref(), Ok(&scenario), "{text}");
        assert_eq!(print(&scenario), text);
    }
    let idle = Scenario { tasks: Vec::new(), ..Scenario::default() };
    let refused = parse(&print(&idle), "", "x.toml").map_err(|error| error.problem);
    assert!(refused.is_err_and(|problem| problem.starts_with("do: moves no file")));
}

#[test]
fn only_what_differs_is_printed() {
    let mut scenario = parsed("");
    for setting in ["client.profile=tcpip32-3.11", "link.loss=2%", "link.down.loss=0%"] {
        scenario.vary([setting]).expect("sound");
    }
    let text = "halfclose = 1\nname = \"x\"\n\n[link]\nloss = \"2%\"\n\n[link.down]\nloss = \"0%\"\n\n\
                [client]\nprofile = \"tcpip32-3.11\"\n\n[[do]]\nput = \"a.bin\"\nsize = \"10000\"\n";
    assert_eq!(print(&scenario), text);
}

#[test]
fn a_profile_stands_before_the_other_keys_wherever_it_is_written() {
    let scenario = parsed("[client]\nclose = \"fin\"\nprofile = \"tcpip32-3.11\"\n");
    assert_eq!(scenario.get("client.close").as_deref(), Ok("fin"));
    assert_eq!(scenario.get("client.mode").as_deref(), Ok("active"));
    let scenario = parsed("[link.up]\nloss = \"1%\"\n[link]\nloss = \"2%\"\n");
    assert_eq!((scenario.up.loss_ppm, scenario.down.loss_ppm), (10_000, 20_000));
}

#[test]
fn numbers_and_inline_tables_are_read_too() {
    let scenario = parsed(
        "do = [{ put = \"a\", size = 5 }, { noop = true }]\nlink = { mtu = 1_280 }\n\
         tcp.nagle = false\nexpect.verdict = \"stuck\"\n",
    );
    assert_eq!(scenario.mtu, 1280);
    assert!(!scenario.tcp.nagle);
    let file = File { content: crate::scenario::Content::Generated(5), ..File::new("a") };
    assert_eq!(scenario.tasks, [Task::Put(file), Task::Do(FileCommand::default())]);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, message) in [
        ("a b", "x.toml:1: is not TOML: key with no value, expected `=`"),
        (
            "about = \"x\"\n\n[link]\ndealy = \"1ms\"",
            "x.toml:4: link.dealy: unknown key; did you mean `link.delay`?",
        ),
        ("colour = 1", "x.toml:1: colour: unknown key; `halfclose show q123208` names them all"),
        (
            "[[fault]]\nnth = 1",
            "x.toml:2: fault: has no action: it is one of drop, duplicate, delay, early, hold, corrupt, inject",
        ),
        (
            "[link]\ndelay = 20\n",
            "x.toml:2: link.delay: `20` has no unit: write 20ms, 1.5s or 200us",
        ),
        ("[link]\nloss = \"101%\"", "x.toml:2: link.loss: `101%` is more than 100%"),
        (
            "[link]\nloss = 0.01",
            "x.toml:2: link.loss: a number with a fraction needs a unit: write it as a string",
        ),
        (
            "[link]\nmtu = 20",
            "x.toml:2: link.mtu: `20` does not even hold the 40 bytes of IPv4 and TCP headers: \
             it must be 68 (RFC 791) to 65535",
        ),
        (
            "[server]\non_reset = \"as-oef\"",
            "x.toml:2: server.on_reset: `as-oef` is none of abort, abort-delete, as-eof, \
             perror-reply, drop-control, as-model; did you mean `as-eof`?",
        ),
        (
            "halfclose = 2\nnew = 1",
            concat!(
                "x.toml:1: has scenario format 2; halfclose ",
                env!("CARGO_PKG_VERSION"),
                " reads up to 1"
            ),
        ),
        ("halfclose = 0", "x.toml:1: halfclose: the format is a number from 1 to 1"),
        ("do = 1", "x.toml:1: do: write each task as [[do]] with put or get below it"),
        (
            "[[do]]\nsize = \"1\"",
            "x.toml:2: do.1.size: there is no task 1: begin it with do.1.put or do.1.get",
        ),
        ("[[do]]\nput = \"a\"\nget = \"b\"", "x.toml:3: do: a task has put or get, not both"),
        (
            "[[do]]\nput = \"a\"\nsize = \"1\"\nfile = \"b\"",
            "x.toml:4: do: a task has size or file, not both",
        ),
        (
            "[[do]]\nnoop = true\nsize = \"1\"",
            "x.toml:3: do.1.size: only a put, get or append moves a file",
        ),
        ("[fault]\npacket = 1", "x.toml:1: fault: write each fault as [[fault]]"),
        ("[[faults]]\npacket = 1", "x.toml:1: faults: unknown key; did you mean `fault`?"),
        (
            "[[fault]]\nfrom = \"client\"\nsegmnt = \"FIN\"",
            "x.toml:3: fault.segmnt: unknown key; did you mean `segment`?",
        ),
        (
            "[[fault]]\npacket = 1\naction = \"drop\"\n\n[[fault]]\nfrom = \"client\"\nnth = 0",
            "x.toml:7: fault.nth: `0` is out of range: it must be 1 to 4294967295, or `every`",
        ),
        (
            "[[fault]]\npacket = 1\naction = \"drop\"\n[[fault]]\npacket = 1\naction = \"hold\"",
            "x.toml:5: fault: `drop packet 1` and `hold packet 1` contradict each other: one packet, \
             two fates",
        ),
        (
            "fault = \"drop server data FIN 0\"",
            "x.toml:1: fault: `0` is out of range: it must be 1 to 4294967295, or `every`",
        ),
        (
            "[link.up]\ngemodel = \"1% 2% 3% 4% 5%\"",
            "x.toml:2: link.up.gemodel: `1% 2% 3% 4% 5%` is not one to four percentages: write p r \
             1-h 1-k, as in 1% 10% 70% 0.1%",
        ),
        (
            "about = \"x\"\n[link]\ndelay = \"0s\"\nreorder = \"25%\"",
            "x.toml:4: link.up.reorder: without a delay there is nothing to be ahead of: set \
             link.delay",
        ),
        (
            "[tcp]\nsend_buffer = \"1000\"",
            "x.toml:2: tcp.send_buffer: 1000 bytes do not hold one segment: link.mtu 1500 less 40 \
             bytes of headers is 1460",
        ),
    ] {
        assert_eq!(refused(text), message);
    }
}

#[test]
fn an_arm_is_settings_and_an_expectation() {
    let text = "[expect]\nverdict = [\"intact\"]\nwithin = \"12s\"\n[[arm]]\nname = \"fix\"\n\
                about = \"no loss\"\nset = [\"link.loss=0%\", \"fault=none\"]\n\
                [arm.expect]\nreply = [\"226 T\", \"none\"]\nbroken_laws = [\"nothing-leaks\"]\n";
    let scenario = parsed(text);
    assert_eq!(parsed(&print(&scenario)), scenario, "{}", print(&scenario));
    let mut fix = scenario.clone();
    fix.take_arm("fix").expect("it is there");
    assert_eq!((&*fix.about, fix.arms.len()), ("no loss", 0));
    assert_eq!(fix.expect.reply, ["226 T", ""]);
    assert_eq!((fix.expect.verdict.len(), fix.expect.within), (0, None));
    for (text, message) in [
        ("[[arm]]\nabout = \"x\"", "x.toml:2: arm: has no name"),
        ("arm = 1", "x.toml:1: arm: write each arm as [[arm]]"),
        (
            "[[arm]]\nname = \"a\"\nset = [\"link.los=1%\"]",
            "x.toml:2: arm: `a`: link.los: unknown key; did you mean `link.loss`?",
        ),
        (
            "[[arm]]\nname = \"a\"\n[[arm]]\nname = \"a\"",
            "x.toml:4: arm: there are two of the name `a`",
        ),
        (
            "[[arm]]\nname = \"a\"\n[arm.expect]\nfile = \"hole\"",
            "x.toml:4: arm.expect.file: `hole` is none of whole, short, absent, unchanged, other; \
             did you mean `whole`?",
        ),
        ("[[arm]]\nnmae = \"a\"", "x.toml:2: arm.nmae: an arm has name, about, set and expect"),
    ] {
        assert_eq!(refused(text), message);
    }
}

#[test]
fn a_fault_is_a_line_or_a_table() {
    let table = parsed(
        "[[fault]]\nfrom = \"server\"\nchannel = \"data\"\nsegment = \"FIN\"\nnth = 2\ndelay = \"1s\"",
    );
    let line = parsed("fault = [\"delay 1s server data FIN 2\"]");
    let inline = parsed(
        "fault = [{ from = \"server\", channel = \"data\", segment = \"FIN\", nth = 2, delay = \"1s\" }]",
    );
    assert_eq!(table, line);
    assert_eq!(table, inline);
    assert_eq!(table.faults.len(), 1);
}
