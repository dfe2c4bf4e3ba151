//! `net::events` turns the kernel's events, and the looks without an event, into the changes of
//! this lap.

use super::{CALLER, Sockets};
use crate::tcp::{Conn, Listener, Ready};
use mio::{Events, Token};

impl Sockets {
    /// Takes the events of the kernel.
    pub(super) fn take_events(&mut self) {
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            let Token(token) = event.token();
            let place = token / 2;
            if event.token() == CALLER {
                continue;
            } else if token % 2 == 1 {
                if let Some((name, listener)) = self.listeners.at_mut(place)
                    && listener.fairness.queue(self.lap)
                {
                    self.ready.push_back(Ready::Accept(Listener(name)));
                }
            } else if let Some((name, socket)) = self.conns.at_mut(place) {
                socket.handle_event(event);
                if socket.is_closing() {
                    self.go_on_closing(name);
                } else if socket.fairness.queue(self.lap) {
                    self.ready.push_back(Ready::Conn(Conn(name)));
                }
            }
        }
        self.events = events;
    }

    /// Looks at the sockets for which the kernel has no event.
    pub(super) fn look_again(&mut self) {
        for name in std::mem::take(self.watched.get_mut()) {
            if let Some(socket) = self.conns.get_mut(name)
                && !socket.is_closing()
                && socket.fairness.queue(self.lap)
            {
                self.ready.push_back(Ready::Conn(Conn(name)));
            }
        }
        while let Some(&(at, listener)) = self.resting.front()
            && at <= self.now
        {
            self.resting.pop_front();
            if let Some(known) = self.listeners.get_mut(listener.0)
                && known.fairness.queue(self.lap)
            {
                self.ready.push_back(Ready::Accept(listener));
            }
        }
    }

    pub(super) fn uncork(&mut self) {
        for name in std::mem::take(&mut self.corked) {
            if let Some(socket) = self.conns.get_mut(name) {
                socket.uncork();
            }
        }
    }
}
