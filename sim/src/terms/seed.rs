//! `seed` turns a run's seed into independent streams of ChaCha8, one for each purpose, so that a
//! draw added in one place moves nothing elsewhere.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use xxhash_rust::xxh3::xxh3_64;

/// The purpose of a stream. The number of a purpose is part of the meaning of a seed: never reuse a
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Fates of packets from client to server.
    FatesUp = 1,
    /// Fates of packets from server to client.
    FatesDown = 2,
    /// Initial sequence numbers and ephemeral ports of the client's host.
    ClientHost = 3,
    /// The same for the server's host.
    ServerHost = 4,
    /// Content of generated files (seed 0: a file is the same in every run), and of files from
    /// before the run (seed 1).
    Content = 5,
    /// The choice of a server's model between two reactions.
    ServerModel = 8,
    /// The value of a key with a range of values.
    OpenKey = 9,
    /// The choices of a guided exploration.
    Guide = 10,
}

/// The stream of `seed` for `purpose`.
#[must_use]
pub(crate) fn stream(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(purpose as u64);
    rng
}

/// A number of `seed` for the open key of this name. Each key has a stream of its own, so that
/// opening another key changes no draw.
#[must_use]
pub(crate) fn drawn(seed: u64, key: &str) -> u64 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&xxh3_64(key.as_bytes()).to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(bytes);
    rng.set_stream(Purpose::OpenKey as u64);
    rng.next_u64()
}

/// A number of `seed` for `purpose`, for components with a seed of their own.
#[must_use]
pub fn number(seed: u64, purpose: Purpose) -> u64 {
    stream(seed, purpose).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_pinned_and_independent() {
        // Goldens: if these numbers change, every digest changes, and old seeds mean other runs.
        let drawn: Vec<u64> = [Purpose::FatesUp, Purpose::FatesDown, Purpose::ClientHost]
            .map(|purpose| number(42, purpose))
            .to_vec();
        assert_eq!(
            drawn,
            [14_330_608_400_789_313_726, 4_190_838_053_710_333_181, 8_425_774_088_358_092_366]
        );
    }
}
