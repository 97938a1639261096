//! Values computed from columns, and the conditions that say which rows belong to a log source.
//!
//! `Join([RegistryKey, '\', RegistryValueName])` → `strcat(RegistryKey, @"\", RegistryValueName)`;
//! a rewriting → `replace_regex(…, @"(?i)^…", @"HKLM\\\1")`.

use super::leaf::Leaf;
use super::predicate::Nulls;
use super::spelling::spelt;
use super::syntax::{self, Kusto};
use super::{Kql, boolean};
use crate::backend::infix::Expr;
use crate::platform::{
    Among, Column, ColumnType, Condition, Member, Piece, Rewrite, Scalar, XML_REFERENCES,
};

/// The value as an expression of type `want`.
pub(super) fn print(value: &Scalar, want: ColumnType) -> Kusto {
    match value {
        Scalar::Column(column) => convert(&syntax::name(&column.name), column.ty, want),
        Scalar::Constant(constant) => convert(&syntax::text(constant), ColumnType::Text, want),
        Scalar::Member(column, path) => convert(&member_of(column, path), ColumnType::Text, want),
        Scalar::Join(parts) => match parts.as_slice() {
            [] => convert(&syntax::text(""), ColumnType::Text, want),
            [only] => print(only, want),
            parts => {
                let parts = parts.iter().map(|part| print(part, ColumnType::Text));
                let joined = Kusto::join(parts, ", ");
                convert(&Kusto::trusted(format!("strcat({joined})")), ColumnType::Text, want)
            }
        },
        Scalar::Default(inner, default) => {
            let inner = print(inner, ColumnType::Text);
            let filled = format!("coalesce({inner}, {})", syntax::text(default));
            convert(&Kusto::trusted(filled), ColumnType::Text, want)
        }
        Scalar::Rewrite(inner, rewrites) => {
            let inner = print(inner, ColumnType::Text);
            convert(
                &rewrites.iter().fold(inner, |inner, rewrite| rewritten(&inner, rewrite)),
                ColumnType::Text,
                want,
            )
        }
        Scalar::Case(cases) => convert(&case(cases), ColumnType::Text, want),
        Scalar::Hex(inner, digits) => convert(&hex(inner, *digits), ColumnType::Text, want),
        Scalar::Spelt(inner, spelling) => {
            let text = print(inner, ColumnType::Text);
            convert(&spelt(&text, *spelling), ColumnType::Text, want)
        }
        Scalar::Without(inner, texts) => {
            let text = print(inner, ColumnType::Text);
            let texts = Kusto::join(texts.iter().map(|text| syntax::text(text)), ", ");
            let filled = format!("iff({text} in~ ({texts}), \"\", {text})");
            convert(&Kusto::trusted(filled), ColumnType::Text, want)
        }
    }
}

/// `value`, an expression of type `from`, as one of type `want`; null or empty where it is none.
pub(super) fn convert(value: &Kusto, from: ColumnType, want: ColumnType) -> Kusto {
    let function = match (from, want) {
        (from, want) if from == want => return value.clone(),
        (ColumnType::Boolean, ColumnType::Text) => {
            return Kusto::trusted(format!("tolower(tostring({value}))"));
        }
        (_, ColumnType::Text | ColumnType::Ip) => "tostring",
        (_, ColumnType::Integer) => "tolong",
        (_, ColumnType::Real) => "todouble",
        (_, ColumnType::Boolean) => "tobool",
        (_, ColumnType::Time) => "todatetime",
        (_, ColumnType::Dynamic) => "todynamic",
    };
    Kusto::trusted(format!("{function}({value})"))
}

/// The rows that a condition names; null, if at all, where it is not meant to hold.
pub(super) fn condition(condition: &Condition) -> Expr<Kql> {
    let leaf = rows(&condition.column, &condition.any_of);
    match condition.negated {
        true => leaf.negative(),
        false => leaf.positive(Nulls::Drop),
    }
}

/// The rows that another table tells.
pub(super) fn among(among: &Among) -> Expr<Kql> {
    let column = syntax::name(&among.column.name);
    let conditions = among.conditions.iter().map(condition).collect();
    let rows = boolean::all(conditions).text;
    let table = syntax::name(&among.table);
    Expr::atom(format!("{column} in (({table} | where {rows} | distinct {column}))"))
}

fn rows(column: &Column, any_of: &[String]) -> Leaf {
    let name = syntax::name(&column.name);
    let numbers: Option<Vec<i64>> = any_of.iter().map(|value| value.parse().ok()).collect();
    match (column.ty, numbers) {
        (ColumnType::Integer | ColumnType::Real, Some(numbers)) => {
            let values = numbers.iter().map(|number| Kusto::trusted(number.to_string()));
            one_of(name.as_str(), values.collect(), ["==", "!=", "in", "!in"])
        }
        (ColumnType::Boolean, _) => {
            let text = Kusto::trusted(format!("tostring({name})"));
            let values = any_of.iter().map(|value| syntax::text(value)).collect();
            one_of(text.as_str(), values, ["=~", "!~", "in~", "!in~"])
        }
        (ty, _) => {
            let text = convert(&name, ty, ColumnType::Text);
            let values = any_of.iter().map(|value| syntax::text(value)).collect();
            one_of(text.as_str(), values, ["=~", "!~", "in~", "!in~"])
        }
    }
}

/// `operand` is one of the values; the operators are those for one value and for several.
fn one_of(operand: &str, values: Vec<Kusto>, operators: [&str; 4]) -> Leaf {
    let [equal, unequal, within, without] = operators;
    if let [only] = values.as_slice() {
        let yes = format!("{operand} {equal} {only}");
        return Leaf::with_negation(yes, format!("{operand} {unequal} {only}"));
    }
    let values = Kusto::join(values, ", ");
    let yes = format!("{operand} {within} ({values})");
    match within {
        "in" => Leaf::nullable(yes),
        _ => Leaf::with_negation(yes, format!("{operand} {without} ({values})")),
    }
}

/// One replacement. The pattern is anchored, so `replace_regex`, which replaces all, replaces once.
fn rewritten(value: &Kusto, rewrite: &Rewrite) -> Kusto {
    let replacement: String = rewrite
        .replacement
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.replace('\\', r"\\"),
            Piece::Group(group) => format!("\\{group}"),
        })
        .collect();
    let pattern = syntax::text(&format!("(?i){}", rewrite.pattern));
    Kusto::trusted(format!("replace_regex({value}, {pattern}, {})", syntax::text(&replacement)))
}

/// Empty where the column holds no such member.
fn member_of(column: &Column, member: &Member) -> Kusto {
    match member {
        Member::Json(path) => json_member(column, path),
        Member::Data(_) | Member::Attribute(..) => xml_member(column, member),
    }
}

/// What the groups hold, with the characters that references stand for.
fn xml_member(column: &Column, member: &Member) -> Kusto {
    let text = convert(&syntax::name(&column.name), column.ty, ColumnType::Text);
    let pattern = syntax::text(&member.pattern().unwrap_or_default());
    let groups = (1..=member.groups()).map(|group| format!("extract({pattern}, {group}, {text})"));
    let groups: Vec<String> = groups.collect();
    let found = match groups.as_slice() {
        [only] => only.clone(),
        groups => format!("strcat({})", groups.join(", ")),
    };
    let replaced = XML_REFERENCES.iter().fold(found, |text, (reference, character)| {
        let (reference, character) = (syntax::text(reference), syntax::text(character));
        format!("replace_string({text}, {reference}, {character})")
    });
    Kusto::trusted(replaced)
}

fn json_member(column: &Column, path: &[String]) -> Kusto {
    let bag = syntax::name(&column.name);
    let bag = match column.ty {
        ColumnType::Dynamic => bag,
        ColumnType::Text
        | ColumnType::Integer
        | ColumnType::Real
        | ColumnType::Boolean
        | ColumnType::Time
        | ColumnType::Ip => Kusto::trusted(format!("parse_json({bag})")),
    };
    let names: String = path.iter().map(|name| format!("[{}]", syntax::text(name))).collect();
    Kusto::trusted(format!("tostring({bag}{names})"))
}

/// A number below `16^digits`, digit by digit; what is none stays as it is. `tohex` would be
/// shorter, but its documentation leaves open how it pads, and few engines beside Kusto know it.
fn hex(inner: &Scalar, digits: u8) -> Kusto {
    let text = print(inner, ColumnType::Text);
    let is_number = matches!(inner, Scalar::Column(column) if column.ty == ColumnType::Integer);
    let number = if is_number {
        print(inner, ColumnType::Integer)
    } else {
        Kusto::trusted(format!("tolong({text})"))
    };
    let digits = u32::from(digits.clamp(1, 15));
    let digit = |place: u32| match place {
        0 => format!(r#"substring("0123456789abcdef", {number} % 16, 1)"#),
        place => {
            let unit = 16_u64.pow(place);
            format!(r#"substring("0123456789abcdef", ({number} / {unit}) % 16, 1)"#)
        }
    };
    let written: Vec<String> = (0..digits).rev().map(digit).collect();
    let (limit, written) = (16_u64.pow(digits), written.join(", "));
    Kusto::trusted(format!("iff({number} >= 0 and {number} < {limit}, strcat({written}), {text})"))
}

fn case(cases: &[(Vec<Condition>, Scalar)]) -> Kusto {
    if cases.is_empty() {
        return syntax::text("");
    }
    let mut arguments = Vec::new();
    for (conditions, value) in cases {
        let conditions = conditions.iter().map(condition).collect();
        arguments.push(boolean::all(conditions).text);
        arguments.push(print(value, ColumnType::Text));
    }
    arguments.push(syntax::text(""));
    Kusto::trusted(format!("case({})", Kusto::join(arguments, ", ")))
}
