//! `address` owns the written forms of a data connection's address: h1,h2,h3,h4,p1,p2 of PORT and
//! 227 (RFC 959 §4.1.2), and the delimited forms of EPRT and 229 (RFC 2428). Whether an address is
//! acceptable is the caller's decision.

use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// An argument of EPRT or EPSV that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// The argument has the wrong form: 501.
    Malformed,
    /// The network protocol is neither IPv4 nor IPv6: 522 (RFC 2428 §2).
    UnknownProtocol,
}

/// The argument of PORT, or the address in 227. An IPv6 address has no such form: use
/// [`EprtArgument`].
#[derive(Clone, Copy, Debug)]
pub struct HostPort(pub Ipv4Addr, pub u16);

impl Display for HostPort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0.octets();
        let [high, low] = self.1.to_be_bytes();
        write!(out, "{a},{b},{c},{d},{high},{low}")
    }
}

/// The argument of EPRT.
#[derive(Clone, Copy, Debug)]
pub struct EprtArgument(pub SocketAddr);

impl Display for EprtArgument {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.0.is_ipv4() { 1 } else { 2 };
        write!(out, "|{protocol}|{}|{}|", self.0.ip(), self.0.port())
    }
}

/// Reads the argument of PORT: exactly six numbers below 256.
#[must_use]
pub fn parse_port(argument: &str) -> Option<SocketAddr> {
    let (address, rest) = six(argument, false)?;
    rest.is_empty().then_some(address)
}

/// Finds the address in the text of 227. RFC 1123 §4.1.2.6: scan for the digits, because
/// parentheses and the text before the digits vary between servers.
#[must_use]
pub fn scan_227(text: &str) -> Option<SocketAddr> {
    let starts = text.char_indices().filter(|&(at, c)| {
        c.is_ascii_digit() && !text[..at].ends_with(|before: char| before.is_ascii_digit())
    });
    starts.into_iter().find_map(|(at, _)| six(&text[at..], true)).map(|(address, _)| address)
}

/// Reads six numbers from the start of `text`. Returns the address and the rest of the text.
fn six(text: &str, spaces: bool) -> Option<(SocketAddr, &str)> {
    let mut numbers = [0; 6];
    let mut rest = text;
    for (at, number) in numbers.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(',')?;
            // Some servers put spaces behind the commas of 227.
            rest = if spaces { rest.trim_start_matches(' ') } else { rest };
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        *number = rest[..digits].parse::<u8>().ok()?;
        rest = &rest[digits..];
    }
    let [a, b, c, d, high, low] = numbers;
    let port = u16::from_be_bytes([high, low]);
    Some((SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port), rest))
}

/// Reads the argument of EPRT: `|1|132.235.1.2|6275|`, with any printable delimiter.
///
/// # Errors
/// The argument is malformed, or the protocol is neither IPv4 (1) nor IPv6 (2).
pub fn parse_eprt(argument: &str) -> Result<SocketAddr, AddressError> {
    let (protocol, address, port) = fields(argument).ok_or(AddressError::Malformed)?;
    let family = parse_epsv(protocol)?;
    let address: IpAddr = address.parse().map_err(|_| AddressError::Malformed)?;
    if address.is_ipv4() != (family == Family::V4) {
        return Err(AddressError::Malformed);
    }
    Ok(SocketAddr::new(address, number(port).ok_or(AddressError::Malformed)?))
}

/// A network protocol, by RFC 2428's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4, protocol number 1.
    V4,
    /// IPv6, protocol number 2.
    V6,
}

/// Reads the argument of EPSV, a protocol number.
///
/// # Errors
/// The argument is no number, or the number of an unknown protocol.
pub fn parse_epsv(argument: &str) -> Result<Family, AddressError> {
    match number(argument).ok_or(AddressError::Malformed)? {
        1 => Ok(Family::V4),
        2 => Ok(Family::V6),
        _ => Err(AddressError::UnknownProtocol),
    }
}

/// Finds the port in the text of 229: `(|||6446|)`.
#[must_use]
pub fn scan_229(text: &str) -> Option<u16> {
    let open = text.find('(')?;
    let (protocol, address, port) = fields(text[open + 1..].split(')').next()?)?;
    (protocol.is_empty() && address.is_empty()).then(|| number(port))?
}

/// Splits three fields between four equal delimiters.
fn fields(text: &str) -> Option<(&str, &str, &str)> {
    let delimiter = text.chars().next().filter(|c| ('!'..='~').contains(c))?;
    let (first, rest) = text[1..].split_once(delimiter)?;
    let (second, rest) = rest.split_once(delimiter)?;
    let (third, rest) = rest.split_once(delimiter)?;
    rest.is_empty().then_some((first, second, third))
}

/// Reads a decimal number without a sign.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
