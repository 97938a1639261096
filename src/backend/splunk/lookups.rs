//! Lists that Splunk keeps → `lookup` commands before the tests, and tests on what they found.
//!
//! `Account` in the lookup `admins` (column `User`) → `| lookup admins User AS Account OUTPUT User AS
//! sw_in0`, then `isnotnull(sw_in0)`. Whether case counts is what the lookup's definition says
//! (`case_sensitive_match`), not the search: the project says which.

use super::expression::name;
use super::legs::Legs;
use super::syntax::{Eval, list_field};
use super::value::Assignments;
use crate::backend::Fragment;
use crate::backend::infix::Expr;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{List, Op};
use crate::platform::Column;
use crate::source::Span;

/// Adds the commands for all tests of the legs, each once.
///
/// # Errors
/// Refusals of lists that have no name Splunk can read.
pub(super) fn look_up(
    Legs { legs, .. }: Legs<'_>,
    steps: &mut Assignments,
) -> Result<(), Vec<Diagnostic>> {
    let mut commands: Vec<Result<(String, String), Diagnostic>> = Vec::new();
    for (leg, flag) in
        legs.iter().flat_map(|leg| leg.flags.iter().map(move |(_, flag)| (leg, flag)))
    {
        let computed = |column: &Column| leg.lets.iter().any(|found| found.column == *column);
        flag.tests(&mut |test| {
            if let Op::Listed { list, .. } = &test.op {
                let found = match computed(&test.field) {
                    true => Err(unreadable(&test.field.name, test.span)),
                    false => command(&test.field, list, test.span),
                };
                if !commands.contains(&found) {
                    commands.push(found);
                }
            }
        });
    }
    let mut refused = Vec::new();
    for command in commands {
        match command {
            Ok((text, found)) => {
                steps.command(&text);
                steps.scratch.push(Fragment::trusted(found));
            }
            Err(refusal) => refused.push(refusal),
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

/// Whether the lookup found the value.
pub(super) fn test(
    column: &Column,
    list: &List,
    cased: bool,
    span: Span,
) -> Result<Vec<Expr<Eval>>, Diagnostic> {
    if cased == list.folds {
        let (does, says, way) = match cased {
            true => ("in any case", "kept", "true"),
            false => ("with regard to case", "ignored", "false"),
        };
        let message = format!("the lookup `{}` compares {does}, the rule does not", list.name);
        return Err(Diagnostic::new(Code::ListNotKept, span, message).help(format!(
            "set `case_sensitive_match = {way}` for it in transforms.conf, and say `case = \"{says}\"` \
             in `[lookups.{}]`",
            list.name
        )));
    }
    let field = name(column, span)?;
    let found = found(column, list);
    Ok(vec![Expr::atom(format!("isnotnull({field})")), Expr::atom(format!("isnotnull({found})"))])
}

/// The command, and the column that it fills.
fn command(column: &Column, list: &List, span: Span) -> Result<(String, String), Diagnostic> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let table = list.table();
    if table.is_empty() || !table.chars().all(plain) {
        return Err(unreadable(table, span));
    }
    let field = list_field(&column.name).filter(|_| !column.multi);
    let field = field.ok_or_else(|| unreadable(&column.name, span))?;
    let entry = list_field(&list.column).ok_or_else(|| unreadable(&list.column, span))?;
    let found = found(column, list);
    Ok((format!("lookup {table} {entry} AS {field} OUTPUT {entry} AS {found}"), found))
}

fn unreadable(what: &str, span: Span) -> Diagnostic {
    let message = format!("the command `lookup` cannot take `{what}`");
    Diagnostic::new(Code::ListNotKept, span, message).help(
        "it takes lookups named with letters, digits, `_`, `-` and `.`, and fields of one value that \
         are stored; give the list values in `[parameters]`",
    )
}

/// The column that says whether a list holds the value of a column: no two have the same.
fn found(column: &Column, list: &List) -> String {
    let letters = |text: &str| -> String {
        let letter = |c: char| match c {
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c => format!("_{:x}_", u32::from(c)),
        };
        text.chars().map(letter).collect()
    };
    format!("sw_{}_in_{}", letters(&column.name), letters(&list.name))
}
