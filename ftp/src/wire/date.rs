//! `date` owns the written forms of a time: the digits of MDTM (RFC 3659 §2.3) and the date of `ls
//! -l`. A time is a `Duration` since 1970-01-01T00:00:00Z; clocks and time zones are unknown here.

use std::fmt::{self, Display};
use std::time::Duration;

/// The number of seconds in a day.
pub(crate) const DAY: u64 = 86_400;

pub(crate) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time of the Gregorian calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Civil {
    /// The year, from 1970.
    pub year: u64,
    /// The month, 1 to 12.
    pub month: u64,
    /// The day of the month, 1 to 31.
    pub day: u64,
    /// The hour, 0 to 23.
    pub hour: u64,
    /// The minute, 0 to 59.
    pub minute: u64,
    /// The second, 0 to 59.
    pub second: u64,
}

impl Civil {
    /// The calendar time at `since` after 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn of(since: Duration) -> Self {
        let seconds = since.as_secs();
        // Days since 0000-03-01, in eras of 400 years: a year from March has the leap day at the
        // end.
        let days = seconds / DAY + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march = (5 * of_year + 2) / 153;
        let month = if march < 10 { march + 3 } else { march - 9 };
        Self {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: of_year - (153 * march + 2) / 5 + 1,
            hour: seconds / 3600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }

    /// The time since 1970-01-01T00:00:00Z; `None` if the calendar has no such time.
    #[must_use]
    pub fn since(self) -> Option<Duration> {
        let Self { year, month, day, hour, minute, second } = self;
        let sound = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !sound {
            return None;
        }
        let (year, march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (era, year_of_era) = (year / 400, year % 400);
        let of_year = (153 * march + 2) / 5 + day - 1;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        let days = era * 146_097 + of_era - 719_468;
        Some(Duration::from_secs(days * DAY + hour * 3600 + minute * 60 + second))
    }
}

fn days_of(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A time as MDTM writes it: `20020206123456`.
#[derive(Clone, Copy, Debug)]
pub struct Digits(pub Duration);

impl Display for Digits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = Civil::of(self.0);
        write!(out, "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }
}

/// Reads a time in MDTM's form, with or without a fraction of a second.
#[must_use]
pub fn parse_digits(text: &str) -> Option<Duration> {
    let (digits, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if digits.len() != 14 || !numeric(digits) || !fraction.is_none_or(numeric) {
        return None;
    }
    let at = |from: usize, to: usize| digits[from..to].parse::<u64>().ok();
    let second = at(12, 14)?;
    let civil = Civil {
        year: at(0, 4)?,
        month: at(4, 6)?,
        day: at(6, 8)?,
        hour: at(8, 10)?,
        minute: at(10, 12)?,
        // RFC 3659 §2.3: 60 is a leap second, which a `Duration` does not count.
        second: second.min(59),
    };
    let whole = civil.since().filter(|_| second <= 60)?;
    let mut nanos = String::from(fraction.unwrap_or("0"));
    nanos.truncate(9);
    let scale = 10_u32.pow(9 - u32::try_from(nanos.len()).ok()?);
    Some(whole + Duration::from_nanos(u64::from(nanos.parse::<u32>().ok()? * scale)))
}

/// A time as `ls -l` writes it: `Feb  6 12:34`, or `Feb  6  2002` if more than half a year before
/// `now`, or after `now`.
#[derive(Clone, Copy, Debug)]
pub struct Ls {
    /// The time to write.
    pub at: Duration,
    /// The present time of the server.
    pub now: Duration,
}

impl Display for Ls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, .. } = Civil::of(self.at);
        let name = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
        let recent = self.at <= self.now && self.now - self.at < Duration::from_secs(182 * DAY);
        if recent {
            write!(out, "{name} {day:2} {hour:02}:{minute:02}")
        } else {
            write!(out, "{name} {day:2}  {year:4}")
        }
    }
}
