//! The command `halfclose` without the network: standard output, standard error and exit status.

mod command_line;
mod explore_command;
mod guide;
mod matrix_command;
mod program;
mod readme;
mod run_record;
mod scale;
mod search_edges;
mod shrink_command;
mod sweep;
mod sweep_file;
mod sweep_output;
mod wireshark;
mod word;

/// Pictures of runs: pages, ladders, and the pictures in the README.
mod pictures {
    mod browser;
    mod files;
    mod page;
}
