//! `seq.rs` owns the comparison of sequence numbers, which wrap (RFC 9293 §3.4).

/// The distance from `from` to `to` on the circle of sequence numbers, negative if `to` lies behind.
pub(crate) fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

/// Whether `a` comes before `b`.
pub(crate) fn before(a: u32, b: u32) -> bool {
    distance(a, b) > 0
}

/// Whether `a` comes after `b`.
pub(crate) fn after(a: u32, b: u32) -> bool {
    before(b, a)
}

/// The later of two sequence numbers.
pub(crate) fn later(a: u32, b: u32) -> u32 {
    if before(a, b) { b } else { a }
}

/// The earlier of two sequence numbers.
pub(crate) fn earlier(a: u32, b: u32) -> u32 {
    if before(a, b) { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_survives_the_wrap() {
        assert!(before(u32::MAX, 3));
        assert!(after(3, u32::MAX));
        assert!(!before(7, 7) && !after(7, 7));
        assert_eq!(later(u32::MAX, 3), 3);
        assert_eq!(earlier(u32::MAX, 3), u32::MAX);
        assert_eq!(distance(u32::MAX, 3), 4);
        assert_eq!(distance(3, u32::MAX), -4);
    }
}
