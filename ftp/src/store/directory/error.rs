//! `store::directory::error` says in a store's words what the operating system says in its own.

use crate::store::StoreError;
use std::io::{self, ErrorKind};

/// Why the store cannot do it.
pub(super) fn store_error(error: &io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::NotFound => StoreError::NotFound,
        // Among them every name that leads out of the directory, and a circle of links.
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::CrossesDevices => {
            StoreError::Denied
        }
        ErrorKind::AlreadyExists => StoreError::Exists,
        ErrorKind::IsADirectory => StoreError::IsDirectory,
        ErrorKind::NotADirectory => StoreError::NotDirectory,
        ErrorKind::DirectoryNotEmpty => StoreError::NotEmpty,
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => StoreError::Busy,
        ErrorKind::StorageFull => StoreError::Full,
        ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded => StoreError::TooLarge,
        ErrorKind::InvalidFilename | ErrorKind::InvalidInput => StoreError::BadName,
        _ => match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
            Some(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO) => StoreError::Denied,
            _ => StoreError::Failed,
        },
    }
}
