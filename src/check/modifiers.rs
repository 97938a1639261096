//! The modifiers of a field key → one comparison and the transformations before it.
//!
//! `CommandLine|wide|base64offset|contains` →
//! `Modifiers { compare: Text(Contains), encodings: [Utf16le, Base64Offset], .. }`.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Cmp, TextCmp, TimePart};
use crate::source::Spanned;

/// How a field compares with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    /// By its text (or number, or …), equal unless a modifier says otherwise.
    Text(TextCmp),
    /// `re` and its flags.
    Regex(Flags),
    /// `cidr`.
    Cidr,
    /// `exists`.
    Exists,
    /// `fieldref`.
    Field(TextCmp),
    /// `gt` and its kin.
    Number(Cmp),
    /// `hour` and its kin.
    Time(TimePart, Cmp),
}

/// The flags of a regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags {
    /// `i`
    pub(super) ignore_case: bool,
    /// `m`
    pub(super) multiline: bool,
    /// `s`
    pub(super) dotall: bool,
}

/// A transformation of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// `wide`, `utf16le`
    Utf16le,
    /// `utf16be`
    Utf16be,
    /// `utf16`: little-endian with a byte order mark.
    Utf16,
    /// `base64`
    Base64,
    /// `base64offset`
    Base64Offset,
    /// `windash`
    Windash,
}

/// What the modifiers of a field key say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Modifiers {
    /// The comparison.
    pub(super) compare: Compare,
    /// The transformations, in order.
    pub(super) encodings: Vec<Encoding>,
    /// `all`: every value, not any of them.
    pub(super) all: bool,
    /// `neq`: none of them.
    pub(super) neq: bool,
    /// `cased`: case counts.
    pub(super) cased: bool,
    /// `expand`: placeholders are replaced.
    pub(super) expand: bool,
}

/// A modifier as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Modifier {
    Text(TextCmp),
    Regex,
    Flag(char),
    Cidr,
    Exists,
    Field,
    Number(Cmp),
    Time(TimePart),
    Encode(Encoding),
    All,
    Neq,
    Cased,
    Expand,
}

/// All modifiers by name.
const MODIFIERS: &[(&str, Modifier)] = &[
    ("contains", Modifier::Text(TextCmp::Contains)),
    ("startswith", Modifier::Text(TextCmp::StartsWith)),
    ("endswith", Modifier::Text(TextCmp::EndsWith)),
    ("all", Modifier::All),
    ("re", Modifier::Regex),
    ("i", Modifier::Flag('i')),
    ("ignorecase", Modifier::Flag('i')),
    ("m", Modifier::Flag('m')),
    ("multiline", Modifier::Flag('m')),
    ("s", Modifier::Flag('s')),
    ("dotall", Modifier::Flag('s')),
    ("cased", Modifier::Cased),
    ("base64", Modifier::Encode(Encoding::Base64)),
    ("base64offset", Modifier::Encode(Encoding::Base64Offset)),
    ("utf16le", Modifier::Encode(Encoding::Utf16le)),
    ("wide", Modifier::Encode(Encoding::Utf16le)),
    ("utf16be", Modifier::Encode(Encoding::Utf16be)),
    ("utf16", Modifier::Encode(Encoding::Utf16)),
    ("windash", Modifier::Encode(Encoding::Windash)),
    ("cidr", Modifier::Cidr),
    ("exists", Modifier::Exists),
    ("expand", Modifier::Expand),
    ("fieldref", Modifier::Field),
    ("gt", Modifier::Number(Cmp::Gt)),
    ("gte", Modifier::Number(Cmp::Gte)),
    ("lt", Modifier::Number(Cmp::Lt)),
    ("lte", Modifier::Number(Cmp::Lte)),
    ("neq", Modifier::Neq),
    ("minute", Modifier::Time(TimePart::Minute)),
    ("hour", Modifier::Time(TimePart::Hour)),
    ("day", Modifier::Time(TimePart::Day)),
    ("week", Modifier::Time(TimePart::Week)),
    ("month", Modifier::Time(TimePart::Month)),
    ("year", Modifier::Time(TimePart::Year)),
];

/// What these modifiers say; what makes no sense is reported and left out.
pub(super) fn read(names: &[Spanned<String>], diagnostics: &mut Diagnostics) -> Modifiers {
    let mut read = Modifiers {
        compare: Compare::Text(TextCmp::Equals),
        encodings: Vec::new(),
        all: false,
        neq: false,
        cased: false,
        expand: false,
    };
    for (at, name) in names.iter().enumerate() {
        let Some(modifier) = find(&name.node) else {
            diagnostics.push(unknown(name));
            continue;
        };
        let twice = names.iter().take(at).any(|before| find(&before.node) == Some(modifier));
        let applied = if twice { Err("it stands twice".to_owned()) } else { read.apply(modifier) };
        if let Err(why) = applied {
            diagnostics.push(conflict(name, &why));
        }
    }
    if let (Some(name), Err(why)) = (names.last(), read.agree()) {
        diagnostics.push(conflict(name, why));
    }
    read
}

/// Whether a modifier has this name.
pub(super) fn is_known(name: &str) -> bool {
    find(name).is_some()
}

fn find(name: &str) -> Option<Modifier> {
    MODIFIERS.iter().find(|(known, _)| *known == name).map(|(_, modifier)| *modifier)
}

fn unknown(name: &Spanned<String>) -> Diagnostic {
    let message = format!("there is no modifier `{}`", name.node);
    Diagnostic::new(Code::UnknownModifier, name.span, message)
        .nearest(&name.node, MODIFIERS.iter().map(|(known, _)| *known))
}

fn conflict(name: &Spanned<String>, why: &str) -> Diagnostic {
    let message = format!("the modifier `{}` cannot stand here: {why}", name.node);
    let help = if let Some(Modifier::Flag(_)) = find(&name.node) {
        format!("text compares in any case; for a regular expression write `re|{}`", name.node)
    } else {
        "use one comparison per field key, transformations of the values before it".to_owned()
    };
    Diagnostic::new(Code::ModifierConflict, name.span, message).help(help)
}

impl Modifiers {
    /// Adds a modifier.
    fn apply(&mut self, modifier: Modifier) -> Result<(), String> {
        match modifier {
            Modifier::All => self.all = true,
            Modifier::Neq => self.neq = true,
            Modifier::Cased => self.cased = true,
            Modifier::Expand => self.expand = true,
            Modifier::Encode(encoding) => self.encode(encoding)?,
            Modifier::Flag(flag) => self.flag(flag)?,
            Modifier::Text(_)
            | Modifier::Regex
            | Modifier::Cidr
            | Modifier::Exists
            | Modifier::Field
            | Modifier::Number(_)
            | Modifier::Time(_) => self.compare = self.compared(modifier)?,
        }
        Ok(())
    }

    /// The comparison with one more modifier.
    fn compared(&self, modifier: Modifier) -> Result<Compare, String> {
        const PLAIN: Compare = Compare::Text(TextCmp::Equals);
        Ok(match (self.compare, modifier) {
            (PLAIN, Modifier::Text(cmp)) => Compare::Text(cmp),
            (Compare::Field(TextCmp::Equals), Modifier::Text(cmp)) => Compare::Field(cmp),
            (Compare::Text(cmp), Modifier::Field) => Compare::Field(cmp),
            (PLAIN, Modifier::Regex) => Compare::Regex(Flags::default()),
            (PLAIN, Modifier::Cidr) => Compare::Cidr,
            (PLAIN, Modifier::Exists) => Compare::Exists,
            (PLAIN, Modifier::Number(cmp)) => Compare::Number(cmp),
            (Compare::Time(part, Cmp::Eq), Modifier::Number(cmp)) => Compare::Time(part, cmp),
            (PLAIN, Modifier::Time(part)) => Compare::Time(part, Cmp::Eq),
            (Compare::Number(cmp), Modifier::Time(part)) => Compare::Time(part, cmp),
            (before, _) => return Err(format!("{} is asked for already", before.name())),
        })
    }

    fn flag(&mut self, flag: char) -> Result<(), String> {
        let Compare::Regex(flags) = &mut self.compare else {
            return Err("it has a meaning after `re` only".to_owned());
        };
        match flag {
            'i' => flags.ignore_case = true,
            'm' => flags.multiline = true,
            _ => flags.dotall = true,
        }
        Ok(())
    }

    fn encode(&mut self, encoding: Encoding) -> Result<(), String> {
        let bytes = |step: &Encoding| *step != Encoding::Windash;
        let base64 = |step: &Encoding| matches!(step, Encoding::Base64 | Encoding::Base64Offset);
        if encoding == Encoding::Windash && self.encodings.iter().any(bytes) {
            return Err("the value is encoded already".to_owned());
        }
        if self.encodings.iter().any(base64) {
            return Err("the value is base64 already".to_owned());
        }
        if bytes(&encoding) && !base64(&encoding) && self.encodings.iter().any(bytes) {
            return Err("the value is UTF-16 already".to_owned());
        }
        if bytes(&encoding) && self.compare != Compare::Text(TextCmp::Equals) {
            return Err(format!("{} has to come after it", self.compare.name()));
        }
        self.encodings.push(encoding);
        Ok(())
    }

    /// Whether they fit together.
    fn agree(&self) -> Result<(), &'static str> {
        let text = matches!(self.compare, Compare::Text(_));
        if self.cased && !text && !matches!(self.compare, Compare::Field(_)) {
            return Err("`cased` is for comparisons of text only");
        }
        if !self.encodings.is_empty() && !text {
            return Err("values are transformed for comparisons of text only");
        }
        if self.expand && !matches!(self.compare, Compare::Text(_) | Compare::Cidr) {
            return Err("`expand` is for comparisons of text and for `cidr` only");
        }
        if self.all && self.compare == Compare::Exists {
            return Err("`exists` takes one value");
        }
        if self.all && self.neq {
            return Err("`neq` means none of the values, so `all` adds nothing");
        }
        Ok(())
    }
}

impl Compare {
    /// What messages call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text(cmp) => text_name(cmp),
            Self::Regex(_) => "`re`",
            Self::Cidr => "`cidr`",
            Self::Exists => "`exists`",
            Self::Field(_) => "`fieldref`",
            Self::Number(cmp) | Self::Time(_, cmp) => match cmp {
                Cmp::Eq => "equality of a part of the time",
                Cmp::Neq => "`neq`",
                Cmp::Lt => "`lt`",
                Cmp::Lte => "`lte`",
                Cmp::Gt => "`gt`",
                Cmp::Gte => "`gte`",
            },
        }
    }
}

fn text_name(cmp: TextCmp) -> &'static str {
    match cmp {
        TextCmp::Equals => "equality",
        TextCmp::StartsWith => "`startswith`",
        TextCmp::EndsWith => "`endswith`",
        TextCmp::Contains => "`contains`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn codes(key: &str) -> (Modifiers, Vec<&'static str>) {
        let names: Vec<_> = key
            .split('|')
            .filter(|name| !name.is_empty())
            .map(|name| Spanned::new(name.to_owned(), Span::default()))
            .collect();
        let mut diagnostics = Diagnostics::default();
        let read = read(&names, &mut diagnostics);
        (read, diagnostics.iter().map(|found| found.code.id()).collect())
    }

    #[test]
    fn modifiers_that_agree_are_read() {
        let keys = [
            "",
            "contains|all",
            "windash|contains|all",
            "contains|windash",
            "re|i|m|s",
            "re|all",
            "wide|base64offset|contains",
            "utf16|base64",
            "cased|endswith",
            "fieldref|startswith",
            "endswith|fieldref|cased",
            "fieldref|neq",
            "hour|gte",
            "gte|hour",
            "neq",
            "cidr|neq",
            "expand|contains",
            "exists",
            "gt|neq",
            "cidr|expand",
            "windash|base64",
        ];
        for key in keys {
            assert_eq!(codes(key).1, Vec::<&str>::new(), "{key}");
        }
        let (read, _) = codes("re|i|s");
        let flags = Flags { ignore_case: true, multiline: false, dotall: true };
        assert_eq!(read.compare, Compare::Regex(flags));
        assert_eq!(codes("gte|hour").0.compare, Compare::Time(TimePart::Hour, Cmp::Gte));
        assert_eq!(codes("endswith|fieldref").0.compare, Compare::Field(TextCmp::EndsWith));
    }

    #[test]
    fn modifiers_that_contradict_each_other_are_refused() {
        let keys = [
            "contains|startswith",
            "re|contains",
            "contains|re",
            "i",
            "contains|i",
            "cidr|contains",
            "all|all",
            "re|cased",
            "base64|base64",
            "base64|wide",
            "contains|base64",
            "exists|all",
            "re|base64",
            "gt|lt",
            "cidr|cased",
            "fieldref|expand",
            "neq|all",
            "hour|minute",
            "base64|windash",
            "wide|utf16be",
            "re|i|ignorecase",
        ];
        for key in keys {
            assert_eq!(codes(key).1, ["E0403"], "{key}");
        }
    }

    #[test]
    fn unknown_modifiers_are_refused_one_by_one() {
        assert_eq!(codes("contain|beginswith").1, ["E0304", "E0304"]);
        let mut diagnostics = Diagnostics::default();
        read(&[Spanned::new("endwith".into(), Span::default())], &mut diagnostics);
        let help = diagnostics.iter().next().and_then(|found| found.help.clone());
        assert_eq!(help.as_deref(), Some("the nearest name is `endswith`"));
    }
}
