//! A field, a comparison and a value → the test, if the three fit together.
//!
//! The table of what fits is [`kind`]: text compares by parts, numbers by size, an address also by
//! network. A field that holds text takes any scalar as its text (`GrantedAccess: 0x1000`).

use std::net::IpAddr;

use ipnet::IpNet;

use super::item::Scope;
use super::modifiers::{Compare, Modifiers};
use super::pattern::{self, Asked};
use super::regex;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Cmp, FieldRef, Op, Part, TextCmp, TextTest, TimePart};
use crate::syntax::ast::{Value, ValueKind};
use crate::taxonomy::{Hash, Type};

/// How values of a type compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As text.
    Text,
    /// As an address, or as its text.
    Ip,
    /// As a number.
    Number,
    /// As a boolean.
    Boolean,
    /// As a point in time.
    Time,
}

/// How values of this type compare.
pub(super) fn kind(ty: &Type) -> Kind {
    match ty.element() {
        Type::Ip => Kind::Ip,
        Type::Boolean => Kind::Boolean,
        Type::Timestamp => Kind::Time,
        Type::Integer | Type::Port | Type::Duration => Kind::Number,
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
        | Type::SignatureState
        | Type::List(_) => Kind::Text,
    }
}

/// What is asked of a field: its comparison with one value, its wildcards read and its
/// transformations done (`parts`).
pub(super) struct Question<'a> {
    pub(super) field: &'a FieldRef,
    pub(super) modifiers: &'a Modifiers,
    pub(super) value: &'a Value,
}

impl Question<'_> {
    /// The test; what does not fit is reported.
    pub(super) fn op(&self, parts: Vec<Part>, scope: &mut Scope<'_>) -> Option<Op> {
        if self.value.kind == ValueKind::Null {
            return self.null(scope);
        }
        match self.modifiers.compare {
            Compare::Text(cmp) => self.text(cmp, parts, scope),
            Compare::Regex(flags) => {
                self.needs(&[Kind::Text], scope)?;
                regex::read(self.value, flags, scope.diagnostics).map(Op::Regex)
            }
            Compare::Cidr => {
                self.needs(&[Kind::Ip], scope)?;
                self.network(&parts, scope).map(Op::Cidr)
            }
            Compare::Exists => None,
            Compare::Field(cmp) => self.other_field(cmp, scope),
            Compare::Number(cmp) => {
                self.needs(&[Kind::Number], scope)?;
                let value = self.number(scope)?;
                Some(Op::Number { cmp, value })
            }
            Compare::Time(part, cmp) => {
                self.needs(&[Kind::Time], scope)?;
                let value = self.time_part(part, scope)?;
                Some(Op::TimePart { part, cmp, value })
            }
        }
    }

    /// `null`, which only equality takes.
    fn null(&self, scope: &mut Scope<'_>) -> Option<Op> {
        if self.modifiers.compare == Compare::Text(TextCmp::Equals) {
            return Some(Op::Null);
        }
        let name = self.modifiers.compare.name();
        scope.mismatch(self.value.span, format!("{name} takes no `null`"), "compare with a value");
        None
    }

    fn text(&self, cmp: TextCmp, parts: Vec<Part>, scope: &mut Scope<'_>) -> Option<Op> {
        let kind = kind(&self.field.ty);
        if cmp == TextCmp::Equals && pattern::is_star(&parts) {
            return Some(Op::Exists);
        }
        if cmp == TextCmp::Equals && is_none(&parts) && kind != Kind::Text && kind != Kind::Ip {
            return Some(Op::Null);
        }
        match kind {
            Kind::Text => {
                if cmp == TextCmp::Equals {
                    self.check_digits(&parts, scope)?;
                }
                Some(self.text_op(parts, cmp, scope))
            }
            Kind::Ip => match spelt_in_many_ways(&parts, cmp) {
                Some(address) => Some(Op::Cidr(address)),
                None => Some(self.text_op(parts, cmp, scope)),
            },
            Kind::Number => {
                self.plain(cmp, &parts, scope)?;
                let value = self.number(scope)?;
                self.check_range(value, scope)?;
                Some(Op::Number { cmp: Cmp::Eq, value })
            }
            Kind::Boolean => {
                self.plain(cmp, &parts, scope)?;
                self.boolean(scope).map(Op::Boolean)
            }
            Kind::Time => {
                self.needs(&[Kind::Text, Kind::Ip, Kind::Number, Kind::Boolean], scope)?;
                None
            }
        }
    }

    fn text_op(&self, parts: Vec<Part>, cmp: TextCmp, scope: &mut Scope<'_>) -> Op {
        if cmp != TextCmp::Equals && parts.is_empty() {
            let message = format!("every value of `{}` passes this test", self.field.name);
            scope.diagnostics.push(
                Diagnostic::new(Code::AlwaysTrue, self.value.span, message)
                    .help("write `exists: true` if the field only has to be there"),
            );
        }
        match pattern::test(parts, cmp) {
            Asked::Test(test) => Op::Text { test, cased: self.modifiers.cased },
            Asked::Anything => Op::Exists,
        }
    }

    /// Refuses comparisons by parts where only the whole value compares.
    fn plain(&self, cmp: TextCmp, parts: &[Part], scope: &mut Scope<'_>) -> Option<()> {
        if cmp != TextCmp::Equals {
            return self.needs(&[Kind::Text, Kind::Ip], scope);
        }
        if pattern::plain(parts).is_some() {
            return Some(());
        }
        let FieldRef { name, ty } = self.field;
        let message = format!("`{name}` is of type {ty}, which takes no wildcards");
        let help = "list the values, or compare with `gt`, `gte`, `lt`, `lte`";
        scope.operator(self.value.span, message, help);
        None
    }

    /// Refuses the comparison unless the field's values compare in one of these ways.
    fn needs(&self, kinds: &[Kind], scope: &mut Scope<'_>) -> Option<()> {
        let FieldRef { name, ty } = self.field;
        if kinds.contains(&kind(ty)) {
            return Some(());
        }
        let compare = self.modifiers.compare;
        let message =
            format!("{} makes no sense for `{name}`, which is of type {ty}", compare.name());
        let help = match compare {
            Compare::Number(_) => "`gt`, `gte`, `lt` and `lte` compare numbers",
            Compare::Cidr => "`cidr` is for addresses",
            Compare::Time(..) => "`hour` and its kin are for points in time",
            Compare::Text(_) | Compare::Regex(_) | Compare::Exists | Compare::Field(_) => {
                match kind(ty) {
                    Kind::Number => "compare with a number, by `gt`, `gte`, `lt` or `lte`",
                    Kind::Boolean => "compare with `true` or `false`",
                    Kind::Time => "compare parts of the time, by `hour`, `day`, …",
                    Kind::Ip => "compare with addresses or networks (`cidr`)",
                    Kind::Text => "compare with text",
                }
            }
        };
        scope.operator(scope.at, message, help);
        None
    }

    fn number(&self, scope: &mut Scope<'_>) -> Option<f64> {
        let number = match self.value.kind {
            ValueKind::Integer(value) => Some(value as f64),
            ValueKind::Float(value) => Some(value),
            ValueKind::Text | ValueKind::Literal | ValueKind::Glob => {
                self.value.text.trim().parse().ok()
            }
            ValueKind::Boolean(_) | ValueKind::Null => None,
        };
        if let Some(number) = number.filter(|number: &f64| number.is_finite()) {
            return Some(number);
        }
        let FieldRef { name, ty } = self.field;
        let found = &self.value.text;
        let message = format!("`{name}` is of type {ty}, `{found}` is no number");
        scope.mismatch(self.value.span, message, "write a decimal number");
        None
    }

    /// Refuses numbers that the type never holds.
    fn check_range(&self, number: f64, scope: &mut Scope<'_>) -> Option<()> {
        let ty = self.field.ty.element();
        let help = if *ty == Type::Port && !(0.0..=65535.0).contains(&number) {
            "ports are 0 to 65535"
        } else if *ty != Type::Duration && number.fract() != 0.0 {
            "it holds whole numbers"
        } else {
            return Some(());
        };
        let message = format!("`{}` is never {number}", self.field.name);
        scope.mismatch(self.value.span, message, help);
        None
    }

    fn boolean(&self, scope: &mut Scope<'_>) -> Option<bool> {
        match self.value.text.to_ascii_lowercase().as_str() {
            "true" => return Some(true),
            "false" => return Some(false),
            _ => {}
        }
        let message =
            format!("`{}` is of type boolean, found `{}`", self.field.name, self.value.text);
        scope.mismatch(self.value.span, message, "write `true` or `false`");
        None
    }

    /// Refuses a hash that is none, as it would never be found.
    fn check_digits(&self, parts: &[Part], scope: &mut Scope<'_>) -> Option<()> {
        let ty = self.field.ty.element();
        let (Type::Hash(hash) | Type::Fingerprint(hash)) = ty else { return Some(()) };
        let digits = digits(*hash);
        let Some(text) = pattern::plain(parts).filter(|text| !text.is_empty()) else {
            return Some(());
        };
        if text.len() == digits && text.chars().all(|c| c.is_ascii_hexdigit()) {
            return Some(());
        }
        let message = format!("`{}` is of type {ty}, `{text}` is none", self.field.name);
        let help = format!("write {digits} hexadecimal digits without colons or blanks");
        scope.mismatch(self.value.span, message, &help);
        None
    }

    fn network(&self, parts: &[Part], scope: &mut Scope<'_>) -> Option<IpNet> {
        let text = pattern::plain(parts).unwrap_or(&self.value.text);
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
        let help = match net {
            Some(net) if net.trunc() == net => return Some(net),
            Some(net) => format!("the network it lies in is `{}`", net.trunc()),
            None => "write an IPv4 or IPv6 network such as `10.0.0.0/8` or `fe80::/10`".to_owned(),
        };
        let message = format!("`{text}` is not a network");
        scope.diagnostics.push(Diagnostic::new(Code::BadCidr, self.value.span, message).help(help));
        None
    }

    fn other_field(&self, cmp: TextCmp, scope: &mut Scope<'_>) -> Option<Op> {
        let other = scope.field(&self.value.text, self.value.span)?;
        let (ours, theirs) = (kind(&self.field.ty), kind(&other.ty));
        let fits = ours == theirs && (cmp == TextCmp::Equals || ours == Kind::Text);
        if fits && ours != Kind::Time {
            return Some(Op::Field { cmp, other, cased: self.modifiers.cased });
        }
        let message = format!(
            "`{}` is of type {}, `{}` of type {}: they cannot be compared",
            self.field.name, self.field.ty, other.name, other.ty
        );
        scope.operator(self.value.span, message, "compare fields of the same kind");
        None
    }

    fn time_part(&self, part: TimePart, scope: &mut Scope<'_>) -> Option<i64> {
        let range = match part {
            TimePart::Minute => 0..=59,
            TimePart::Hour => 0..=23,
            TimePart::Day => 1..=31,
            TimePart::Week => 1..=53,
            TimePart::Month => 1..=12,
            TimePart::Year => 1..=9999,
        };
        let number = match self.value.kind {
            ValueKind::Integer(number) => Some(number),
            ValueKind::Text | ValueKind::Literal | ValueKind::Glob => {
                self.value.text.trim().parse().ok()
            }
            ValueKind::Float(_) | ValueKind::Boolean(_) | ValueKind::Null => None,
        };
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return Some(number);
        }
        let message = format!("`{}` is not a part of a time here", self.value.text);
        let help = format!("write a whole number from {} to {}", range.start(), range.end());
        scope
            .diagnostics
            .push(Diagnostic::new(Code::BadNumber, self.value.span, message).help(help));
        None
    }
}

/// Whether it is how logs write that there is no value. A field that is no text never holds it: for
/// such a field it means missing.
fn is_none(parts: &[Part]) -> bool {
    matches!(pattern::plain(parts), Some("" | "-"))
}

/// The hexadecimal digits of a hash.
fn digits(hash: Hash) -> usize {
    match hash {
        Hash::Md5 | Hash::Imphash => 32,
        Hash::Sha1 => 40,
        Hash::Sha256 => 64,
    }
}

/// The IPv6 address that a value is compared with, as the network that holds nothing else: events
/// spell `::1` as `0:0:0:0:0:0:0:1`, too. An IPv4 address has one spelling and compares as text.
fn spelt_in_many_ways(parts: &[Part], cmp: TextCmp) -> Option<IpNet> {
    let whole = (cmp == TextCmp::Equals).then(|| pattern::plain(parts)).flatten()?;
    let address = whole.parse::<IpAddr>().ok().filter(IpAddr::is_ipv6)?;
    Some(IpNet::from(address))
}

/// The test that a keyword asks for: it occurs anywhere in the event.
pub(super) fn keyword(parts: Vec<Part>) -> Option<TextTest> {
    match pattern::test(parts, TextCmp::Contains) {
        Asked::Test(test) => Some(test),
        Asked::Anything => None,
    }
}
