//! Columns and computed values → what stands on the left of a comparison.
//!
//! `process.executable` → itself; the registry path whose hive has to be respelt →
//! `REPLACE(registry.path, """(?i)^HKEY_USERS(\\)""", """HKU$1""")`. A value that has to be computed
//! is written where it is tested, so that nothing new is named; it is null where it is missing.

use crate::ir::TextTest;
use crate::plan::Let;
use crate::platform::{Column, ColumnType, Condition, Piece, Rewrite, Scalar, Spelling};

use super::leaf::{self, Refusal};
use super::syntax::{self, OPERATORS, Text};
use crate::backend::infix;

/// What is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    /// Its text, never looser than a call or a name.
    pub(super) text: Text,
    /// What it holds.
    pub(super) ty: ColumnType,
    /// Whether it may hold several values.
    pub(super) multi: bool,
    /// What it is called in messages.
    pub(super) name: String,
}

impl Operand {
    /// The column, or the value that is computed under its name.
    pub(super) fn of(column: &Column, lets: &[Let]) -> Result<Self, Refusal> {
        let (ty, multi, name) = (column.ty, column.multi, column.name.clone());
        let text = match lets.iter().find(|known| known.column.name == column.name) {
            None => syntax::name(&column.name),
            Some(known) => value(&known.value, ty, lets)?,
        };
        Ok(Self { text, ty, multi, name })
    }
}

/// A call of a function.
pub(super) fn call(function: &str, arguments: &[&Text]) -> Text {
    let arguments: Vec<&str> = arguments.iter().map(|argument| argument.as_str()).collect();
    Text::trusted([function, "(", &arguments.join(", "), ")"].concat())
}

/// The value, of type `want`.
fn value(scalar: &Scalar, want: ColumnType, lets: &[Let]) -> Result<Text, Refusal> {
    if let Scalar::Column(column) = scalar {
        let operand = Operand::of(column, lets)?;
        return Ok(convert(operand.text, column.ty, want));
    }
    Ok(convert(text(scalar, lets)?, ColumnType::Text, want))
}

fn convert(value: Text, from: ColumnType, want: ColumnType) -> Text {
    let function = match want {
        _ if from == want => return value,
        ColumnType::Text | ColumnType::Dynamic => "TO_STRING",
        ColumnType::Integer => "TO_LONG",
        ColumnType::Real => "TO_DOUBLE",
        ColumnType::Boolean => "TO_BOOLEAN",
        ColumnType::Time => "TO_DATETIME",
        ColumnType::Ip => "TO_IP",
    };
    call(function, &[&value])
}

/// The value as text.
fn text(scalar: &Scalar, lets: &[Let]) -> Result<Text, Refusal> {
    match scalar {
        Scalar::Column(_) => value(scalar, ColumnType::Text, lets),
        Scalar::Constant(constant) => Ok(syntax::string(constant)),
        Scalar::Join(parts) => joined(parts, lets),
        Scalar::Default(inner, default) => {
            let (inner, default) = (text(inner, lets)?, syntax::string(default));
            let case = format!("CASE({inner} IS NULL OR {inner} == \"\", {default}, {inner})");
            Ok(Text::trusted(case))
        }
        Scalar::Rewrite(inner, rewrites) => {
            let inner = text(inner, lets)?;
            Ok(rewrites.iter().fold(inner, |inner, rewrite| rewritten(&inner, rewrite)))
        }
        Scalar::Case(cases) => {
            let mut arguments = Vec::new();
            for (conditions, value) in cases {
                let conditions = conditions.iter().map(|rows| condition(rows, lets));
                let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
                arguments.push(infix::all(conditions, &OPERATORS).text);
                arguments.push(text(value, lets)?);
            }
            Ok(call("CASE", &arguments.iter().collect::<Vec<_>>()))
        }
        Scalar::Spelt(inner, spelling) => Ok(spelt(text(inner, lets)?, *spelling)),
        Scalar::Without(inner, texts) => {
            let inner = text(inner, lets)?;
            let texts = texts.iter().map(|text| syntax::string(&text.to_lowercase()));
            let texts = Text::join(texts, ", ");
            let case = format!("CASE(NOT (TO_LOWER({inner}) IN ({texts})), {inner})");
            Ok(Text::trusted(case))
        }
        Scalar::Member(column, member) => Err(Refusal::construct(
            format!("ES|QL cannot take `{}` out of the text in `{}`", member.name(), column.name),
            "map the field to a column",
        )),
        Scalar::Hex(..) => Err(Refusal::construct(
            "ES|QL cannot write a number in hexadecimal",
            "map the field to a column that holds it so",
        )),
    }
}

fn joined(parts: &[Scalar], lets: &[Let]) -> Result<Text, Refusal> {
    let part = |part: &Scalar| {
        if let Scalar::Constant(constant) = part {
            return Ok(syntax::string(constant));
        }
        Ok(call("COALESCE", &[&text(part, lets)?, &syntax::string("")]))
    };
    let parts = parts.iter().map(part).collect::<Result<Vec<_>, Refusal>>()?;
    match parts.as_slice() {
        [] => Ok(syntax::string("")),
        [only] => Ok(only.clone()),
        parts => Ok(call("CONCAT", &parts.iter().collect::<Vec<_>>())),
    }
}

/// The rows of a condition; null, if at all, where it does not hold.
fn condition(rows: &Condition, lets: &[Let]) -> Result<syntax::Expr, Refusal> {
    let operand = Operand::of(&rows.column, lets)?;
    let tests = rows.any_of.iter().map(|value| {
        let test = TextTest::Equals(value.clone());
        leaf::text(&operand, &test, leaf::Case::Ignored).map(leaf::Says::into_expr)
    });
    let any = infix::any(tests.collect::<Result<Vec<_>, _>>()?, &OPERATORS);
    Ok(match rows.negated {
        true => syntax::Expr::atom(format!("NOT COALESCE({}, FALSE)", any.text)),
        false => any,
    })
}

/// One replacement. The pattern is anchored, so `REPLACE`, which replaces all, replaces once.
fn rewritten(value: &Text, rewrite: &Rewrite) -> Text {
    let replacement: String = rewrite
        .replacement
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.replace('\\', r"\\").replace('$', r"\$"),
            Piece::Group(group) => format!("${group}"),
        })
        .collect();
    let pattern = syntax::raw(&format!("(?i){}", rewrite.pattern));
    call("REPLACE", &[value, &pattern, &syntax::raw(&replacement)])
}

/// The value in another spelling. Elastic's agents write GUIDs, hashes, numbers and booleans in one
/// spelling each, so these compare as they are stored.
fn spelt(value: Text, spelling: Spelling) -> Text {
    let without =
        |pattern: &str| call("REPLACE", &[&value, &syntax::raw(pattern), &syntax::string("")]);
    let taken = |fits: &str, pattern: &str, part: &str| {
        let part = call("REPLACE", &[&value, &syntax::raw(pattern), &syntax::string(part)]);
        Text::trusted(format!("CASE({value} RLIKE {}, {part})", syntax::raw(fits)))
    };
    match spelling {
        Spelling::Lower => call("TO_LOWER", &[&value]),
        Spelling::Basename => without(r"(?s)^.*[\\/]"),
        Spelling::Dirname => taken(r".*[\\/].*", r"(?s)[\\/][^\\/]*\z", ""),
        Spelling::Unquote => {
            let pattern = syntax::raw("(?s)^[ \t]*(?:\"([^\"]*).*|([^ \t\"][^ \t]*)?.*)$");
            call("REPLACE", &[&value, &pattern, &syntax::string("$1$2")])
        }
        Spelling::Hex40 => call(
            "TO_LOWER",
            &[&taken(
                "(.*[^0-9A-Fa-f])?[0-9A-Fa-f]{40}([^0-9A-Fa-f].*)?",
                "(?s)^(?:.*?[^0-9A-Fa-f])??([0-9A-Fa-f]{40})(?:[^0-9A-Fa-f].*)?$",
                "$1",
            )],
        ),
        Spelling::Hostname => call("TO_LOWER", &[&without(r"(?s)\..*")]),
        Spelling::Guid | Spelling::Digits | Spelling::Whole | Spelling::Boolean => value,
    }
}
