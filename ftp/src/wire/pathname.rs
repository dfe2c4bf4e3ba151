//! `pathname` is how a client names a file (RFC 959 §5.3.2, RFC 2640 §3.1): from the root with a
//! leading `/`, or from the current directory. It makes of both the one path that a store knows, and
//! nothing leads above the root. It knows no store.

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathnameError {
    /// It has a NUL in it, or a name longer than any system takes.
    Malformed,
    /// It has too many names.
    TooDeep,
}

/// The longest name in a path, in bytes. Linux' `NAME_MAX`.
pub const NAME_LIMIT: usize = 255;

/// The path that `argument` means to somebody in `current` (a path of a store, as the result is: see
/// [`crate::store`]). It is written to `scratch` where it is not a part of `argument` already.
/// `..` of the root is the root, as in every file system.
///
/// # Errors
/// There is no such path, whatever the store holds.
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

/// One name further.
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
