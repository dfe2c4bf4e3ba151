//! Sessions on turmoil-net, one after another, each on a network of its own.

#[path = "../dialogue.rs"]
mod dialogue;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use turmoil_net::fixture::ClientServer;
use turmoil_net::shim::tokio::net::{TcpListener, TcpStream};
use turmoil_net::{KernelConfig, Latency, rule};

use dialogue::{CONTROL_PORT, check, serve, sessions, upload};

fn main() {
    for _ in 0..sessions() {
        let stored = Rc::new(Cell::new(0));
        let counted = Rc::clone(&stored);
        // The default of three passes repeats segments that are still on their way.
        let config = KernelConfig::default().retx_threshold(30).retx_max(1_000);
        ClientServer::with_config(config)
            .server("server", async move {
                let listener = TcpListener::bind(("0.0.0.0", CONTROL_PORT)).await.expect("free");
                counted.set(serve(listener).await.expect("a session without loss ends well"));
            })
            .run("client", async {
                rule(Latency::fixed(Duration::from_millis(10))).forget();
                upload("server").await.expect("a session without loss ends well");
            });
        check(Ok(stored.get()));
    }
}
