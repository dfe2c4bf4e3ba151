//! The example runs: a client and a server over a transport outside the crate.

#[path = "../examples/own_transport.rs"]
mod own_transport;

#[test]
fn the_example_uploads_and_lists() {
    own_transport::main().expect("the loopback network works");
}
