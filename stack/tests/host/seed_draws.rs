//! `SeedDraws` predicts the ports and the initial sequence numbers of a host without the host.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use halfclose_stack::{Config, Host, SeedDraws, Segment};

const NOW: Duration = Duration::ZERO;

/// The next segment sent by `host`: source, sequence number and bytes.
fn sent(host: &mut Host) -> (SocketAddrV4, u32, Vec<u8>) {
    let packet = host.poll_transmit(NOW).expect("a segment leaves");
    let segment = Segment::parse(&packet).expect("a host sends segments");
    (segment.source, segment.seq, packet.to_vec())
}

#[test]
fn ports_and_initial_sequence_numbers_follow_from_the_seed_alone() {
    let (mine, theirs) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
    for seed in 0..2_000_u64 {
        let [client, server] = [(mine, seed), (theirs, seed ^ 0x5555)].map(|(address, seed)| {
            (SeedDraws::new(address, seed), Config { address, seed, ..Config::default() })
        });
        let (mut client_host, mut server_host) = (Host::new(client.1), Host::new(server.1));
        let (_, port) = server_host.listen(0, 8).expect("a port is free");
        assert_eq!((port, server.0.place(port)), (server.0.port(0), Some(0)));
        let to = SocketAddrV4::new(theirs, port);
        for place in 0..3 {
            let conn = client_host.connect(NOW, None, to).expect("a port is free");
            let (from, seq, syn) = sent(&mut client_host);
            assert_eq!(
                (from.port(), client.0.place(from.port())),
                (client.0.port(place), Some(place))
            );
            assert_eq!(seq, client.0.initial_sequence_number(from.port(), to, 0), "seed {seed}");
            server_host.handle_packet(NOW, &syn);
            let (_, seq, _) = sent(&mut server_host);
            assert_eq!(seq, server.0.initial_sequence_number(port, from, 0), "seed {seed}");
            client_host.abort(NOW, conn);
        }
        // Each use of a 4-tuple has a sequence number of its own.
        for incarnation in 0..3 {
            let conn = client_host.connect(NOW, Some(5_000), to).expect("the port is free");
            let (_, seq, _) = sent(&mut client_host);
            assert_eq!(seq, client.0.initial_sequence_number(5_000, to, incarnation));
            client_host.abort(NOW, conn);
        }
    }
    assert_eq!(SeedDraws::new(mine, 1).place(49_151), None, "no ephemeral port");
}
