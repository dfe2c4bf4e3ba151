//! Runs in which the soak test over every key found a broken law, and the law or the judge was wrong.

use crate::laws::{broken, outcome};

#[test]
fn runs_that_broke_a_law_by_mistake_break_none() {
    let runs = [
        // The old bytes of a text were compared without their line ends.
        (
            "do.1.put=a do.2.put=b do.2.before=300KB do.2.abort_after=512 do.3.get=b delay=uneven \
          client.type=ascii",
            2,
        ),
        // The download of an old file was cut by the limit of packets, and judged by the new file.
        (
            "do.1.put=d/a do.1.before=65535 do.1.abort_after=2 do.2.get=d/a link.loss=20% \
          limit.packets=50",
            3,
        ),
        // The challenge to a reset beside RCV.NXT was withheld, because a SYN had drawn a challenge.
        (
            "do.1.abort_after=300KB link.loss=10% server.policy.linger=499ms loss=in-bursts \
          link.up.duplicate=100%",
            0,
        ),
        // The reset behind the FIN of a download is told to no reader.
        (
            "do.1.size=300KB do.2.mtime=a do.3.append=b do.4.get=b client.policy.reset_told=always \
             jitter=1ms server.chatter=300KB link.down.blackout=1s..3s link.up.rate=1kbit \
             server.policy.linger=1us",
            0,
        ),
        // The reset behind the FIN of a download took no byte away.
        (
            "do.1.append=d/a do.1.abort_after=1460 do.2.get=d/a link.jitter=15min \
             server.close=fin-then-reset client.host=winsock",
            2,
        ),
        // A reset outside the window is dropped, and no challenge asks for another.
        (
            "do.1.get=d link.loss=5% link.down.corrupt=5% tcp.receive_buffer=1460 \
             server.policy.linger=150ms",
            1,
        ),
        (
            "do.1.get=d link.loss=10% client.policy.reset_validation=rfc793 \
             server.policy.linger=1s link.down.corrupt=20% tcp.receive_buffer=1460",
            1,
        ),
        // A model says no reply to an aborted download, and the next final reply is the next one's.
        (
            "do.1.get=c do.1.size=100KB do.1.abort_after=10000 do.2.get=d do.3.put=e \
             server.model=pure-ftpd-1.0.50 server.habit=last-buffer-lost",
            0,
        ),
        // A round trip longer than the longest timeout of the host.
        (
            "do.2.put=a do.3.get=d/a do.3.size=65535 do.3.die_after=0 \
             server.policy.old_segments=drop client.host=smoltcp link.up.delay=60s",
            2,
        ),
        // A forged FIN lay behind bytes that the server, which had closed, would not read.
        ("do.1.abort_after=1000 link.loss=20% fin=forged-early", 0),
    ];
    for (settings, seed) in runs {
        assert_eq!(broken(&outcome(settings, seed, None)), [""; 0], "{settings} --seed {seed}");
    }
}
