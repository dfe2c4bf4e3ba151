//! Sessions on turmoil, each with a seed of its own.

#[path = "../dialogue.rs"]
mod dialogue;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use turmoil::net::{TcpListener, TcpStream};

use dialogue::{CONTROL_PORT, check, serve, sessions, upload};

fn main() {
    for seed in 0..sessions() {
        let delay = Duration::from_millis(10);
        let mut sim = turmoil::Builder::new()
            .rng_seed(seed)
            .tick_duration(delay)
            .min_message_latency(delay)
            .max_message_latency(delay)
            .build();
        let stored = Rc::new(Cell::new(0));
        let counted = Rc::clone(&stored);
        sim.client("server", async move {
            let listener = TcpListener::bind(("0.0.0.0", CONTROL_PORT)).await?;
            counted.set(serve(listener).await?);
            Ok(())
        });
        sim.client("client", async { Ok(upload("server").await?) });
        sim.run().expect("a session without loss ends well");
        check(Ok(stored.get()));
    }
}
