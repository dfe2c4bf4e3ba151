//! Sessions on madsim, each with a seed of its own. Build with `RUSTFLAGS="--cfg madsim"`.

#[path = "../dialogue.rs"]
mod dialogue;

use std::time::Duration;

use madsim::Config;
use madsim::net::{TcpListener, TcpStream};
use madsim::runtime::Runtime;

use dialogue::{CONTROL_PORT, check, serve, sessions, upload};

fn main() {
    for seed in 0..sessions() {
        let mut config = Config::default();
        let delay = Duration::from_millis(10);
        config.net.send_latency = delay..delay + Duration::from_nanos(1);
        let runtime = Runtime::with_seed_and_config(seed, config);
        let node = |last| runtime.create_node().ip([10, 0, 0, last].into()).build();
        let (client, server) = (node(1), node(2));
        runtime.block_on(async move {
            let (ready, listening) = tokio::sync::oneshot::channel();
            let serving = server.spawn(async move {
                let listener = TcpListener::bind(("0.0.0.0", CONTROL_PORT)).await?;
                let _ = ready.send(());
                serve(listener).await
            });
            let _ = listening.await;
            let done = client.spawn(upload("10.0.0.2")).await;
            done.expect("the client ends").expect("a session without loss ends well");
            check(serving.await.expect("the server ends"));
        });
    }
}
