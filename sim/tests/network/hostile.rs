//! Our server among people who mean ill, or do badly: the program itself on 127.0.0.1, and each
//! attack with a figure. Whatever is done to it, it answers clearly or closes, no file is half
//! replaced, and the next client is served.

mod client;
mod crowd;
mod disk;
mod ending;
mod flood;
mod large;
mod limits;
mod paths;
mod raw;
mod slow;
mod turns;
