//! The keys of a task: what is moved, and what is in it.

use std::path::PathBuf;

use super::words::SWITCH;
use crate::scenario::units;
use crate::scenario::values;
use crate::scenario::{Command, Content, File, How, Listing, Task};

/// The kinds of tasks, by the key that begins one.
pub(in crate::scenario) const KINDS: [&str; 11] = [
    "put", "get", "append", "ls", "mkdir", "rmdir", "delete", "rename", "size_of", "mtime", "noop",
];

pub(super) fn set_put(task: &mut Task, text: &str) -> Result<(), String> {
    let file = renamed(task, text)?;
    *task = Task::Put(File { how: kept(task), ..file });
    Ok(())
}

pub(super) fn put(task: &Task) -> Option<String> {
    match task {
        Task::Put(file) if file.how != How::Append => Some(file.name.clone()),
        _ => None,
    }
}

pub(super) fn set_get(task: &mut Task, text: &str) -> Result<(), String> {
    let file = renamed(task, text)?;
    *task = Task::Get(File { how: kept(task), ..file });
    Ok(())
}

/// Whether the rest is to follow outlives the way.
fn kept(task: &Task) -> How {
    task.file().map(|file| file.how).filter(|how| *how != How::Append).unwrap_or_default()
}

pub(super) fn get(task: &Task) -> Option<String> {
    if let Task::Get(file) = task { Some(file.name.clone()) } else { None }
}

pub(super) fn set_append(task: &mut Task, text: &str) -> Result<(), String> {
    *task = Task::Put(File { how: How::Append, ..renamed(task, text)? });
    Ok(())
}

pub(super) fn append(task: &Task) -> Option<String> {
    match task {
        Task::Put(file) if file.how == How::Append => Some(file.name.clone()),
        _ => None,
    }
}

pub(super) fn set_resume(task: &mut Task, text: &str) -> Result<(), String> {
    let resume = values::choice(text, SWITCH)?;
    let file = file_of(task)?;
    if file.how == How::Append {
        return Err("what is appended is not resumed".to_owned());
    }
    file.how = if resume { How::Resume } else { How::Over };
    Ok(())
}

pub(super) fn resume(task: &Task) -> Option<String> {
    let how = task.file()?.how;
    (how != How::Append).then(|| (how == How::Resume).to_string())
}

pub(super) fn set_before(task: &mut Task, text: &str) -> Result<(), String> {
    let before = values::optional(text, |text| values::size(text, 0..=values::GIB))?;
    file_of(task)?.before = before;
    Ok(())
}

pub(super) fn before(task: &Task) -> Option<String> {
    Some(values::print_optional(task.file()?.before, units::print_size))
}

pub(super) fn set_list(task: &mut Task, text: &str) -> Result<(), String> {
    let path = text.trim_matches('/');
    if !path.is_empty() {
        path_of(path)?;
    }
    *task = Task::List(Listing::new(path));
    Ok(())
}

pub(super) fn list(task: &Task) -> Option<String> {
    match task {
        Task::List(listing) => Some(format!("/{}", listing.path)),
        _ => None,
    }
}

/// A key of a command with one path.
macro_rules! command {
    ($set:ident, $get:ident, $variant:ident) => {
        pub(super) fn $set(task: &mut Task, text: &str) -> Result<(), String> {
            *task = Task::Do(Command::$variant(path_of(text)?));
            Ok(())
        }

        pub(super) fn $get(task: &Task) -> Option<String> {
            match task {
                Task::Do(Command::$variant(path)) => Some(path.clone()),
                _ => None,
            }
        }
    };
}

command!(set_mkdir, mkdir, MakeDirectory);
command!(set_rmdir, rmdir, RemoveDirectory);
command!(set_delete, delete, Delete);
command!(set_size_of, size_of, Size);
command!(set_mtime, mtime, Modified);

pub(super) fn set_rename(task: &mut Task, text: &str) -> Result<(), String> {
    let to = match task {
        Task::Do(Command::Rename { to, .. }) => std::mem::take(to),
        _ => String::new(),
    };
    *task = Task::Do(Command::Rename { from: path_of(text)?, to });
    Ok(())
}

pub(super) fn rename(task: &Task) -> Option<String> {
    match task {
        Task::Do(Command::Rename { from, .. }) => Some(from.clone()),
        _ => None,
    }
}

pub(super) fn set_to(task: &mut Task, text: &str) -> Result<(), String> {
    match task {
        Task::Do(Command::Rename { to, .. }) => {
            *to = path_of(text)?;
            Ok(())
        }
        _ => Err("only a rename has a new name".to_owned()),
    }
}

pub(super) fn to(task: &Task) -> Option<String> {
    match task {
        Task::Do(Command::Rename { to, .. }) => Some(to.clone()),
        _ => None,
    }
}

pub(super) fn set_noop(task: &mut Task, text: &str) -> Result<(), String> {
    if values::choice(text, SWITCH)? {
        *task = Task::Noop;
    } else if *task == Task::Noop {
        return Err(format!("a task is one of {}", KINDS.join(", ")));
    }
    Ok(())
}

pub(super) fn noop(task: &Task) -> Option<String> {
    (*task == Task::Noop).then(|| "true".to_owned())
}

pub(super) fn set_size(task: &mut Task, text: &str) -> Result<(), String> {
    let size = values::size(text, 0..=values::GIB)?;
    file_of(task)?.content = Content::Generated(size);
    Ok(())
}

pub(super) fn size(task: &Task) -> Option<String> {
    match &task.file()?.content {
        Content::Generated(size) => Some(units::print_size(*size)),
        Content::Path(_) => None,
    }
}

pub(super) fn set_file(task: &mut Task, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("names no file".to_owned());
    }
    file_of(task)?.content = Content::Path(PathBuf::from(text));
    Ok(())
}

pub(super) fn file(task: &Task) -> Option<String> {
    match &task.file()?.content {
        Content::Generated(_) => None,
        Content::Path(path) => Some(path.display().to_string()),
    }
}

pub(super) fn set_abort_after(task: &mut Task, text: &str) -> Result<(), String> {
    let after = values::optional(text, |text| values::size(text, 0..=values::GIB))?;
    file_of(task)?.abort_after = after;
    Ok(())
}

pub(super) fn abort_after(task: &Task) -> Option<String> {
    Some(values::print_optional(task.file()?.abort_after, units::print_size))
}

pub(super) fn set_die_after(task: &mut Task, text: &str) -> Result<(), String> {
    let after = values::optional(text, |text| values::size(text, 0..=values::GIB))?;
    file_of(task)?.die_after = after;
    Ok(())
}

pub(super) fn die_after(task: &Task) -> Option<String> {
    Some(values::print_optional(task.file()?.die_after, units::print_size))
}

/// The task's file under another name.
fn renamed(task: &Task, name: &str) -> Result<File, String> {
    let name = path_of(name)?;
    let file = task.file().cloned().unwrap_or_else(|| File::new(&name));
    Ok(File { name, ..file })
}

/// A path at the server. It is one line (RFC 959 §5.3.2), from the root, which is where every
/// session is.
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
