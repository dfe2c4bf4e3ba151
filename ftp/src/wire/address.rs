//! `address` is how FTP writes down where a data connection goes: h1,h2,h3,h4,p1,p2 of PORT and 227
//! (RFC 959 §4.1.2), and the delimited forms of EPRT and 229 (RFC 2428). It judges no address.

use crate::wire::text::Text;
use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Why an argument of EPRT or EPSV is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// It is not written as it must be: 501.
    Malformed,
    /// A network protocol that we do not know: 522 (RFC 2428 §2).
    UnknownProtocol,
}

/// Writes the argument of PORT, or of 227. An IPv6 address has no such form: write EPRT.
#[derive(Clone, Copy, Debug)]
pub struct HostPort(pub Ipv4Addr, pub u16);

impl Text for HostPort {
    fn append_to(&self, out: &mut Vec<u8>) {
        format_args!("{self}").append_to(out);
    }
}

impl Display for HostPort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0.octets();
        let [high, low] = self.1.to_be_bytes();
        write!(out, "{a},{b},{c},{d},{high},{low}")
    }
}

/// Writes the argument of EPRT.
#[derive(Clone, Copy, Debug)]
pub struct EprtArgument(pub SocketAddr);

impl Text for EprtArgument {
    fn append_to(&self, out: &mut Vec<u8>) {
        format_args!("{self}").append_to(out);
    }
}

impl Display for EprtArgument {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.0.is_ipv4() { 1 } else { 2 };
        write!(out, "|{protocol}|{}|{}|", self.0.ip(), self.0.port())
    }
}

/// Reads the argument of PORT: six numbers below 256, nothing else.
#[must_use]
pub fn parse_port(argument: &str) -> Option<SocketAddr> {
    let (address, rest) = six(argument)?;
    rest.is_empty().then_some(address)
}

/// Finds the address in the text of 227. RFC 1123 §4.1.2.6: scan for the digits; whether there are
/// parentheses, and what stands before them, is not to be relied on.
#[must_use]
pub fn scan_227(text: &str) -> Option<SocketAddr> {
    let starts = text.char_indices().filter(|&(at, c)| {
        c.is_ascii_digit() && !text[..at].ends_with(|before: char| before.is_ascii_digit())
    });
    starts.into_iter().find_map(|(at, _)| six(&text[at..])).map(|(address, _)| address)
}

/// Reads six numbers from the beginning of `text`; gives what follows too.
fn six(text: &str) -> Option<(SocketAddr, &str)> {
    let mut numbers = [0; 6];
    let mut rest = text;
    for (at, number) in numbers.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(',')?;
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
/// It is malformed, or names another protocol than IPv4 (1) and IPv6 (2).
pub fn parse_eprt(argument: &str) -> Result<SocketAddr, AddressError> {
    let (protocol, address, port) = fields(argument).ok_or(AddressError::Malformed)?;
    let family = parse_epsv(protocol)?;
    let address: IpAddr = address.parse().map_err(|_| AddressError::Malformed)?;
    if address.is_ipv4() != (family == Family::V4) {
        return Err(AddressError::Malformed);
    }
    Ok(SocketAddr::new(address, number(port).ok_or(AddressError::Malformed)?))
}

/// A network protocol by RFC 2428's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// 1.
    V4,
    /// 2.
    V6,
}

/// Reads the argument of EPSV, if it is a protocol.
///
/// # Errors
/// It is not a number, or none of the two.
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

/// Three fields between four equal delimiters.
fn fields(text: &str) -> Option<(&str, &str, &str)> {
    let delimiter = text.chars().next().filter(|c| ('!'..='~').contains(c))?;
    let (first, rest) = text[1..].split_once(delimiter)?;
    let (second, rest) = rest.split_once(delimiter)?;
    let (third, rest) = rest.split_once(delimiter)?;
    rest.is_empty().then_some((first, second, third))
}

/// A decimal number without a sign.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
