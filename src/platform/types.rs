//! Whether an expression yields what a field of the taxonomy holds.

use crate::taxonomy::{Hash, Type};

use super::{Column, ColumnType, Member, Scalar};

/// Why the expression's value is not of the field's type; `None`: it is.
///
/// Texts of platforms without types stand for numbers, booleans, addresses and times, too.
pub(super) fn misfit(ty: &Type, value: &Scalar) -> Option<String> {
    match value {
        Scalar::Column(column) => column_misfit(ty, column),
        Scalar::Constant(text) => constant_misfit(ty, text),
        Scalar::Member(column, member) => member_misfit(ty, column, member),
        Scalar::Join(parts) => not_text(ty)
            .then(|| "texts are joined".to_owned())
            .or_else(|| parts.iter().find_map(several_values)),
        Scalar::Default(inner, text) => misfit(ty, inner).or_else(|| constant_misfit(ty, text)),
        Scalar::Rewrite(inner, _) => not_text(ty)
            .then(|| "a text is rewritten".to_owned())
            .or_else(|| several_values(inner))
            .or_else(|| misfit(ty, inner)),
        Scalar::Case(cases) => cases.iter().find_map(|(_, value)| misfit(ty, value)),
        Scalar::Hex(inner, _) => not_text(ty)
            .then(|| "hexadecimal digits are text".to_owned())
            .or_else(|| several_values(inner)),
        Scalar::Spelt(inner, _) | Scalar::Without(inner, _) => misfit(ty, inner),
    }
}

fn column_misfit(ty: &Type, column: &Column) -> Option<String> {
    let name = &column.name;
    if column.multi && !matches!(ty, Type::List(_)) {
        return Some(format!("the column `{name}` may hold several values"));
    }
    if let (Some(asked), Some(held)) = (algorithm(ty), named_algorithm(name))
        && asked != held
    {
        let held = Type::Hash(held);
        return Some(format!("the column `{name}` holds `{held}`"));
    }
    let fits = match column.ty {
        // INVARIANT: what a text stands for is up to the back ends (`ColumnType::Text`).
        ColumnType::Text => true,
        ColumnType::Integer | ColumnType::Real => ty.is_number(),
        ColumnType::Boolean => *ty.element() == Type::Boolean,
        ColumnType::Time => *ty.element() == Type::Timestamp,
        ColumnType::Ip => *ty.element() == Type::Ip,
        ColumnType::Dynamic => false,
    };
    (!fits).then(|| format!("the column `{name}` holds {}", column.ty.describe()))
}

/// The algorithm of a hash or a fingerprint: digests of two algorithms never compare.
fn algorithm(ty: &Type) -> Option<Hash> {
    match ty.element() {
        Type::Hash(kind) | Type::Fingerprint(kind) => Some(*kind),
        Type::Text
        | Type::Path
        | Type::Command
        | Type::RegistryPath
        | Type::Integer
        | Type::Boolean
        | Type::Ip
        | Type::Port
        | Type::Mac
        | Type::Hashes
        | Type::Spki
        | Type::Serial
        | Type::Dn
        | Type::Guid
        | Type::Sid
        | Type::Domain
        | Type::Url
        | Type::Timestamp
        | Type::Duration
        | Type::Enum
        | Type::SignatureState
        | Type::List(_) => None,
    }
}

/// Why a column holds no digests of this algorithm, such as `SHA1`; `None`: it may.
pub(super) fn other_algorithm(algorithm: &str, column: &Column) -> Option<String> {
    let held = Type::Hash(named_algorithm(&column.name)?).to_string();
    let asked = format!("hash<{}>", algorithm.to_ascii_lowercase());
    (held != asked).then(|| format!("the column `{}` holds `{held}`", column.name))
}

/// The algorithm that a column is named after, such as `InitiatingProcessSHA256`.
fn named_algorithm(column: &str) -> Option<Hash> {
    let name = column.to_ascii_lowercase();
    let named = [
        ("imphash", Hash::Imphash),
        ("sha256", Hash::Sha256),
        ("sha1", Hash::Sha1),
        ("md5", Hash::Md5),
    ];
    named.into_iter().find(|(word, _)| name.contains(word)).map(|(_, hash)| hash)
}

fn member_misfit(ty: &Type, column: &Column, member: &Member) -> Option<String> {
    if matches!(ty, Type::List(_)) {
        return Some("a member is one value".to_owned());
    }
    let (fits, what) = match member {
        Member::Json(_) => {
            (matches!(column.ty, ColumnType::Text | ColumnType::Dynamic), "JSON objects")
        }
        Member::Data(_) | Member::Attribute(..) => (column.ty == ColumnType::Text, "XML"),
    };
    (!fits || column.multi).then(|| format!("the column `{}` holds no {what}", column.name))
}

fn constant_misfit(ty: &Type, text: &str) -> Option<String> {
    let fits = match ty {
        Type::Integer | Type::Port | Type::Duration => text.parse::<i64>().is_ok(),
        Type::Boolean => ["true", "false"].contains(&text),
        Type::Ip => text.parse::<std::net::IpAddr>().is_ok(),
        Type::Timestamp => false,
        Type::Text
        | Type::Path
        | Type::Command
        | Type::RegistryPath
        | Type::Mac
        | Type::Hash(_)
        | Type::Hashes
        | Type::Fingerprint(_)
        | Type::Spki
        | Type::Serial
        | Type::Dn
        | Type::Guid
        | Type::Sid
        | Type::Domain
        | Type::Url
        | Type::Enum
        | Type::SignatureState => true,
        Type::List(of) => return constant_misfit(of, text),
    };
    (!fits).then(|| format!("`{text}` is none"))
}

/// Whether a field of this type is no text.
fn not_text(ty: &Type) -> bool {
    !ty.is_text() || matches!(ty, Type::List(_))
}

/// Joining, rewriting and the like are for one value.
fn several_values(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Column(column) if column.multi => {
            Some(format!("the column `{}` may hold several values", column.name))
        }
        Scalar::Column(_) | Scalar::Constant(_) | Scalar::Member(..) => None,
        Scalar::Join(parts) => parts.iter().find_map(several_values),
        Scalar::Default(inner, _)
        | Scalar::Rewrite(inner, _)
        | Scalar::Hex(inner, _)
        | Scalar::Spelt(inner, _)
        | Scalar::Without(inner, _) => several_values(inner),
        Scalar::Case(cases) => cases.iter().find_map(|(_, value)| several_values(value)),
    }
}
