//! `clone_by_field` owns a macro that implements `Clone` field by field.

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
