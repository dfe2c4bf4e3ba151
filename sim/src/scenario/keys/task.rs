//! The keys of a task: what is moved, and what is in it.

use std::path::PathBuf;

use super::values;
use super::words::SWITCH;
use crate::scenario::{Content, File, Task};
use crate::units;

pub(super) fn set_put(task: &mut Task, text: &str) -> Result<(), String> {
    *task = Task::Put(renamed(task, text)?);
    Ok(())
}

pub(super) fn put(task: &Task) -> Option<String> {
    if let Task::Put(file) = task { Some(file.name.clone()) } else { None }
}

pub(super) fn set_get(task: &mut Task, text: &str) -> Result<(), String> {
    *task = Task::Get(renamed(task, text)?);
    Ok(())
}

pub(super) fn get(task: &Task) -> Option<String> {
    if let Task::Get(file) = task { Some(file.name.clone()) } else { None }
}

pub(super) fn set_noop(task: &mut Task, text: &str) -> Result<(), String> {
    if values::choice(text, SWITCH)? {
        *task = Task::Noop;
    } else if *task == Task::Noop {
        return Err("a task is one of put, get and noop".to_owned());
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

/// The task's file under another name. A name is one line (RFC 959 §5.3.2).
fn renamed(task: &Task, name: &str) -> Result<File, String> {
    if name.is_empty() {
        return Err("names no file".to_owned());
    }
    if name.contains(char::is_control) {
        return Err("a name has no control characters in it".to_owned());
    }
    // Every path begins at the root, which is where every session is.
    let name = name.trim_start_matches('/');
    if name.is_empty() {
        return Err("names no file".to_owned());
    }
    let file = task.file().cloned().unwrap_or_else(|| File::new(name));
    Ok(File { name: name.to_owned(), ..file })
}

fn file_of(task: &mut Task) -> Result<&mut File, String> {
    task.file_mut().ok_or_else(|| "a noop moves no file".to_owned())
}
