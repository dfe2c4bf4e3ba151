//! `usage` puts a usage error of clap into a single line, and names the help of the command.

use std::ffi::OsString;

use clap::CommandFactory;

use super::args::Arguments;

/// A usage error in a single line: clap's first lines, joined, without the usage and the pointer to help.
pub(super) fn one_line(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let lines = rendered.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let mut text = String::new();
    for line in lines {
        if let Some(values) = line.strip_prefix("[possible values: ") {
            text.push_str(&format!(": it must be one of {}", values.trim_end_matches(']')));
            continue;
        }
        match text.chars().last() {
            None => {}
            Some(':') => text.push(' '),
            Some(_) => text.push_str("; "),
        }
        match line.split_once(" similar ").and_then(|(_, near)| near.split_once(": ")) {
            Some((_, near)) => {
                text.push_str(&format!("did you mean {}?", near.replace('\'', "`")));
            }
            None => text.push_str(line),
        }
    }
    text.strip_prefix("error: ").map(str::to_owned).unwrap_or(text)
}

/// The command line for the help of the command in `arguments`.
pub(super) fn help_command(arguments: &[OsString]) -> String {
    let program = Arguments::command();
    let named = arguments.iter().skip(1).filter_map(|word| word.to_str());
    let named = named.filter_map(|word| program.find_subcommand(word));
    match named.map(clap::Command::get_name).next() {
        Some(name) => format!("halfclose {name} --help"),
        None => "halfclose --help".to_owned(),
    }
}
