//! A small FTP server that is odd where a test says so, as reported of real servers.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::hostile::raw::PATIENCE;

/// The answer of the server to one command; false ends the session.
type Answer = Box<dyn Fn(&mut Talk, &str) -> bool + Send + Sync>;

/// The files of the server, by name. A byte of a name is one character (Latin-1).
type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A server in preparation.
#[derive(Default)]
pub(crate) struct Odd {
    greeting: Option<&'static str>,
    answers: BTreeMap<&'static str, Answer>,
    files: Files,
}

/// A server that listens on a port of this machine.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    files: Files,
    said: Arc<Mutex<Vec<String>>>,
}

/// One session of the server.
pub(crate) struct Talk {
    control: TcpStream,
    pub(crate) files: Files,
    listener: Option<TcpListener>,
    bound: Option<Socket>,
    rest: usize,
}

impl Odd {
    /// The server with a file.
    pub(crate) fn with(self, name: &str, bytes: &[u8]) -> Self {
        self.files.lock().expect("no panic").insert(name.to_owned(), bytes.to_vec());
        self
    }

    /// The server with another greeting.
    pub(crate) fn greets(self, greeting: &'static str) -> Self {
        Self { greeting: Some(greeting), ..self }
    }

    /// The server with another answer to a command.
    pub(crate) fn on(
        mut self,
        verb: &'static str,
        answer: impl Fn(&mut Talk, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.answers.insert(verb, Box::new(answer));
        self
    }

    /// The server with a fixed answer to a command: lines.
    pub(crate) fn says(self, verb: &'static str, lines: &'static str) -> Self {
        self.on(verb, move |talk, _| talk.say(lines))
    }

    /// Begins to serve, on a thread for each session.
    pub(crate) fn serve(self) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let Self { greeting, answers, files } = self;
        let (greeting, answers) = (greeting.unwrap_or("220 ready"), Arc::new(answers));
        let said = Arc::default();
        let running = Running { address, files: Arc::clone(&files), said: Arc::clone(&said) };
        std::thread::spawn(move || {
            for control in listener.incoming().flatten() {
                let _ = control.set_read_timeout(Some(PATIENCE));
                let files = Arc::clone(&files);
                let talk = Talk { control, files, listener: None, bound: None, rest: 0 };
                let (answers, said) = (Arc::clone(&answers), Arc::clone(&said));
                std::thread::spawn(move || talk.run(greeting, &answers, &said));
            }
        });
        running
    }
}

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("ftp://{}/{path}", self.address)
    }

    /// The file of this name that the server holds.
    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.files.lock().expect("no panic").get(name).cloned()
    }

    /// The commands so far, between spaces, without arguments.
    pub(crate) fn verbs(&self) -> String {
        self.said.lock().expect("no panic").join(" ")
    }
}

impl Talk {
    fn run(mut self, greeting: &str, answers: &BTreeMap<&str, Answer>, said: &Mutex<Vec<String>>) {
        let mut lines = BufReader::new(self.control.try_clone().expect("a file"));
        self.say(greeting);
        loop {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                return;
            }
            let line: String = line.iter().map(|byte| char::from(*byte)).collect();
            let line = line.trim_end();
            let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
            said.lock().expect("no panic").push(verb.to_owned());
            let goes_on = match answers.get(verb) {
                Some(answer) => answer(&mut self, argument),
                None => self.usual(verb, argument),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Sends these lines to the client.
    pub(crate) fn say(&mut self, lines: &str) -> bool {
        let bytes: Vec<u8> = lines
            .split('\n')
            .flat_map(|line| line.chars().chain("\r\n".chars()))
            .map(|c| u8::try_from(u32::from(c)).expect("Latin-1"))
            .collect();
        self.control.write_all(&bytes).is_ok()
    }

    /// Listens for a data connection and returns the port.
    pub(crate) fn listen(&mut self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        self.listener = Some(listener);
        port
    }

    /// Takes a port at which no program listens, and keeps the port from other programs.
    pub(crate) fn bind(&mut self) -> u16 {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
        let at = socket.local_addr().expect("it is bound").as_socket().expect("an address");
        self.bound = Some(socket);
        at.port()
    }

    /// Accepts the data connection.
    pub(crate) fn data(&mut self) -> TcpStream {
        let listener = self.listener.take().expect("EPSV came first");
        let (data, _) = listener.accept().expect("the client connects");
        data.set_read_timeout(Some(PATIENCE)).expect("a time");
        data
    }

    /// Sends bytes over the data connection, between 150 and the last reply.
    pub(crate) fn send(&mut self, begin: &str, bytes: &[u8], end: &str) -> bool {
        self.say(begin);
        let mut data = self.data();
        let _ = data.write_all(bytes);
        drop(data);
        self.say(end)
    }

    /// Receives a file of this name, of which `keep` bytes stay.
    pub(crate) fn store(&mut self, name: &str, keep: usize) {
        let mut bytes = Vec::new();
        let _ = self.data().read_to_end(&mut bytes);
        bytes.truncate(keep);
        let mut files = self.files.lock().expect("no panic");
        let rest = std::mem::take(&mut self.rest);
        let old = files.entry(name.to_owned()).or_default();
        old.truncate(rest);
        old.extend(bytes);
    }

    fn usual(&mut self, verb: &str, argument: &str) -> bool {
        let file = |talk: &Self| talk.files.lock().expect("no panic").get(argument).cloned();
        match verb {
            "USER" => self.say("331 password"),
            "PASS" => self.say("230 in"),
            "TYPE" | "CWD" | "NOOP" => self.say("200 ok"),
            "EPSV" => {
                let port = self.listen();
                self.say(&format!("229 ok (|||{port}|)"))
            }
            "PASV" => {
                let port = self.listen();
                self.say(&format!("227 ok (127,0,0,1,{},{})", port >> 8, port & 255))
            }
            "SIZE" => match file(self) {
                Some(bytes) => self.say(&format!("213 {}", bytes.len())),
                None => self.say("550 no such file"),
            },
            "REST" => {
                self.rest = argument.parse().unwrap_or(0);
                self.say("350 go on")
            }
            "RETR" => match file(self) {
                Some(bytes) => {
                    let rest = std::mem::take(&mut self.rest).min(bytes.len());
                    self.send("150 go", &bytes[rest..], "226 done")
                }
                None => self.say("550 no such file"),
            },
            "STOR" => {
                self.say("150 go");
                self.store(argument, usize::MAX);
                self.say("226 done")
            }
            "QUIT" => {
                self.say("221 bye");
                false
            }
            _ => self.say("500 unknown command"),
        }
    }
}

/// Closes a connection with a RST.
pub(crate) fn reset(data: &TcpStream) {
    socket2::SockRef::from(data).set_linger(Some(Duration::ZERO)).expect("an option");
}
