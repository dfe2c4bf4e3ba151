//! `clone_by_field` owns the macros that implement `Clone` and `Hash` field by field.

/// Implements `Clone` with a `clone_from` that keeps the memory of the target, which the derived
/// `clone_from` does not. A field that is missing in the list is an error.
macro_rules! clone_by_field {
    ($type:ident $(<$of:ident>)? { $($field:ident),* $(,)? }) => {
        impl$(<$of: Clone>)? Clone for $type$(<$of>)? {
            fn clone(&self) -> Self {
                let Self { $($field),* } = self;
                Self { $($field: Clone::clone($field)),* }
            }

            fn clone_from(&mut self, source: &Self) {
                let Self { $($field),* } = source;
                $(self.$field.clone_from($field);)*
            }
        }
    };
}

pub(crate) use clone_by_field;

/// Implements `Hash` by the first fields. The fields behind `without` are left out. A field that is
/// missing in both lists is an error.
macro_rules! hash_by_field {
    ($type:ident { $($field:ident),* $(,)? } without { $($left:ident),* $(,)? }) => {
        impl std::hash::Hash for $type {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                let Self { $($field,)* $($left: _,)* } = self;
                $(std::hash::Hash::hash($field, state);)*
            }
        }
    };
}

pub(crate) use hash_by_field;
