//! `hash_by_field.rs` owns a macro that implements `Hash` field by field.

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
