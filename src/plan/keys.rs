//! What a part of a key is on a platform: the value as it compares there.
//!
//! `basename(Image)` on `defender-xdr` → `Spelt(FolderPath, Basename)`; a GUID that is stored as text
//! → `Spelt(ProcessGuid, Guid)`. The engine's `key` module says what each spelling is.

use crate::ir::Transform;
use crate::platform::{ColumnType, Resolved, Scalar, Spelling};
use crate::taxonomy::Type;

/// The value by which a field compares as a key.
pub(super) fn value(resolved: &Resolved, transform: Transform) -> Scalar {
    let value = present(resolved);
    let canonical = if is_text(&resolved.value) { canonical(resolved.ty.element()) } else { None };
    let spellings = [transformed(transform), canonical].into_iter().flatten();
    spellings.fold(value, |value, spelling| Scalar::Spelt(Box::new(value), spelling))
}

/// The value, missing where it is a text that stands for a missing one.
pub(super) fn present(resolved: &Resolved) -> Scalar {
    let value = resolved.value.clone();
    match resolved.null_values.as_slice() {
        [] => value,
        texts => Scalar::Without(Box::new(value), texts.to_vec()),
    }
}

/// Whether the platform holds the value as text, so that it may be spelt in several ways.
fn is_text(value: &Scalar) -> bool {
    match value {
        Scalar::Column(column) => column.ty == ColumnType::Text,
        Scalar::Constant(_) => false,
        Scalar::Join(_)
        | Scalar::Default(..)
        | Scalar::Rewrite(..)
        | Scalar::Case(_)
        | Scalar::Member(..)
        | Scalar::Hex(..)
        | Scalar::Spelt(..)
        | Scalar::Without(..) => true,
    }
}

/// The spelling that a transform makes.
pub(super) fn transformed(transform: Transform) -> Option<Spelling> {
    match transform {
        Transform::None => None,
        Transform::Lower => Some(Spelling::Lower),
        Transform::Basename => Some(Spelling::Basename),
        Transform::Dirname => Some(Spelling::Dirname),
        Transform::Unquote => Some(Spelling::Unquote),
        Transform::Hex40 => Some(Spelling::Hex40),
        Transform::Hostname => Some(Spelling::Hostname),
    }
}

/// The one spelling of values of a type.
fn canonical(ty: &Type) -> Option<Spelling> {
    match ty {
        Type::Guid => Some(Spelling::Guid),
        Type::Hash(_) | Type::Fingerprint(_) | Type::Spki => Some(Spelling::Digits),
        Type::Integer | Type::Port | Type::Duration => Some(Spelling::Whole),
        Type::Boolean => Some(Spelling::Boolean),
        Type::List(of) => canonical(of),
        Type::Text
        | Type::Path
        | Type::Command
        | Type::Ip
        | Type::RegistryPath
        | Type::Mac
        | Type::Hashes
        | Type::Serial
        | Type::Dn
        | Type::Sid
        | Type::Domain
        | Type::Url
        | Type::Timestamp
        | Type::Enum
        | Type::SignatureState => None,
    }
}
