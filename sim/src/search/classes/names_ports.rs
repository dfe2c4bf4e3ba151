//! `names_ports` says whether a text of an outcome may name an ephemeral port: another seed's text
//! would name another one.

use halfclose_stack::SeedDraws;

use crate::outcome::Outcome;

/// Ephemeral ports that a run opens at most, as far as this is about them.
const PORTS: u16 = 1_024;

/// Whether a text of `outcome` has a number in it that is an ephemeral port of one of the hosts, as
/// five digits (`49321`) or as two bytes (`192,169`).
pub(super) fn names_ports(outcome: &Outcome, hosts: &[SeedDraws; 2]) -> bool {
    let transfers = outcome.transfers.iter();
    let texts =
        transfers.flat_map(|it| [&it.task, &it.reply, &it.client].into_iter().chain(&it.dialogue));
    let laws = outcome.broken_laws.iter().map(|law| &law.seen);
    let mut all = texts.chain(laws).chain(&outcome.unmatched_faults);
    all.any(|text| names_port(text, hosts))
}

fn names_port(text: &str, hosts: &[SeedDraws; 2]) -> bool {
    let is_port =
        |port: u16| hosts.iter().filter_map(|host| host.place(port)).any(|place| place < PORTS);
    let mut before = None;
    let mut rest = text.as_bytes();
    while let Some(start) = rest.iter().position(u8::is_ascii_digit) {
        let digits = rest[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&rest[start..start + digits]).unwrap_or_default();
        let number: Option<u16> = number.parse().ok();
        let pair = before.filter(|_| rest[..start] == *b",").zip(number);
        let pair = pair.filter(|(high, low)| *high < 256 && *low < 256);
        if number.into_iter().chain(pair.map(|(high, low)| high << 8 | low)).any(is_port) {
            return true;
        }
        before = number;
        rest = &rest[start + digits..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::classes::seed_answers::hosts;

    #[test]
    fn a_port_is_seen_in_either_form() {
        let hosts = hosts(7);
        let [client, server] = [hosts[0].port(1), hosts[1].port(0)];
        let two = |port: u16| format!("{},{}", port >> 8, port & 0xff);
        for (text, named) in [
            (String::new(), false),
            ("226 Transfer complete (4096 bytes, 10.0.0.1).".to_owned(), false),
            (format!("a RST, ports {client} to 21"), true),
            (format!("ports 21 to {server}"), true),
            (format!("227 Entering Passive Mode (10,0,0,2,{}).", two(server)), true),
            (format!("229 Entering Extended Passive Mode (|||{server}|)"), true),
            (format!("{} of them", u32::from(server) + 65_536), false),
        ] {
            assert_eq!(names_port(&text, &hosts), named, "{text}");
        }
    }
}
