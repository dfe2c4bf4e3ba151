//! `net::queue` asks the kernel for the lengths of a connection's queues. Only an application that
//! aborts at a certain moment asks. Where the kernel cannot tell, the length is 0.

use mio::net::TcpStream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;

/// Received bytes that wait to be read.
pub(super) fn unread(stream: &TcpStream) -> usize {
    rustix::io::ioctl_fionread(stream).map_or(0, |bytes| usize::try_from(bytes).unwrap_or(0))
}

/// 0 once every byte has been transmitted; else at least 1, because the kernel does not tell the
/// number.
pub(super) fn unsent(stream: &TcpStream) -> usize {
    // With this mark, a socket is writable only while all bytes are transmitted.
    if cfg!(not(target_os = "linux")) || SockRef::from(stream).set_tcp_notsent_lowat(1).is_err() {
        return 0;
    }
    let mut one = [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    usize::from(!matches!(poll(&mut one, Some(&at_once)), Ok(1)))
}

/// Bytes written and not acknowledged.
pub(super) fn unacknowledged(local: SocketAddr, peer: SocketAddr) -> usize {
    let table = if peer.is_ipv4() { "/proc/self/net/tcp" } else { "/proc/self/net/tcp6" };
    let Ok(file) = File::open(table) else { return 0 };
    let (local, peer) = (hexadecimal(local), hexadecimal(peer));
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines.filter_map(|line| send_queue(&line, &local, &peer)).next().unwrap_or(0)
}

/// Reads the send queue (as SIOCOUTQ tells) from a line of proc(5): `sl local_address rem_address
/// st tx_queue:rx_queue ...`.
fn send_queue(line: &str, local: &str, peer: &str) -> Option<usize> {
    let mut words = line.split_ascii_whitespace().skip(1);
    if words.next()? != local || words.next()? != peer {
        return None;
    }
    let queues = words.nth(1)?;
    usize::from_str_radix(queues.split(':').next()?, 16).ok()
}

/// An address as the kernel prints addresses: words in the machine's byte order.
fn hexadecimal(at: SocketAddr) -> String {
    let word = |bytes: &[u8]| {
        let bytes = bytes.try_into().expect("a word has four bytes");
        format!("{:08X}", u32::from_ne_bytes(bytes))
    };
    let ip: String = match at.ip() {
        IpAddr::V4(ip) => word(&ip.octets()),
        IpAddr::V6(ip) => ip.octets().chunks(4).map(word).collect(),
    };
    format!("{ip}:{:04X}", at.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_of_the_kernel_is_read() {
        let line = "  12: 0100007F:1F90 0200007F:C5A2 01 00001F40:00000003 01:00000014 00000000 0";
        let (local, peer) = ("127.0.0.1:8080".parse().unwrap(), "127.0.0.2:50594".parse().unwrap());
        let (local, peer) = (hexadecimal(local), hexadecimal(peer));
        assert_eq!(send_queue(line, &local, &peer), Some(8000));
        assert_eq!(send_queue(line, &peer, &local), None);
        assert_eq!(send_queue("  sl  local_address rem_address   st", &local, &peer), None);
        let six = hexadecimal("[::1]:21".parse().unwrap());
        assert_eq!(six, "00000000000000000000000001000000:0015");
    }
}
