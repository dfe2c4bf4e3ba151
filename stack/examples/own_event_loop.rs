//! A network for your own simulator: two hosts in one event loop, joined by a link of your own. The link
//! here is slow in one direction and loses the first FIN. Run the example with
//! `cargo run -p halfclose-stack --example own_event_loop`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::ControlFlow;
use std::time::Duration;

use halfclose_stack::{Config, ConnId, Ending, Flags, Host, ListenerId, NoteKind, Packet, Ready};
use halfclose_stack::{Segment, State};

/// The client is host 0, the server is host 1.
const CLIENT: usize = 0;
const SERVER: usize = 1;
/// One-way delays of the link: to the server, to the client.
const DELAY: [Duration; 2] = [Duration::from_millis(80), Duration::from_millis(15)];
/// Bytes that the client uploads.
const UPLOAD: usize = 200_000;

/// An event of the simulator. Your simulator has more kinds.
enum Event {
    /// A packet arrives at a host.
    Arrival(usize, Packet),
    /// The user of the client starts to work.
    Start,
}

/// The simulator: a clock, a queue of events, and two hosts.
struct Simulator {
    now: Duration,
    /// Events by time; the number keeps events of one time in order.
    queue: BTreeMap<(Duration, u64), Event>,
    next_event: u64,
    hosts: [Host; 2],
    listener: ListenerId,
    unsent: usize,
    received: usize,
    fin_was_lost: bool,
    endings: [Option<Ending>; 2],
}

impl Simulator {
    fn new() -> Self {
        let mut hosts = [1, 2].map(|last| {
            let address = Ipv4Addr::new(192, 0, 2, last);
            Host::new(Config { address, seed: 7, ..Config::default() })
        });
        let (listener, _) = hosts[SERVER].listen(80, 4).expect("the port is free");
        let mut simulator = Self {
            now: Duration::ZERO,
            queue: BTreeMap::new(),
            next_event: 0,
            hosts,
            listener,
            unsent: UPLOAD,
            received: 0,
            fin_was_lost: false,
            endings: [None; 2],
        };
        simulator.schedule(Duration::from_secs(1), Event::Start);
        simulator
    }

    fn schedule(&mut self, at: Duration, event: Event) {
        self.queue.insert((at, self.next_event), event);
        self.next_event += 1;
    }

    /// The event loop: the earliest of your events and of the timers of both hosts, until none is left.
    fn run(&mut self) {
        loop {
            let event = self.queue.keys().next().map(|&(at, _)| at);
            let timer = self.hosts.iter_mut().filter_map(Host::next_wakeup).min();
            let Some(next) = event.into_iter().chain(timer).min() else { return };
            self.now = self.now.max(next);
            if event == Some(next) {
                let (_, event) = self.queue.pop_first().expect("an event is due");
                self.handle(event);
            } else {
                self.hosts.iter_mut().for_each(|host| host.handle_timeout(next));
            }
            self.let_users_work();
            self.transmit();
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrival(at, packet) => {
                self.hosts[at].handle_packet(self.now, &packet);
                // The buffer goes back to the host that sent the packet.
                self.hosts[1 - at].recycle(packet);
            }
            Event::Start => {
                let to = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 2), 80);
                self.hosts[CLIENT].connect(self.now, None, to).expect("a port is free");
            }
        }
    }

    /// The applications: the client uploads and closes, the server reads to the end and closes.
    fn let_users_work(&mut self) {
        for side in [CLIENT, SERVER] {
            while let Some(ready) = self.hosts[side].poll_ready() {
                match ready {
                    Ready::Accept(_) => drop(self.hosts[SERVER].accept(self.listener)),
                    Ready::Conn(conn) if side == CLIENT => self.upload(conn),
                    Ready::Conn(conn) => self.read(conn),
                }
            }
            while let Some(note) = self.hosts[side].poll_note() {
                match note.kind {
                    NoteKind::Ended(ending) => self.endings[side] = Some(ending),
                    kind => println!("{:?} {} {kind}", note.at, note.local),
                }
            }
        }
    }

    fn upload(&mut self, conn: ConnId) {
        let host = &mut self.hosts[CLIENT];
        let unsent = &mut self.unsent;
        let _ = host.send(self.now, conn, &mut |room| {
            let len = room.len().min(*unsent);
            room[..len].fill(b'x');
            *unsent -= len;
            len
        });
        if *unsent == 0 && host.status(conn).state == State::Established {
            host.close(self.now, conn);
        }
    }

    fn read(&mut self, conn: ConnId) {
        let host = &mut self.hosts[SERVER];
        let received = &mut self.received;
        loop {
            let count = &mut |bytes: &[u8]| *received += bytes.len();
            match host.receive(self.now, conn, usize::MAX, count) {
                ControlFlow::Continue(0) => return,
                ControlFlow::Continue(_) => {}
                ControlFlow::Break(_) => return host.close(self.now, conn),
            }
        }
    }

    /// The link: each packet arrives after the delay of its direction, except the first FIN.
    fn transmit(&mut self) {
        for from in [CLIENT, SERVER] {
            while let Some(packet) = self.hosts[from].poll_transmit(self.now) {
                let segment = Segment::parse(&packet).expect("a host sends segments");
                if segment.flags.has(Flags::FIN) && !self.fin_was_lost {
                    self.fin_was_lost = true;
                    println!("{:?} lost: {segment:?}", self.now);
                    self.hosts[from].recycle(packet);
                    continue;
                }
                self.schedule(self.now + DELAY[from], Event::Arrival(1 - from, packet));
            }
        }
    }
}

fn main() {
    let mut simulator = Simulator::new();
    simulator.run();
    println!("{:?}: {} bytes received", simulator.now, simulator.received);
    println!("client {:?}, server {:?}", simulator.endings[CLIENT], simulator.endings[SERVER]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upload_survives_the_lost_fin_and_repeats_exactly() {
        let mut simulator = Simulator::new();
        simulator.run();
        assert!(simulator.fin_was_lost);
        assert_eq!(simulator.received, UPLOAD);
        assert_eq!(simulator.endings, [Some(Ending::Finished); 2]);
        assert!(simulator.hosts.iter().all(|host| host.audit().connections == 0));

        let mut again = Simulator::new();
        again.run();
        assert_eq!(again.now, simulator.now);
    }
}
