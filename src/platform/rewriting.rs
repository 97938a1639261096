//! Named rewritings of a platform file: respellings of a value, as regular expressions.
//!
//! ```yaml
//! rewrites:
//!   registry:
//!     - ['^HKEY_LOCAL_MACHINE\\', 'HKLM\']
//!     - ['^HKEY_CURRENT_USER\\(S-1-)', 'HKU\$1']
//! ```
//!
//! Every target has to read the expressions alike, so only a small common subset is let through.

use regex_syntax::ast::{Ast, RepetitionKind, parse::Parser};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::yaml::Node;

use super::expression::shape;
use super::{Piece, Rewrite};

/// Reads the steps of a rewriting; what is wrong is reported (E0504).
pub(super) fn read(node: &Node, found: &mut Diagnostics) -> Vec<Rewrite> {
    let Some(items) = node.items() else {
        found.push(shape(node, "a list of `[expression, replacement]`"));
        return Vec::new();
    };
    items.iter().filter_map(|item| step(item, found)).collect()
}

fn step(node: &Node, found: &mut Diagnostics) -> Option<Rewrite> {
    let Some([pattern, replacement]) = node.items() else {
        found.push(shape(node, "`[expression, replacement]`"));
        return None;
    };
    let (Some(text), Some(by)) = (pattern.text(), replacement.text()) else {
        found.push(shape(node, "an expression and its replacement, both text"));
        return None;
    };
    let replacement = pieces(by);
    if let Err(reason) = fits(text, &replacement) {
        found.push(
            Diagnostic::new(Code::PlatformSyntax, pattern.span, reason)
                .help("use literals, classes, groups, `?`, `{n}` and `|`, with `^` or `$`"),
        );
        return None;
    }
    Some(Rewrite::new(text, replacement))
}

/// `HKU\$1` → the text `HKU\` and group 1.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        let group = rest.peek().and_then(|digit| digit.to_digit(10)).filter(|digit| *digit > 0);
        let group = group.filter(|_| next == '$').and_then(|digit| u8::try_from(digit).ok());
        let Some(group) = group else {
            literal.push(next);
            continue;
        };
        rest.next();
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Group(group));
    }
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    pieces
}

/// Whether every target reads the expression alike and the replacement's groups exist.
fn fits(pattern: &str, replacement: &[Piece]) -> Result<(), String> {
    let ast = Parser::new()
        .parse(pattern)
        .map_err(|error| format!("the expression does not parse: {}", error.kind()))?;
    if !(pattern.starts_with('^') || pattern.ends_with('$')) {
        return Err("the expression is bound to neither end of the value".to_owned());
    }
    let groups = count_groups(&ast)
        .ok_or_else(|| "a target reads a part of the expression differently".to_owned())?;
    let asked = replacement.iter().map(|piece| match piece {
        Piece::Text(_) => 0,
        Piece::Group(number) => usize::from(*number),
    });
    match asked.max().unwrap_or(0) > groups {
        true => Err(format!("the replacement asks for a group beyond the {groups} there are")),
        false => Ok(()),
    }
}

/// How many groups it has; `None`: it has something outside the common subset.
fn count_groups(ast: &Ast) -> Option<usize> {
    match ast {
        Ast::Empty(_) | Ast::Literal(_) | Ast::Assertion(_) | Ast::ClassBracketed(_) => Some(0),
        Ast::Flags(_) | Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) => None,
        Ast::Repetition(repetition) => match repetition.op.kind {
            RepetitionKind::ZeroOrOne | RepetitionKind::Range(_) => count_groups(&repetition.ast),
            RepetitionKind::ZeroOrMore | RepetitionKind::OneOrMore => None,
        },
        Ast::Group(group) => Some(1 + count_groups(&group.ast)?),
        Ast::Alternation(parts) => parts.asts.iter().map(count_groups).sum(),
        Ast::Concat(parts) => parts.asts.iter().map(count_groups).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_name_groups_by_number() {
        let expected =
            vec![Piece::Text(r"HKU\".into()), Piece::Group(1), Piece::Text("$0$".into())];
        assert_eq!(pieces(r"HKU\$1$0$"), expected);
    }

    #[test]
    fn only_what_all_targets_read_alike_is_let_through() {
        let group = [Piece::Group(1)];
        assert_eq!(fits(r"^HKEY_(USERS|CURRENT_USER)\\[A-Z]{3}$", &group), Ok(()));
        for pattern in ["^a.", "a", "^a*", r"^\d", "^(?i)a", "^(", "^a"] {
            assert!(fits(pattern, &group).is_err(), "{pattern}");
        }
    }
}
