//! `vocabulary` says how a connection went in the words of other tools: Zeek's `conn_state`,
//! Cloudflare's stage, Wireshark's `tcp.completeness`.

use crate::explain::tracking::flow::Flow;

/// Zeek's `conn_state` of a connection.
pub(crate) fn conn_state(flow: &Flow) -> &'static str {
    let [client, server] = &flow.ends;
    let syn = client.syn.is_some();
    let answered = flow.syn_ack_at.is_some();
    let fins = [client.fin.is_some(), server.fin.is_some()];
    let first = flow.resets.first().map(|reset| reset.from);
    if !syn {
        return match (answered, first) {
            (true, Some(1)) => "RSTRH",
            (true, _) if fins[1] && client.packets == 0 => "SHR",
            _ => "OTH",
        };
    }
    if !flow.is_established() {
        return match first {
            Some(1) if !answered => "REJ",
            Some(0) if !answered => "RSTOS0",
            Some(1) => "RSTRH",
            Some(_) => "RSTO",
            None if fins[0] && !answered => "SH",
            None if answered => "S1",
            None => "S0",
        };
    }
    match (first, fins) {
        (_, [true, true]) => "SF",
        (Some(0), _) => "RSTO",
        (Some(_), _) => "RSTR",
        (None, [true, false]) => "S2",
        (None, [false, true]) => "S3",
        (None, [false, false]) => "S1",
    }
}

/// Cloudflare's stage at which a reset or a timeout ended the connection
/// (blog.cloudflare.com/tcp-resets-timeouts, 2024-09-05); `none` for a connection that ended by FIN.
pub(crate) fn stage(flow: &Flow) -> &'static str {
    let finished = flow.ends.iter().all(|end| end.fin.is_some_and(|fin| fin.acked.is_some()));
    if finished && flow.resets.is_empty() {
        return "none";
    }
    let packets_of_data = flow.ends.iter().filter(|end| end.bytes() > 0).count();
    match () {
        () if !flow.is_established() => "post-syn",
        () if packets_of_data == 0 => "post-ack",
        () if flow.packets <= 10 => "post-psh",
        () => "later",
    }
}

/// Wireshark's `tcp.completeness`: SYN 1, SYN-ACK 2, ACK 4, data 8, FIN 16, RST 32.
pub(crate) fn completeness(flow: &Flow) -> u8 {
    let [client, server] = &flow.ends;
    let data = client.bytes() > 0 || server.bytes() > 0;
    let acks = flow.opened_at.is_some()
        || client.packets > u64::from(client.syn_repeats) + u64::from(client.syn.is_some())
        || server.packets > u64::from(server.syn_repeats) + u64::from(server.syn.is_some());
    u8::from(client.syn.is_some())
        | u8::from(flow.syn_ack_at.is_some()) << 1
        | u8::from(acks) << 2
        | u8::from(data) << 3
        | u8::from(client.fin.is_some() || server.fin.is_some()) << 4
        | u8::from(flow.reset_count > 0) << 5
}
