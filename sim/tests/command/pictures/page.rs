//! The page of a run: one file, the same packets as every other output, and escaped texts.

use std::fs;
use std::path::Path;

use halfclose::internals::read_bytes;
use halfclose_stack::Segment;
use serde_json::Value;

use crate::program::{assert_refused, halfclose, out};

/// The JSON block of a page.
pub(super) fn data(page: &str) -> Value {
    let (_, rest) =
        page.split_once(r#"<script id="data" type="application/json">"#).expect("a block");
    let (block, _) = rest.split_once("</script>").expect("the block ends");
    serde_json::from_str(block).expect("one object")
}

/// Runs a command with `--report`. Returns the page and the standard output.
fn page(words: &[&str], folder: &Path) -> (String, String) {
    let path = folder.join("page.html");
    let mut words = words.to_vec();
    words.extend(["--report", path.to_str().expect("UTF-8")]);
    let output = halfclose(&words);
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    (fs::read_to_string(&path).expect("a page"), out(&output).to_owned())
}

const RUN: [&str; 6] = ["run", "q123208", "--seed", "264", "-s", "link.loss=5%"];

#[test]
fn page_capture_trace_and_json_agree_on_every_packet() {
    let folder = tempfile::tempdir().expect("a directory");
    for more in [
        &[][..],
        &["-s", "fault=hold server data ACK 2"],
        &["-s", "fault=duplicate client data DATA 2"],
    ] {
        let words: Vec<_> = RUN.iter().chain(more).copied().collect();
        let capture = folder.path().join("run.pcapng");
        let capture_to = capture.to_str().expect("UTF-8").to_owned();
        let (text, printed) =
            page(&[&words[..], &["--json", "--pcap", &capture_to]].concat(), folder.path());
        let data = data(&text);
        let json: Value = serde_json::from_str(&printed).expect("one object");
        assert_eq!(data["run"], json, "the object of --json stands in the page");
        assert_eq!(data["left_out"], 0);
        let digest = json["digest"].as_str().expect("digits");
        assert!(text.contains(&format!(r#"id="digest">{digest}<"#)), "the digest is shown");
        let packets = data["packets"].as_array().expect("a list");
        let traced = halfclose(&[&words[..], &["--trace"]].concat());
        let traced = out(&traced).lines().skip(2).take_while(|line| !line.is_empty());
        let traced: Vec<_> = traced.filter(|line| !line.contains('[')).collect();
        let bytes = fs::read(&capture).expect("a capture");
        let (_, captured) = read_bytes(&bytes).expect("our capture");
        assert_eq!((packets.len(), captured.len()), (traced.len(), traced.len()));
        for ((packet, line), captured) in packets.iter().zip(traced).zip(&captured) {
            let at = packet["at_us"].as_u64().expect("a number");
            assert_eq!(u128::from(at), captured.at.as_micros());
            let time = format!("{:>5}.{:06} ", at / 1_000_000, at % 1_000_000);
            assert!(line.starts_with(&time), "{time} is not in {line}");
            let number = format!(" {} ", packet["number"]);
            let channel = packet["channel"].as_str().expect("a name");
            let segment = packet["segment"].as_str().expect("a segment");
            let fate = packet["fate"].as_str().expect("words");
            for part in [&number, channel, segment, fate] {
                assert!(line.contains(part), "{part} is not in {line}");
            }
            let seen = Segment::parse_headers(&captured.bytes).expect("a segment");
            let length = format!("({})", seen.payload_len);
            assert!(segment.starts_with(&format!("{} ", seen.flags)) && segment.contains(&length));
            let arrived = packet["arrived_us"].as_array().expect("a list");
            let copies =
                if fate.contains("dropped") { 0 } else { 1 + usize::from(fate == "duplicated") };
            assert_eq!(arrived.len(), copies, "{line}");
            assert!(arrived.iter().all(|time| time.as_u64().is_some_and(|time| time > at)));
        }
        let counts = &json["packets"];
        let all = counts["client"].as_u64().zip(counts["server"].as_u64());
        assert_eq!(all.map(|(up, down)| up + down), Some(packets.len() as u64));
    }
}

#[test]
fn a_page_loads_nothing_and_runs_nothing_of_a_scenario() {
    let folder = tempfile::tempdir().expect("a directory");
    let about = "about=</script><script>alert(1)</script><img src=x onerror=alert(2)>";
    let (text, _) = page(&["run", "q123208", "-s", about], folder.path());
    assert!(text.contains("default-src 'none'"));
    for word in ["alert(1)</script>", "<img", "src=\"", "url(", "@import", "<link", "<iframe"] {
        assert!(!text.contains(word), "{word} is in the page");
    }
    assert!(text.contains("&lt;img src=x onerror=alert(2)&gt;"), "the text itself is shown");
    assert_eq!(text.matches("<script").count(), 2, "the data and the script of the page");
    let hrefs = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    assert!(hrefs.clone().count() > 30 && hrefs.clone().all(|href| href.starts_with('#')));
    for href in hrefs {
        assert!(text.contains(&format!(r#"id="{}""#, &href[1..])), "no element is named {href}");
    }
}

#[test]
fn a_page_says_what_decided_and_what_was_thrown_away() {
    let folder = tempfile::tempdir().expect("a directory");
    let (text, _) = page(&RUN, folder.path());
    assert!(text.contains("only the first 8760 of 10000 bytes are in the file"));
    assert!(
        text.contains("1 of 1 lost, held or changed packets decided"),
        "a run without the loss"
    );
    let settings = ["run", "-s", "server.host=winsock", "-s", "server.store_rate=200KB/s"];
    let (text, _) = page(&settings, folder.path());
    assert!(text.contains("2984 received bytes thrown away"), "10,000 less 7,016");
    // A fault by name is undone in the scenario, and the packet of the fault is not asked about again.
    let fault = ["run", "-s", "client.close=fin", "-s", "fault=drop client data FIN 1"];
    let (text, _) = page(&fault, folder.path());
    assert!(text.contains("None of the 1 lost, held or changed packets decided alone"));
    assert!(text.contains("<td>fault drop client data FIN 1</td>"));
}

#[test]
fn a_long_run_is_thinned_and_says_so() {
    let folder = tempfile::tempdir().expect("a directory");
    let words = ["run", "-s", "do.size=4MiB", "-s", "client.close=fin", "-s", "link.loss=1%"];
    let (text, _) = page(&words, folder.path());
    assert!(text.len() < 5_000_000, "{} bytes", text.len());
    let data = data(&text);
    let (run, packets) = (&data["run"]["packets"], data["packets"].as_array().expect("a list"));
    let count = |key: &str| run[key].as_u64().expect("a count");
    let left_out = data["left_out"].as_u64().expect("a count");
    assert!(left_out > 1_000, "{left_out}");
    assert_eq!(packets.len() as u64 + left_out, count("client") + count("server"));
    let lost =
        packets.iter().filter(|it| it["fate"].as_str().expect("words").starts_with("dropped"));
    assert_eq!(lost.count() as u64, count("dropped"), "every lost packet stays");
    let flags = |letter: &str| {
        let has = |it: &&Value| {
            it["segment"].as_str().expect("text").split(' ').next().expect("flags").contains(letter)
        };
        packets.iter().filter(has).count()
    };
    assert!(flags("S") >= 4 && flags("F") >= 4, "handshakes and ends stay");
    assert!(text.contains(&format!("Thinned out: {} of ", packets.len())), "the page says so");
    let arrows = text.matches("<a class=\"p ").count();
    assert!(text.contains(&format!("Thinned out: {arrows} of ")) && arrows < packets.len());
    assert!(text.contains("Not computed: the fate curve of a run of "), "the curve is left out");
    assert!(text.contains(" not drawn</text>"), "so does the ladder, where the packets would be");
}

#[test]
fn a_page_needs_the_name_of_a_page() {
    assert_refused(&halfclose(&["run", "--report", "x.pdf"]), &["--report x.pdf", ".html"]);
    let missing = ["run", "--report", "no/such/x.html"];
    assert_refused(&halfclose(&missing), &["cannot write `no/such/x.html`"]);
}

#[test]
fn a_page_stays_small_however_many_packets_are_lost() {
    let folder = tempfile::tempdir().expect("a directory");
    let words = ["run", "-s", "do.size=8MiB", "-s", "client.close=fin", "-s", "link.loss=9%"];
    let (text, _) = page(&[&words[..], &["-s", "link.rate=1gbit"]].concat(), folder.path());
    assert!(text.len() < 4_500_000, "{} bytes", text.len());
    let data = data(&text);
    let listed = data["packets"].as_array().expect("a list").len();
    let dropped = data["run"]["packets"]["dropped"].as_u64().expect("a count");
    assert!(dropped > 500, "only {dropped} packets were lost");
    let arrows: Vec<_> = text.split("<a class=\"p ").skip(1).collect();
    assert!(arrows.len() <= 1_200 && listed <= 2_500, "{} arrows, {listed} rows", arrows.len());
    for arrow in arrows {
        let (_, row) = arrow.split_once("href=\"#").expect("a link");
        let (row, _) = row.split_once('"').expect("the end of a link");
        assert!(text.contains(&format!("<tr id=\"{row}\"")), "{row} is not listed");
    }
    assert!(!text.contains("class=\"\""), "an element has an empty class");
}
