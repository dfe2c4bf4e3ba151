//! `judgement` decides why a connection or a transfer ended as it did, from what a capture shows, and
//! how sure that is. The room reads connections and dialogues; it decodes nothing.

pub(crate) mod connection;
pub(crate) mod facts;
pub(crate) mod likeness;
pub(crate) mod reset_reason;
pub(crate) mod transfer;
pub(crate) mod vantage_vote;
pub(crate) mod vocabulary;
pub(crate) mod wholeness;
