//! Types of fields: what a value is, so that only comparisons that make sense are accepted.

use std::fmt;

/// An algorithm of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hash {
    /// 32 hexadecimal digits.
    Md5,
    /// 40 hexadecimal digits.
    Sha1,
    /// 64 hexadecimal digits.
    Sha256,
    /// Hash of an import table, 32 hexadecimal digits.
    Imphash,
}

/// What a field's values are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// Any text.
    Text,
    /// A file's path, folder and name.
    Path,
    /// A command line.
    Command,
    /// A registry key, with its value's name where there is one.
    RegistryPath,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A port, 0 to 65535.
    Port,
    /// A hardware address.
    Mac,
    /// A hash.
    Hash(Hash),
    /// Several hashes in one text, such as `SHA1=…,MD5=…`.
    Hashes,
    /// A certificate's hash.
    Fingerprint(Hash),
    /// Hash of a public key.
    Spki,
    /// A certificate's serial number.
    Serial,
    /// A distinguished name.
    Dn,
    /// A GUID.
    Guid,
    /// A security identifier.
    Sid,
    /// A domain or host name.
    Domain,
    /// A URL.
    Url,
    /// A point in time.
    Timestamp,
    /// A length of time in seconds.
    Duration,
    /// One of a few words.
    Enum,
    /// Whether and by whom a file is signed.
    SignatureState,
    /// Several values.
    List(Box<Type>),
}

impl Type {
    /// Whether values compare as text (and so may be matched by parts, patterns and expressions).
    #[must_use]
    pub fn is_text(&self) -> bool {
        match self {
            Self::Text
            | Self::Path
            | Self::Command
            | Self::RegistryPath
            | Self::Mac
            | Self::Hash(_)
            | Self::Hashes
            | Self::Fingerprint(_)
            | Self::Spki
            | Self::Serial
            | Self::Dn
            | Self::Guid
            | Self::Sid
            | Self::Domain
            | Self::Url
            | Self::Enum
            | Self::SignatureState => true,
            Self::Integer
            | Self::Boolean
            | Self::Ip
            | Self::Port
            | Self::Timestamp
            | Self::Duration => false,
            Self::List(of) => of.is_text(),
        }
    }

    /// Whether values compare as numbers.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.element(), Self::Integer | Self::Port | Self::Duration)
    }

    /// The type of one value.
    #[must_use]
    pub fn element(&self) -> &Self {
        match self {
            Self::List(of) => of.element(),
            Self::Text
            | Self::Path
            | Self::Command
            | Self::RegistryPath
            | Self::Mac
            | Self::Hash(_)
            | Self::Hashes
            | Self::Fingerprint(_)
            | Self::Spki
            | Self::Serial
            | Self::Dn
            | Self::Guid
            | Self::Sid
            | Self::Domain
            | Self::Url
            | Self::Enum
            | Self::SignatureState
            | Self::Integer
            | Self::Boolean
            | Self::Ip
            | Self::Port
            | Self::Timestamp
            | Self::Duration => self,
        }
    }

    /// The type with this name, as in `list<domain>`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(of) = name.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
            return Self::parse(of).map(|of| Self::List(Box::new(of)));
        }
        NAMES.iter().find(|(_, known)| *known == name).map(|(ty, _)| ty.clone())
    }
}

/// Types that are no lists, with their names.
const NAMES: &[(Type, &str)] = &[
    (Type::Text, "text"),
    (Type::Path, "path"),
    (Type::Command, "command"),
    (Type::RegistryPath, "registry_path"),
    (Type::Integer, "integer"),
    (Type::Boolean, "boolean"),
    (Type::Ip, "ip"),
    (Type::Port, "port"),
    (Type::Mac, "mac"),
    (Type::Hash(Hash::Md5), "hash<md5>"),
    (Type::Hash(Hash::Sha1), "hash<sha1>"),
    (Type::Hash(Hash::Sha256), "hash<sha256>"),
    (Type::Hash(Hash::Imphash), "hash<imphash>"),
    (Type::Hashes, "hashes"),
    (Type::Fingerprint(Hash::Sha1), "fingerprint<sha1>"),
    (Type::Fingerprint(Hash::Sha256), "fingerprint<sha256>"),
    (Type::Spki, "spki"),
    (Type::Serial, "serial"),
    (Type::Dn, "dn"),
    (Type::Guid, "guid"),
    (Type::Sid, "sid"),
    (Type::Domain, "domain"),
    (Type::Url, "url"),
    (Type::Timestamp, "timestamp"),
    (Type::Duration, "duration"),
    (Type::Enum, "enum"),
    (Type::SignatureState, "signature_state"),
];

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::List(of) = self {
            return write!(out, "list<{of}>");
        }
        let name = NAMES.iter().find(|(ty, _)| ty == self).map_or("hash", |(_, name)| name);
        out.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for (ty, name) in NAMES {
            assert_eq!(Type::parse(name).as_ref(), Some(ty));
            assert_eq!(ty.to_string(), *name);
        }
        let list = Type::parse("list<list<ip>>").unwrap();
        assert_eq!(list.to_string(), "list<list<ip>>");
        assert_eq!(list.element(), &Type::Ip);
    }
}
