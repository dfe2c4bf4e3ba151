//! `route.rs` writes the one rtnetlink message that the namespace of a kernel socket needs. The program `ip`
//! would do as well, but a fork holds a copy of every socket until its exec, and a socket of another
//! thread with a copy sends no FIN on `close()`.

use std::io;
use std::net::Ipv4Addr;

use socket2::{Domain, Protocol, Socket, Type};

const AF_INET: u8 = 2;
const AF_NETLINK: i32 = 16;
const RTM_NEWROUTE: u16 = 24;
/// `NLM_F_REQUEST`, `NLM_F_ACK`, `NLM_F_REPLACE` and `NLM_F_CREATE`.
const FLAGS: u16 = 0x1 | 0x4 | 0x100 | 0x400;
/// `RT_TABLE_MAIN`, `RTPROT_BOOT`, `RT_SCOPE_LINK` and `RTN_UNICAST`.
const ROUTE: [u8; 4] = [254, 3, 253, 1];
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_METRICS: u16 = 8;
const RTAX_QUICKACK: u16 = 15;

/// The route to `peer` through the device number `device`, over which the kernel delays no ACK, not even
/// after a FIN: `ip route replace PEER dev DEVICE quickack 1`.
pub(crate) fn quick_ack(peer: Ipv4Addr, device: u32) -> io::Result<()> {
    // A struct rtmsg: the family, 32 bits of destination, no source, no TOS, and no flags.
    let mut message = vec![AF_INET, 32, 0, 0];
    message.extend(ROUTE);
    message.extend([0; 4]);
    message.extend(attribute(RTA_DST, &peer.octets()));
    message.extend(attribute(RTA_OIF, &device.to_ne_bytes()));
    message.extend(attribute(RTA_METRICS, &attribute(RTAX_QUICKACK, &1_u32.to_ne_bytes())));
    request(RTM_NEWROUTE, &message)
}

/// A struct rtattr with its value, of whole words.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(4 + value.len()).expect("a short attribute");
    [&len.to_ne_bytes(), &kind.to_ne_bytes(), value].concat()
}

/// Send a message to rtnetlink, and return the error in the answer.
fn request(kind: u16, message: &[u8]) -> io::Result<()> {
    // A struct nlmsghdr: the length, the type, the flags, the number of the message, and the port.
    let len = u32::try_from(16 + message.len()).expect("a short message");
    let mut whole = [&len.to_ne_bytes()[..], &kind.to_ne_bytes(), &FLAGS.to_ne_bytes()].concat();
    whole.extend([0; 8]);
    whole.extend(message);
    let socket = Socket::new(Domain::from(AF_NETLINK), Type::RAW, Some(Protocol::from(0)))?;
    socket.send(&whole)?;
    let mut answer = [0; 256];
    let len = io::Read::read(&mut &socket, &mut answer)?;
    // Behind the header of the answer stands the error of a struct nlmsgerr, below 0.
    let error = answer[..len].get(16..20).and_then(|error| error.try_into().ok());
    match error.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(-error)),
        None => Err(io::Error::other("rtnetlink answered with too few bytes")),
    }
}
