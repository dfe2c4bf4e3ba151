//! `dialogue` is the session that every simulator makes: login, a passive upload of 4 KiB, QUIT, as
//! `halfclose sweep` makes it with `client.mode=passive`. Each simulator has its own `TcpListener` and
//! `TcpStream` in the parent module.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{TcpListener, TcpStream};

pub const CONTROL_PORT: u16 = 21;
const DATA_PORT: u16 = 2021;
const SIZE: usize = 4096;

/// Reads until the end of a line. Every line is answered before the next, so none follows.
async fn hear(stream: &mut TcpStream) -> io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut some = [0; 256];
        match stream.read(&mut some).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => line.extend_from_slice(&some[..bytes]),
        }
    }
    String::from_utf8(line).map_err(io::Error::other)
}

async fn say(stream: &mut TcpStream, line: &str) -> io::Result<()> {
    stream.write_all(line.as_bytes()).await?;
    stream.flush().await
}

/// Serves one session. Returns the number of bytes stored.
pub async fn serve(listener: TcpListener) -> io::Result<usize> {
    let (mut control, _) = listener.accept().await?;
    say(&mut control, "220 ready\r\n").await?;
    let (mut data_listener, mut stored) = (None, 0);
    loop {
        let line = hear(&mut control).await?;
        match line.split([' ', '\r']).next() {
            Some("USER") => say(&mut control, "331 password\r\n").await?,
            Some("PASS") => say(&mut control, "230 logged in\r\n").await?,
            Some("TYPE") => say(&mut control, "200 binary\r\n").await?,
            Some("PASV") => {
                data_listener = Some(TcpListener::bind(("0.0.0.0", DATA_PORT)).await?);
                let [high, low] = DATA_PORT.to_be_bytes();
                let reply = format!("227 Entering Passive Mode (10,0,0,2,{high},{low})\r\n");
                say(&mut control, &reply).await?;
            }
            Some("STOR") => {
                let listener = data_listener.take().ok_or(io::ErrorKind::NotConnected)?;
                say(&mut control, "150 opening\r\n").await?;
                let (mut data, _) = listener.accept().await?;
                let mut some = [0; 2048];
                loop {
                    match data.read(&mut some).await? {
                        0 => break,
                        bytes => stored += bytes,
                    }
                }
                drop(data);
                say(&mut control, "226 stored\r\n").await?;
            }
            Some("QUIT") => {
                say(&mut control, "221 bye\r\n").await?;
                return Ok(stored);
            }
            _ => return Err(io::Error::other(line)),
        }
    }
}

/// Makes one session with the server of this name or address.
pub async fn upload(server: &str) -> io::Result<()> {
    let mut control = TcpStream::connect((server, CONTROL_PORT)).await?;
    hear(&mut control).await?;
    for command in ["USER ftp\r\n", "PASS ftp\r\n", "TYPE I\r\n"] {
        say(&mut control, command).await?;
        hear(&mut control).await?;
    }
    say(&mut control, "PASV\r\n").await?;
    let reply = hear(&mut control).await?;
    let numbers = reply.trim_end_matches([')', '\r', '\n']).rsplit(',').take(2);
    let numbers: Vec<u16> = numbers.filter_map(|number| number.parse().ok()).collect();
    let [low, high] = numbers[..] else { return Err(io::Error::other(reply)) };
    // turmoil opens a connection when the peer accepts it, which is behind STOR.
    say(&mut control, "STOR a.bin\r\n").await?;
    let mut data = TcpStream::connect((server, high << 8 | low)).await?;
    hear(&mut control).await?;
    data.write_all(&[b'x'; SIZE]).await?;
    data.flush().await?;
    data.shutdown().await?;
    drop(data);
    hear(&mut control).await?;
    say(&mut control, "QUIT\r\n").await?;
    hear(&mut control).await?;
    Ok(())
}

/// The number of sessions on the command line.
pub fn sessions() -> u64 {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok());
    count.expect("the argument is a number of sessions")
}

/// Refuses a session that stored another number of bytes.
pub fn check(stored: io::Result<usize>) {
    assert_eq!(stored.expect("a session without loss ends well"), SIZE);
}
