//! The keys of a task: first the keys that begin a task, then the keys that add to a task.

use std::path::PathBuf;

use super::value_kinds::{Access, Permitted, SIZE, SWITCH};
use super::{Key, Part, TomlForm};
use crate::scenario::task::{Content, File, FileCommand, Listing, Task, Verb, WriteMode};
use crate::scenario::values::{self, NONE};

/// The access to a command by the command's path.
macro_rules! command {
    ($verb:ident) => {
        path(
            |task, text| begin_command(task, Verb::$verb, path_of(text)?),
            |task| task.command(Verb::$verb).map(|command| command.path.clone()),
        )
    };
}

/// The keys that begin a task.
pub(super) const BEGIN: [Key; 11] = [
    key(
        "do.put",
        "upload a file of this name",
        path(
            |task, text| {
                let file = renamed(task, text)?;
                *task = Task::Put(File { mode: kept(task), ..file });
                Ok(())
            },
            |task| match task {
                Task::Put(file) if file.mode != WriteMode::Append => Some(file.name.clone()),
                _ => None,
            },
        ),
    ),
    key(
        "do.get",
        "download a file of this name",
        path(
            |task, text| {
                let file = renamed(task, text)?;
                *task = Task::Get(File { mode: kept(task), ..file });
                Ok(())
            },
            |task| if let Task::Get(file) = task { Some(file.name.clone()) } else { None },
        ),
    ),
    key(
        "do.append",
        "append to a file of this name (APPE)",
        path(
            |task, text| {
                *task = Task::Put(File { mode: WriteMode::Append, ..renamed(task, text)? });
                Ok(())
            },
            |task| match task {
                Task::Put(file) if file.mode == WriteMode::Append => Some(file.name.clone()),
                _ => None,
            },
        ),
    ),
    key(
        "do.ls",
        "list this directory",
        path(
            |task, text| {
                let path = text.trim_matches('/');
                if !path.is_empty() {
                    path_of(path)?;
                }
                *task = Task::List(Listing::new(path));
                Ok(())
            },
            |task| match task {
                Task::List(listing) => Some(format!("/{}", listing.path)),
                _ => None,
            },
        ),
    ),
    key("do.mkdir", "make this directory", command!(MakeDirectory)),
    key("do.rmdir", "remove this directory", command!(RemoveDirectory)),
    key("do.delete", "delete this file", command!(Delete)),
    key("do.rename", "rename this file or directory", command!(Rename)),
    key("do.size_of", "ask for this file's size", command!(Size)),
    key("do.mtime", "ask for this file's modification time", command!(Modified)),
    key(
        "do.noop",
        "say NOOP",
        Access {
            form: SWITCH.form,
            permitted: SWITCH.permitted,
            set: |task, text| {
                if (SWITCH.read)(text)? {
                    return begin_command(task, Verb::Noop, String::new());
                }
                match task.command(Verb::Noop) {
                    Some(_) => {
                        let kinds = begin_words().collect::<Vec<_>>().join(", ");
                        Err(format!("a task is one of {kinds}"))
                    }
                    None => Ok(()),
                }
            },
            get: |task| task.command(Verb::Noop).map(|_| "true".to_owned()),
        },
    ),
];

/// The access to a number of bytes of the task's file, or the word `none`.
macro_rules! bytes_or_none {
    ($field:ident) => {
        Access {
            form: SIZE.form,
            permitted: || (SIZE.permitted)().or(NONE),
            set: |task, text| {
                let bytes = values::optional(text, NONE, SIZE.read)?;
                file_of(task)?.$field = bytes;
                Ok(())
            },
            get: |task| Some(values::print_optional(task.file()?.$field, NONE, SIZE.print)),
        }
    };
}

/// The keys that add to a task.
pub(super) const MORE: [Key; 7] = [
    key(
        "do.to",
        "new name of a renamed file or directory",
        path(
            |task, text| match task {
                Task::Do(FileCommand { verb: Verb::Rename, to, .. }) => {
                    *to = path_of(text)?;
                    Ok(())
                }
                _ => Err("only a rename has a new name".to_owned()),
            },
            |task| task.command(Verb::Rename).map(|command| command.to.clone()),
        ),
    ),
    key(
        "do.resume",
        "resume the transfer behind the bytes already there (REST)",
        Access {
            form: SWITCH.form,
            permitted: SWITCH.permitted,
            set: |task, text| {
                let resume = (SWITCH.read)(text)?;
                let file = file_of(task)?;
                if file.mode == WriteMode::Append {
                    return Err("an append cannot be resumed: use put or get".to_owned());
                }
                file.mode = if resume { WriteMode::Resume } else { WriteMode::Replace };
                Ok(())
            },
            get: |task| {
                let mode = task.file()?.mode;
                (mode != WriteMode::Append).then(|| (mode == WriteMode::Resume).to_string())
            },
        },
    ),
    key(
        "do.before",
        "bytes at the receiver before the run (none: no file)",
        bytes_or_none!(before),
    ),
    key(
        "do.size",
        "size of the generated file",
        Access {
            form: SIZE.form,
            permitted: SIZE.permitted,
            set: |task, text| {
                let size = (SIZE.read)(text)?;
                file_of(task)?.content = Content::Generated(size);
                Ok(())
            },
            get: |task| match &task.file()?.content {
                Content::Generated(size) => Some((SIZE.print)(*size)),
                Content::Path(_) => None,
            },
        },
    ),
    key(
        "do.file",
        "path of a real file with the bytes",
        path(
            |task, text| {
                if text.is_empty() {
                    return Err("names no file".to_owned());
                }
                file_of(task)?.content = Content::Path(PathBuf::from(text));
                Ok(())
            },
            |task| match &task.file()?.content {
                Content::Generated(_) => None,
                Content::Path(path) => Some(path.display().to_string()),
            },
        ),
    ),
    key(
        "do.abort_after",
        "ABOR after this many moved bytes (none: never)",
        bytes_or_none!(abort_after),
    ),
    key(
        "do.die_after",
        "the client program dies after this many moved bytes (none: never)",
        bytes_or_none!(die_after),
    ),
];

/// The last words of the keys that begin a task.
pub(in crate::scenario) fn begin_words() -> impl Iterator<Item = &'static str> {
    BEGIN.iter().map(|key| key.name.trim_start_matches("do."))
}

const fn key(name: &'static str, doc: &'static str, access: Access<Task>) -> Key {
    let part = Part::Task(access.set, access.get);
    Key { name, doc, form: access.form, permitted: access.permitted, part }
}

const fn path(set: super::Set<Task>, get: super::Get<Task>) -> Access<Task> {
    Access { form: TomlForm::Text, permitted: || Permitted::others("a path"), set, get }
}

fn begin_command(task: &mut Task, verb: Verb, path: String) -> Result<(), String> {
    let to = task.command(verb).map(|command| command.to.clone()).unwrap_or_default();
    *task = Task::Do(FileCommand { verb, path, to });
    Ok(())
}

/// A resumed transfer stays resumed when its direction changes.
fn kept(task: &Task) -> WriteMode {
    let mode = task.file().map(|file| file.mode);
    mode.filter(|mode| *mode != WriteMode::Append).unwrap_or_default()
}

/// The task's file under another name.
fn renamed(task: &Task, name: &str) -> Result<File, String> {
    let name = path_of(name)?;
    let file = task.file().cloned().unwrap_or_else(|| File::new(&name));
    Ok(File { name, ..file })
}

/// A path at the server: a single line (RFC 959 §5.3.2) from the root, the working directory of
/// every session.
fn path_of(text: &str) -> Result<String, String> {
    let path = text.trim_start_matches('/');
    if path.is_empty() {
        return Err("names no file".to_owned());
    }
    if path.contains(char::is_control) {
        return Err("a name has no control characters in it".to_owned());
    }
    if path.split('/').any(|name| matches!(name, "" | "." | "..")) {
        return Err("write the path from the root, without `.`, `..` and empty names".to_owned());
    }
    Ok(path.to_owned())
}

fn file_of(task: &mut Task) -> Result<&mut File, String> {
    task.file_mut().ok_or_else(|| "only a put, get or append moves a file".to_owned())
}
