//! `packet_fields` names every header field of a packet, for the text at a pointer and for the table.

use halfclose_stack::Flags;

use crate::report::page::arrows::seconds;
use crate::report::timeline::SeenPacket;

/// The flags of a segment in words, in the order of RFC 9293.
const FLAGS: [(Flags, &str); 6] = [
    (Flags::URG, "URG"),
    (Flags::ACK, "ACK"),
    (Flags::PSH, "PSH"),
    (Flags::RST, "RST"),
    (Flags::SYN, "SYN"),
    (Flags::FIN, "FIN"),
];

/// Every header field of a packet with its value, the life of the packet first.
pub(crate) fn fields(packet: &SeenPacket<'_>, channel: &str) -> Vec<(&'static str, String)> {
    let segment = &packet.segment;
    let mut fields = vec![("connection", channel.to_owned())];
    let mut add = |name, value: String| fields.push((name, value));
    add("sent", format!("{} s by the {}", seconds(packet.event.at), packet.event.from.name()));
    let arrivals: Vec<_> = packet.arrivals.iter().map(|it| seconds(it.at)).collect();
    if !arrivals.is_empty() {
        add("arrives", format!("{} s", arrivals.join(" and ")));
    }
    if !packet.fate().is_empty() {
        add("fate", packet.fate().into_owned());
    }
    if packet.again {
        add("sent before", "yes: a retransmission".to_owned());
    }
    if let Some(reason) = packet.reason {
        add("reason of the RST", reason.words().to_owned());
    }
    let flags: Vec<_> =
        FLAGS.iter().filter(|(flag, _)| segment.flags.has(*flag)).map(|(_, name)| *name).collect();
    add("TCP ports", format!("{} > {}", segment.source.port(), segment.destination.port()));
    add("flags", flags.join(" "));
    add("sequence number", format!("{} (absolute {})", packet.seq(), segment.seq));
    if let Some(ack) = packet.ack() {
        add("acknowledgment", format!("{ack} (absolute {})", segment.ack));
    }
    add("window", format!("{}, not scaled", segment.window));
    if segment.flags.has(Flags::URG) {
        add("urgent pointer", segment.urgent.to_string());
    }
    let text = packet.text();
    if let Some((_, options)) = text.split_once(" <") {
        add("options", options.trim_end_matches('>').to_owned());
    }
    add("data", format!("{} bytes", segment.payload_len));
    let header = usize::from(segment.payload_start) - segment.tcp_start();
    add("TCP header", format!("{header} bytes"));
    internet(packet.bytes, &mut add);
    add("IP addresses", format!("{} > {}", segment.source.ip(), segment.destination.ip()));
    fields
}

/// The fields of the IPv4 header.
fn internet(bytes: &[u8], add: &mut impl FnMut(&'static str, String)) {
    let Some(header) = bytes.get(..20) else { return };
    let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    add("IP length", format!("{} bytes", word(2)));
    add("IP identification", word(4).to_string());
    let fragment = if word(6) & 0x4000 == 0 { "no flag" } else { "do not fragment" };
    add("IP fragment", fragment.to_owned());
    add("TTL", header[8].to_string());
    add("DSCP and ECN", header[1].to_string());
}

/// Every header field as text, a line for each.
pub(crate) fn text(packet: &SeenPacket<'_>, channel: &str) -> String {
    let number = packet.number().map_or("forged".to_owned(), |number| format!("packet {number}"));
    let mut text = format!("{number}: {}", packet.text());
    for (name, value) in fields(packet, channel) {
        text.push_str(&format!("\n{name}: {value}"));
    }
    text
}

/// The life of a packet as text, with the segment and without the other header fields.
pub(crate) fn brief(packet: &SeenPacket<'_>, channel: &str) -> String {
    let life = ["connection", "sent", "arrives", "fate", "sent before", "reason of the RST"];
    let number = packet.number().map_or("forged".to_owned(), |number| format!("packet {number}"));
    let mut text = format!("{number}: {}", packet.text());
    for (name, value) in fields(packet, channel).iter().filter(|(name, _)| life.contains(name)) {
        text.push_str(&format!("\n{name}: {value}"));
    }
    text
}
