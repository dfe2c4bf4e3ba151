//! `switch_words` says in a few words what a setting of the matrix means, for a reader who has no other
//! document.

use crate::search::matrix::Setting;

/// A setting as a key with a word, and the meaning.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("client.profile", "tcpip32-3.11", "FTP.EXE of 3.11: a RST once all is sent"),
    ("client.profile", "tcpip32-3.11a", "FTP.EXE of 3.11a: a RST once all is sent"),
    ("client.profile", "tcpip32-3.11a-corrected", "3.11a, corrected: a FIN"),
    ("client.profile", "tcpip32-3.11b", "FTP.EXE of 3.11b: a FIN"),
    ("client.close", "fin", "a FIN behind the last byte"),
    ("client.close", "half-close", "a FIN, then waits for the server's FIN"),
    ("client.close", "reset", "a RST at once: unsent bytes are lost"),
    ("client.close", "reset-when-sent", "a RST once all is sent"),
    ("client.close", "reset-when-acked", "a RST once all is acknowledged"),
    ("client.close", "fin-then-reset", "a FIN, and a RST at once"),
    ("server.on_reset", "abort", "says 426, keeps what was read"),
    ("server.on_reset", "abort-delete", "says 426, removes the file"),
    ("server.on_reset", "as-eof", "takes the RST for the end of the file, says 226"),
    ("server.on_reset", "perror-reply", "says 426 and the system's error text"),
    ("server.on_reset", "drop-control", "says nothing, resets the control connection"),
    ("server.host", "linux", "a RST leaves received bytes readable"),
    ("server.host", "smoltcp", "a RST leaves received bytes readable"),
    ("server.host", "winsock", "a RST destroys unread bytes"),
    ("server.host", "wfw311", "a RST destroys unread bytes"),
    ("server.store_rate", "none", "takes every byte at once"),
    ("server.store_rate", "200KB/s", "a slow disk"),
    ("server.store_rate", "20KB/s", "a very slow disk"),
];

/// The meaning of a setting.
///
/// # Panics
/// The matrix sets a word that has no meaning here.
pub(crate) fn meaning((key, word): Setting) -> &'static str {
    let known = MEANINGS.iter().find(|(a, b, _)| (*a, *b) == (key, word));
    known.expect("each setting of the matrix has a meaning").2
}

#[cfg(test)]
mod tests {
    use crate::scenario::Scenario;
    use crate::search::matrix::{AXES, matrix};

    #[test]
    fn each_setting_of_the_matrix_has_a_meaning() {
        let scenario = Scenario::catalogue("q123208").expect("a name of the catalogue");
        let cells = matrix(&scenario, 0..1).with_other_disks().run().expect("nothing is read");
        let settings = cells.iter().flat_map(|cell| AXES.iter().filter_map(|(_, of)| of(cell)));
        assert!(settings.map(super::meaning).all(|words| words.len() > 6));
    }
}
