//! Rows of good and bad quantities.

use super::*;

#[test]
fn durations_read_and_print() {
    for (text, us, printed) in [
        ("20ms", 20_000, "20ms"),
        ("1.5s", 1_500_000, "1500ms"),
        ("200us", 200, "200us"),
        ("200µs", 200, "200us"),
        ("0.001ms", 1, "1us"),
        ("2min", 120_000_000, "120s"),
        ("1h", 3_600_000_000, "3600s"),
        ("0", 0, "0s"),
        ("0ms", 0, "0s"),
        (" 3 s ", 3_000_000, "3s"),
        ("1_000ms", 1_000_000, "1s"),
        ("1.50000s", 1_500_000, "1500ms"),
    ] {
        let read = parse_duration(text).expect(text);
        assert_eq!(read, Duration::from_micros(us), "{text}");
        assert_eq!(print_duration(read), printed);
        assert_eq!(parse_duration(printed), Ok(read));
    }
}

#[test]
fn sizes_read_and_print() {
    for (text, bytes, printed) in [
        ("10000", 10_000, "10000"),
        ("10kB", 10_000, "10000"),
        ("64KiB", 65_536, "64KiB"),
        ("1.5KiB", 1_536, "1536"),
        ("10MiB", 10 << 20, "10MiB"),
        ("1GB", 1_000_000_000, "1000000000"),
        ("0", 0, "0"),
        ("512B", 512, "512"),
        ("18446744073709551615", u64::MAX, "18446744073709551615"),
    ] {
        assert_eq!(parse_size(text), Ok(bytes), "{text}");
        assert_eq!(print_size(bytes), printed);
        assert_eq!(parse_size(printed), Ok(bytes));
    }
}

#[test]
fn rates_read_and_print() {
    for (text, bits, printed) in [
        ("10mbit", 10_000_000, "10mbit"),
        ("56kbit", 56_000, "56kbit"),
        ("1.5mbit", 1_500_000, "1500kbit"),
        ("200KB/s", 1_600_000, "1600kbit"),
        ("1B/s", 8, "8bit"),
        ("1KiB/s", 8_192, "8192bit"),
        ("2gbit", 2_000_000_000, "2gbit"),
    ] {
        assert_eq!(parse_rate(text), Ok(bits), "{text}");
        assert_eq!(print_rate(bits), printed);
        assert_eq!(parse_rate(printed), Ok(bits));
    }
    assert_eq!(print_byte_rate(200_000), "200KB/s");
    assert_eq!(parse_rate("200KB/s"), Ok(8 * 200_000));
}

#[test]
fn percentages_read_and_print() {
    for (text, ppm, printed) in [
        ("1%", 10_000, "1%"),
        ("0.1%", 1_000, "0.1%"),
        ("0.0001%", 1, "0.0001%"),
        ("12.34%", 123_400, "12.34%"),
        ("100%", 1_000_000, "100%"),
        ("0", 0, "0%"),
    ] {
        assert_eq!(parse_percentage(text), Ok(ppm), "{text}");
        assert_eq!(print_percentage(ppm), printed);
        assert_eq!(parse_percentage(printed), Ok(ppm));
    }
}

#[test]
fn every_ppm_round_trips() {
    for ppm in (0..=1_000_000).step_by(7) {
        assert_eq!(parse_percentage(&print_percentage(ppm)), Ok(ppm));
    }
}

#[test]
fn a_bad_quantity_says_what_would_be_right() {
    let duration = |text| parse_duration(text).map(|_| ()).map_err(|e| e.to_string());
    let size = |text| parse_size(text).map(|_| ()).map_err(|e| e.to_string());
    let rate = |text| parse_rate(text).map(|_| ()).map_err(|e| e.to_string());
    let share = |text| parse_percentage(text).map(|_| ()).map_err(|e| e.to_string());
    for (got, message) in [
        (duration("20"), "`20` has no unit: write 20ms, 1.5s or 200us"),
        (duration(""), "`` is not a number with a unit: write 20ms, 1.5s or 200us"),
        (duration("ms"), "`ms` is not a number with a unit: write 20ms, 1.5s or 200us"),
        (duration("-1s"), "`-1s` is not a number with a unit: write 20ms, 1.5s or 200us"),
        (duration("1.2.3s"), "`1.2.3s` is not a number with a unit: write 20ms, 1.5s or 200us"),
        (duration("1.s"), "`1.s` is not a number with a unit: write 20ms, 1.5s or 200us"),
        (
            duration("5m"),
            "`5m` can be read in two ways: write ms for milliseconds or min for minutes",
        ),
        (duration("5weeks"), "`5weeks` has an unknown unit `weeks`: write 20ms, 1.5s or 200us"),
        (duration("0.5us"), "`0.5us` is not a whole number of microseconds"),
        (duration("99999999999999999999h"), "`99999999999999999999h` is too large"),
        (duration("1e3s"), "`1e3s` has an unknown unit `e3s`: write 20ms, 1.5s or 200us"),
        (
            size("10k"),
            "`10k` can be read in two ways: write kB, MB or GB for powers of 1000, \
             KiB, MiB or GiB for powers of 1024",
        ),
        (size("1.5"), "`1.5` is not a whole number of bytes"),
        (size("a lot"), "`a lot` is not a number with a unit: write 10000, 10kB or 64KiB"),
        (size("18446744073709551616"), "`18446744073709551616` is too large"),
        (rate("10"), "`10` has no unit: write 10mbit, 56kbit or 200KB/s"),
        (
            rate("10mbps"),
            "`10mbps` can be read in two ways: write 10mbit for bits or 10MB/s for bytes",
        ),
        (share("1"), "`1` has no unit: write 1% or 0.1%"),
        (share("101%"), "`101%` is more than 100%"),
        (share("100.0001%"), "`100.0001%` is more than 100%"),
        (share("0.00001%"), "`0.00001%` is not a whole number of parts per million"),
        (share("9999999999999%"), "`9999999999999%` is more than 100%"),
    ] {
        assert_eq!(got, Err(message.to_owned()));
    }
}
