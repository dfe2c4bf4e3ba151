//! `tun` owns a TUN device: the IPv4 packets of one network namespace, as reads and writes of a file.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{recv, send, socket_with};
use tappers::linux::Tun as Device;
use tappers::{AddAddressV4, DeviceState, Interface};

/// The name of the device in its namespace.
const NAME: &str = "halfclose0";

/// Packets that wait in the device for a read: a window of 64 MiB in packets of 1,500 bytes is not
/// cut by the device in place of the link.
const QUEUE: u32 = 65_536;

/// The index of the loopback device in every network namespace.
const LOOPBACK: u32 = 1;

/// A TUN device that is up. The device goes away with the last copy of the file.
#[derive(Debug)]
pub struct Tun(OwnedFd);

impl Tun {
    /// Makes a device in the network namespace of the calling thread: `address` is the namespace's
    /// own, and packets to `peer` go into the device. Loopback comes up too.
    ///
    /// # Errors
    /// `/dev/net/tun` cannot be opened, or the calling thread may not change its namespace.
    pub fn open(address: Ipv4Addr, peer: Ipv4Addr, mtu: usize) -> io::Result<Self> {
        let device = Device::create_named(Interface::new(NAME)?)?;
        device.set_mtu(mtu)?;
        set_link(LOOPBACK, None)?;
        let socket = route_socket()?;
        set_link(name_to_index(&socket, NAME)?, Some(QUEUE))?;
        // A router solicitation is no packet of the command. A kernel without IPv6 has no such file.
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{NAME}/disable_ipv6"), "1");
        let mut add = AddAddressV4::new(address);
        add.set_destination(peer);
        device.add_addr(add)?;
        device.set_state(DeviceState::Up)?;
        Self::from_file(device.as_fd().try_clone_to_owned()?)
    }

    /// Takes the file of a device that another process has opened.
    ///
    /// # Errors
    /// The file cannot be made non-blocking.
    pub fn from_file(file: OwnedFd) -> io::Result<Self> {
        fcntl_setfl(&file, fcntl_getfl(&file)? | OFlags::NONBLOCK)?;
        Ok(Self(file))
    }

    /// Reads the next packet of the namespace into `into`. Returns the length in bytes; `None` if no
    /// packet waits.
    ///
    /// # Errors
    /// The device is gone.
    pub fn receive(&self, into: &mut [u8]) -> io::Result<Option<usize>> {
        match rustix::io::read(&self.0, into) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Hands a packet to the namespace. Returns false if the kernel refuses the packet, as a packet
    /// with a flipped bit in the version of IP.
    pub fn send(&self, packet: &[u8]) -> bool {
        rustix::io::write(&self.0, packet).is_ok()
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn route_socket() -> io::Result<OwnedFd> {
    let (family, flags) = (AddressFamily::NETLINK, SocketFlags::CLOEXEC);
    // Protocol 0 is NETLINK_ROUTE.
    Ok(socket_with(family, SocketType::RAW, flags, None)?)
}

/// Brings a device up, and sets the length of its queue in packets (`RTM_NEWLINK` of rtnetlink(7)).
fn set_link(index: u32, queue: Option<u32>) -> io::Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const REQUEST_AND_ACK: u16 = 1 | 4;
    const IFF_UP: u32 = 1;
    const IFLA_TXQLEN: u16 = 13;
    let mut message = Vec::with_capacity(40);
    message.extend_from_slice(&0_u32.to_ne_bytes());
    message.extend_from_slice(&RTM_NEWLINK.to_ne_bytes());
    message.extend_from_slice(&REQUEST_AND_ACK.to_ne_bytes());
    message.extend_from_slice(&[0; 12]);
    message.extend_from_slice(&index.to_ne_bytes());
    let up = if queue.is_none() { IFF_UP } else { 0 };
    message.extend_from_slice(&up.to_ne_bytes());
    message.extend_from_slice(&up.to_ne_bytes());
    if let Some(queue) = queue {
        message.extend_from_slice(&8_u16.to_ne_bytes());
        message.extend_from_slice(&IFLA_TXQLEN.to_ne_bytes());
        message.extend_from_slice(&queue.to_ne_bytes());
    }
    let length = u32::try_from(message.len()).expect("the message has 40 bytes at most");
    message[..4].copy_from_slice(&length.to_ne_bytes());
    let socket = route_socket()?;
    send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0; 64];
    let (_, taken) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    let code = answer.get(16..20).filter(|_| taken >= 20).and_then(|bytes| bytes.try_into().ok());
    match i32::from_ne_bytes(code.unwrap_or_default()) {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(-error)),
    }
}
