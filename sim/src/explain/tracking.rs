//! `tracking` follows TCP connections through a capture: which there are, what each end sent, and how
//! each ended. The room knows TCP headers and times, not FTP, and judges nothing.

pub(crate) mod endpoint;
pub(crate) mod flow;
pub(crate) mod reset_seen;
pub(crate) mod table;
