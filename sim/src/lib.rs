//! Replay the end of a TCP connection from a seed.
