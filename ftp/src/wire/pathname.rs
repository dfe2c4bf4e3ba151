//! `pathname` turns a client's path (RFC 959 §5.3.2, RFC 2640 §3.1), absolute or relative to the
//! current directory, into the path of a store. No path leads above the root. The file does not
//! know the store.

/// A path that no store can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathnameError {
    /// The path has a NUL, or a name longer than [`NAME_LIMIT`].
    Malformed,
    /// The path has too many names.
    TooDeep,
}

/// The longest name in a path, in bytes: Linux' `NAME_MAX`.
pub const NAME_LIMIT: usize = 255;

/// Resolves `argument` against the directory `current`. Both `current` and the result are paths of
/// a store (see [`crate::store`]). The result borrows from `argument` if possible, else from
/// `scratch`. `..` at the root is the root, as in file systems.
///
/// # Errors
/// No store can have such a path.
pub fn resolve<'a>(
    current: &str,
    argument: &'a str,
    depth_limit: usize,
    scratch: &'a mut String,
) -> Result<&'a str, PathnameError> {
    if argument.contains('\0') {
        return Err(PathnameError::Malformed);
    }
    let absolute = argument.starts_with('/');
    let plain = argument.trim_start_matches('/');
    let strange = |name: &str| matches!(name, "" | "." | "..");
    let simple = (absolute || current.is_empty()) && !plain.split('/').any(strange);
    let path = if simple {
        plain
    } else {
        scratch.clear();
        scratch.push_str(if absolute { "" } else { current });
        argument.split('/').for_each(|name| step(scratch, name));
        scratch
    };
    let mut depth = 0;
    for name in path.split('/') {
        if name.len() > NAME_LIMIT {
            return Err(PathnameError::Malformed);
        }
        depth += 1;
    }
    if depth > depth_limit { Err(PathnameError::TooDeep) } else { Ok(path) }
}

/// Appends one name to a path, or applies `..`.
fn step(path: &mut String, name: &str) {
    match name {
        "" | "." => {}
        ".." => path.truncate(path.rfind('/').unwrap_or(0)),
        name => {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(name);
        }
    }
}
