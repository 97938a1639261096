//! Conditions that depend on what else is there: `all of them`, patterns that name one selection.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Spanned;
use crate::syntax::ast::{Condition, Detection, Pattern, Quantifier};

/// Looks at the conditions of a detection.
pub(super) fn check(detection: &Detection, found: &mut Vec<Diagnostic>) {
    for condition in &detection.conditions {
        part(condition, detection, found);
    }
}

fn part(condition: &Spanned<Condition>, detection: &Detection, found: &mut Vec<Diagnostic>) {
    match &condition.node {
        Condition::Name(_) | Condition::Error => {}
        Condition::Not(inner) => part(inner, detection, found),
        Condition::And(parts) | Condition::Or(parts) => {
            parts.iter().for_each(|one| part(one, detection, found));
        }
        Condition::Of(quantifier, pattern) => {
            let names = detection.selections.iter().map(|selection| selection.name.node.as_str());
            let mut meant = names.filter(|name| pattern.node.means(name));
            let only = (meant.next(), meant.next());
            // By SigmaHQ's convention, exceptions are `1 of filter_*` however many there are.
            if let (Some(only), None) = only
                && !only.starts_with("filter")
            {
                let message = format!("the pattern names one selection only, `{only}`");
                found.push(
                    Diagnostic::new(Code::ThemOfOne, condition.span, message)
                        .help(format!("write `{only}`")),
                );
            } else if (*quantifier, &pattern.node) == (Quantifier::All, &Pattern::Them) {
                let message = "a selection that is added later becomes part of `all of them`";
                found.push(Diagnostic::new(Code::AllOfThem, condition.span, message).help(
                    "name the selections, or their common beginning as in `all of selection_*`",
                ));
            }
        }
    }
}
