//! A client against a server with arbitrary replies.

use crate::sessions::{END, store};
use halfclose_ftp::report::{Journal, SessionId};
use halfclose_ftp::session::{Action, Context, Event, Session, Shared};
use halfclose_ftp::tcp::Ending;
use halfclose_ftp::transfer::TransferEnd;
use halfclose_ftp::{Client, ClientConfig, Task, Told, UploadMode};
use proptest::prelude::*;
use std::time::Duration;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// After arbitrary replies, the client comes to an end and reports a result.
    #[test]
    fn a_client_takes_anything(
        said in prop::collection::vec(prop_oneof![
            3 => prop::sample::select(REPLIES.to_vec()).prop_map(|it| it.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..200),
        ], 0..120),
        choices in prop::collection::vec(any::<u8>(), 120),
    ) {
        let config = ClientConfig { checks: true, ..ClientConfig::default() };
        let (mut store, mut journal, shared) = (store(), Journal::default(), &mut Shared::default());
        let mut client = Client::default();
        let (id, now) = (SessionId(0), Duration::ZERO);
        let name = |name: &str| name.into();
        let tasks = [
            Task::put("a", "x"),
            Task::Put { local: name("a"), remote: "y".into(), mode: UploadMode::Resume },
            Task::list("", "l"),
            Task::Size { remote: "a".into() },
            Task::Rename { from: "a".into(), to: "b".into() },
            Task::get("z", "z"),
            Task::Abor { after: 3 },
            Task::PrintDirectory,
        ];
        let (config, store, journal) = (&config, &mut store, &mut journal);
        let mut cx = Context { config, store, journal, shared, id, now };
        client.start(tasks.into(), &mut cx);
        let [local, peer] = ["10.0.0.1:5000", "10.0.0.2:21"].map(|at| at.parse().unwrap());
        client.handle_event(Event::Opened { local, peer }, &mut cx);
        for (said, choice) in said.iter().zip(choices) {
            let room = client.room().min(said.len());
            client.handle_bytes(&said[..room]);
            client.handle_lines(&mut cx);
            let mut actions = 0;
            while let Some(action) = client.poll_action() {
                actions += 1;
                prop_assert!(actions < 1000, "it never comes to rest");
                let event = match action {
                    Action::Listen { .. } => Event::Listening((choice % 7 > 0).then_some(local)),
                    Action::Connect { .. } if choice.is_multiple_of(5) => {
                        Event::DataFailed(Ending::Refused)
                    }
                    Action::Connect { .. } => Event::DataOpened { local, peer },
                    Action::Transfer(_) if choice.is_multiple_of(3) => {
                        Event::TransferEnded(TransferEnd { complete: false, ..END })
                    }
                    Action::Transfer(_) => Event::TransferEnded(END),
                    _ => continue,
                };
                client.handle_event(event, &mut cx);
            }
            let all = client.unsent().len();
            prop_assert!(all < 1 << 14);
            client.sent(all);
        }
        client.handle_event(Event::ControlEnded(Ending::Finished), &mut cx);
        while client.poll_action().is_some() {}
        client.handle_event(Event::TransferEnded(END), &mut cx);
        while client.poll_action().is_some() {}
        prop_assert_eq!(store.open_files(), 0);
        prop_assert!(journal.reports.iter().all(|report| report.told != Told::Nothing));
    }
}

const REPLIES: &[&str] = &[
    "220 hello\r\n",
    "331 password\r\n",
    "230 in\r\n",
    "200 ok\r\n",
    "150 go\r\n",
    "226 done\r\n",
    "227 =10,0,0,2,8,1\r\n",
    "229 (|||2049|)\r\n",
    "213 3\r\n",
    "213 99999\r\n",
    "350 go on\r\n",
    "250 done\r\n",
    "257 \"/a\"\"b\"\r\n",
    "426 cut\r\n",
    "450 busy\r\n",
    "500 what\r\n",
    "502 what\r\n",
    "550 no\r\n",
    "425 no\r\n",
    "421 bye\r\n",
    "220-many\r\n lines\r\n220 here\r\n",
    "120 soon\r\n",
    "332 account\r\n",
    "125 go\r\n",
    "225 open\r\n",
    "2",
    "00 ok\r\n",
    "\r\n",
];
