//! `live::password` finds a password in a file, in the environment, or at the terminal. A password
//! need never stand on a command line, where every program of the machine can read the text.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Error;

/// The variable with the password, read if no file is named.
const VARIABLE: &str = "HALFCLOSE_PASSWORD";
/// The longest password in bytes; a longer text is a mistake, such as the wrong file.
const LIMIT: u64 = 4096;

/// The places to look for a password.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PasswordSource {
    /// The path of the named file.
    pub file: Option<PathBuf>,
}

impl PasswordSource {
    /// Finds the password of `user`: in the named file, else in the environment, else at the
    /// terminal.
    pub(crate) fn find(&self, user: &str, err: &mut dyn Write) -> Result<String, Error> {
        if let Some(path) = &self.file {
            return from_file(path, err);
        }
        if let Some(password) = from_environment()? {
            return Ok(password);
        }
        if !io::stdin().is_terminal() {
            return Err(Error::Input(format!(
                "no password for `{user}`: set {VARIABLE}, or name a file with --password-file"
            )));
        }
        rpassword::prompt_password(format!("Password of {user}: "))
            .map_err(|error| Error::input("cannot read the password", &error))
    }
}

#[expect(clippy::disallowed_methods, reason = "it is asked by the command line, not by a run")]
fn from_environment() -> Result<Option<String>, Error> {
    match std::env::var(VARIABLE) {
        Ok(password) if password.is_empty() => {
            Err(Error::Input(format!("{VARIABLE} is empty: unset it, or give it the password")))
        }
        Ok(password) => Ok(Some(password)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Error::Input(format!("{VARIABLE} is not UTF-8")))
        }
    }
}

/// The first line of the file.
fn from_file(path: &Path, err: &mut dyn Write) -> Result<String, Error> {
    let shown = path.display();
    let cannot = |error| Error::input(&format!("cannot read password file `{shown}`"), &error);
    let file = File::open(path).map_err(cannot)?;
    let known = file.metadata().map_err(cannot)?;
    if known.is_file() && known.mode() & 0o077 != 0 {
        writeln!(
            err,
            "warning: other users can read password file `{shown}`: `chmod 600` protects the file"
        )?;
    }
    let mut line = String::new();
    BufReader::new(file.take(LIMIT)).read_line(&mut line).map_err(cannot)?;
    let password = line.trim_end_matches(['\r', '\n']);
    match password {
        "" => Err(Error::Input(format!("password file `{shown}`: the first line is empty"))),
        password if password.len() as u64 >= LIMIT => Err(Error::Input(format!(
            "password file `{shown}`: the first line is too long for a password"
        ))),
        password => Ok(password.to_owned()),
    }
}
