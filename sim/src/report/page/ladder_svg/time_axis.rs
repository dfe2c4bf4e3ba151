//! `time_axis` places the events of a run on a vertical axis of time. Events of one instant are spread,
//! so that no two labels overlap, and a silence is folded; the order in time is never changed.

use std::time::Duration;

use crate::side::Side;

/// The least distance of two labels at one side, in pixels.
pub(crate) const ROW: i64 = 16;
/// The least distance of two lines of the dialogue, in pixels.
const LINE: i64 = 15;
/// The distance of two events of one instant at one side, in pixels.
const SPREAD: i64 = 12;
/// The least distance of two instants, in pixels.
const LEAST: i64 = 8;
/// The height of the median time on the link, in pixels.
pub(crate) const TRANSIT: i64 = 64;
/// A silence that would be taller than this many pixels is folded.
const FOLD_FROM: i64 = 220;
/// The height of a fold in pixels.
const FOLD: i64 = 52;

/// An event to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// The time of the event.
    pub at: Duration,
    /// The place among the events of one instant.
    pub order: (usize, u8),
    /// The side of the event.
    pub side: Side,
    /// Whether a label stands outside the lifeline of the side.
    pub labelled: bool,
    /// The distance down to a line of the dialogue beside the client's lifeline, if there is a line.
    pub speaks: Option<i64>,
}

/// An instant with at least one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    /// The time of the instant.
    pub at: Duration,
    /// The place of the first event, in pixels from the top.
    pub top: i64,
    /// The place of the last event.
    pub bottom: i64,
}

/// A stretch of time that is drawn shorter than the time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fold {
    /// The upper and the lower end in pixels.
    pub span: (i64, i64),
    /// The length of the stretch of time.
    pub time: Duration,
    /// The number of packets of the stretch that are not drawn.
    pub packets: usize,
}

/// The places of all events.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimeAxis {
    /// The place of each point, in the order of the points.
    pub places: Vec<i64>,
    /// The instants in order.
    pub instants: Vec<Instant>,
    /// The folded stretches in order.
    pub folds: Vec<Fold>,
    /// Microseconds of a median transit, which is [`TRANSIT`] tall.
    transit: i64,
}

impl TimeAxis {
    /// Places `points` from `top` on. `transit` is the time that is [`TRANSIT`] pixels tall, and `hidden`
    /// holds the times of the packets that are not drawn, in order.
    pub(crate) fn new(points: &[Point], transit: Duration, hidden: &[Duration], top: i64) -> Self {
        let transit = micros(transit).max(1);
        let mut axis = Self { places: vec![top; points.len()], transit, ..Self::default() };
        let mut sorted: Vec<usize> = (0..points.len()).collect();
        sorted.sort_by_key(|at| (points[*at].at, points[*at].order));
        let mut last = Last { label: [i64::MIN / 2; 2], speech: i64::MIN / 2 };
        let mut rest = &sorted[..];
        while let Some(first) = rest.first() {
            let at = points[*first].at;
            let many = rest.iter().take_while(|place| points[**place].at == at).count();
            let (group, after) = rest.split_at(many);
            rest = after;
            let start = axis.begin(at, hidden, top);
            let bottom = axis.place(points, group, start, &mut last);
            axis.instants.push(Instant { at, top: start, bottom });
        }
        axis
    }

    /// The upper end of the next instant; notes a fold before the instant.
    fn begin(&mut self, at: Duration, hidden: &[Duration], top: i64) -> i64 {
        let Some(before) = self.instants.last() else { return top };
        let time = at - before.at;
        let among = |limit: Duration| hidden.partition_point(|when| *when <= limit);
        let packets = among(at) - among(before.at);
        let height = micros(time).saturating_mul(TRANSIT) / self.transit;
        if height <= FOLD_FROM && packets == 0 {
            return before.bottom + height.max(LEAST);
        }
        let span = (before.bottom + LEAST, before.bottom + LEAST + FOLD);
        self.folds.push(Fold { span, time, packets });
        span.1 + LEAST
    }

    /// Places the events of one instant. Returns the place of the last.
    fn place(&mut self, points: &[Point], group: &[usize], start: i64, last: &mut Last) -> i64 {
        let (mut bottom, mut next) = (start, [start; 2]);
        for index in group {
            let point = &points[*index];
            let side = point.side as usize;
            let mut y = next[side];
            if point.labelled {
                y = y.max(last.label[side] + ROW);
                last.label[side] = y;
            }
            if let Some(down) = point.speaks {
                y = y.max(last.speech + LINE - down);
                last.speech = y + down;
                if point.labelled {
                    last.label[side] = y;
                }
            }
            next[side] = y + SPREAD;
            bottom = bottom.max(y);
            self.places[*index] = y;
        }
        bottom
    }

    /// The place of a time between or behind the instants.
    pub(crate) fn place_of(&self, at: Duration) -> i64 {
        let behind = self.instants.partition_point(|instant| instant.at <= at);
        let Some(before) = behind.checked_sub(1).map(|index| self.instants[index]) else {
            return self.instants.first().map_or(0, |first| first.top);
        };
        if before.at == at {
            return before.top;
        }
        let Some(after) = self.instants.get(behind) else { return before.bottom + TRANSIT / 2 };
        let whole = micros(after.at - before.at).max(1);
        before.bottom + (after.top - before.bottom) * micros(at - before.at) / whole
    }

    /// The place of the last event.
    pub(crate) fn bottom(&self) -> i64 {
        self.instants.last().map_or(0, |last| last.bottom)
    }
}

/// The last places of labels and of lines of the dialogue.
struct Last {
    label: [i64; 2],
    speech: i64,
}

/// Microseconds of a time.
fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(ms: u64, order: usize, side: Side) -> Point {
        let at = Duration::from_millis(ms);
        Point { at, order: (order, 0), side, labelled: true, speaks: None }
    }

    #[test]
    fn labels_keep_their_distance_and_order_is_time() {
        let mut points: Vec<_> = (0..5).map(|order| point(0, order, Side::Client)).collect();
        points.push(point(1, 5, Side::Client));
        points.push(point(1, 6, Side::Server));
        points.push(point(9_000, 7, Side::Client));
        let axis = TimeAxis::new(&points, Duration::from_millis(20), &[], 10);
        let client: Vec<_> = [0, 1, 2, 3, 4, 5, 7].map(|at| axis.places[at]).to_vec();
        assert_eq!(client[0], 10);
        assert!(client.windows(2).all(|pair| pair[1] - pair[0] >= ROW), "{client:?}");
        assert!(axis.places[6] > axis.places[4], "a later instant is lower at both sides");
        let folds = [9_000 - 1].map(Duration::from_millis);
        assert_eq!(axis.folds.iter().map(|fold| fold.time).collect::<Vec<_>>(), folds);
    }

    #[test]
    fn a_time_between_two_instants_is_between_their_places() {
        let points = [point(0, 0, Side::Client), point(20, 1, Side::Server)];
        let axis = TimeAxis::new(&points, Duration::from_millis(20), &[], 0);
        assert_eq!(axis.places, [0, TRANSIT]);
        assert_eq!(axis.place_of(Duration::from_millis(10)), TRANSIT / 2);
        assert_eq!(axis.place_of(Duration::from_millis(20)), TRANSIT);
    }

    #[test]
    fn hidden_packets_make_a_fold() {
        let points = [point(0, 0, Side::Client), point(20, 1, Side::Client)];
        let hidden = [5, 6, 7].map(Duration::from_millis);
        let axis = TimeAxis::new(&points, Duration::from_millis(20), &hidden, 0);
        assert_eq!(axis.folds.len(), 1);
        assert_eq!((axis.folds[0].packets, axis.folds[0].time), (3, Duration::from_millis(20)));
    }
}
