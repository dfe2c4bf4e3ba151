//! The words for values of which there are a few: DESIGN.md's.

use halfclose_ftp::Judgement;
use halfclose_stack::Congestion;

use crate::scenario::Profile;

pub(super) const PROFILES: &[(&str, Profile)] = &[
    ("tcpip32-3.11", Profile::Tcpip32_311),
    ("tcpip32-3.11a", Profile::Tcpip32_311a),
    ("tcpip32-3.11a-corrected", Profile::Tcpip32_311aCorrected),
    ("tcpip32-3.11b", Profile::Tcpip32_311b),
];

pub(crate) const ON_RESET: &[(&str, Option<Judgement>)] = &[
    ("abort", Some(Judgement::ABORT)),
    ("abort-delete", Some(Judgement::ABORT_DELETE)),
    ("as-eof", Some(Judgement::AS_EOF)),
    ("perror-reply", Some(Judgement::PERROR_REPLY)),
    ("drop-control", Some(Judgement::DROP_CONTROL)),
    ("as-model", None),
];

pub(super) const CONGESTIONS: &[(&str, Congestion)] =
    &[("none", Congestion::None), ("reno", Congestion::Reno), ("cubic", Congestion::Cubic)];

pub(super) const SWITCH: &[(&str, bool)] = &[("true", true), ("false", false)];
