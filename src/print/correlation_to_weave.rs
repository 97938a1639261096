//! Sigma's correlations → Weave, where Weave can say the same.
//!
//! `type: event_count`, `rules: [failed]`, `condition: {gte: 10}` → `count(failed) >= 10`.

use super::Said;
use super::sigma_to_weave::{event, head, joined};
use super::words::{self, Refusal, identifier, refused};
use crate::source::Spanned;
use crate::syntax::ast::{Condition, Correlation, CorrelationCondition, Threshold};

/// A correlation; `said` tells how its rules are said.
pub(super) fn correlation<'d>(
    correlation: &Correlation,
    said: impl Fn(&str) -> Said<'d>,
) -> Result<String, Refusal> {
    let names: Vec<String> = correlation.rules.iter().map(|rule| identifier(&rule.node)).collect();
    let mut out = head(&correlation.meta);
    out += "events:\n";
    for (name, rule) in names.iter().zip(&correlation.rules) {
        let source = match said(&rule.node) {
            Said::InSigma => format!("sigma {}", words::quoted(&rule.node)),
            Said::InWeave(name) => format!("weave {}", words::quoted(&identifier(name))),
            Said::Within(rule) => event(rule)?,
        };
        out += &format!("{name} = {source}\n");
    }
    out += "match:\n";
    for key in &correlation.group_by {
        let alias = correlation.aliases.iter().find(|alias| alias.name.node == key.node);
        let field = match alias {
            None => words::field(&key.node),
            Some(alias) => {
                let fields = alias.fields.iter().map(|(rule, field)| {
                    format!("{}: {}", identifier(&rule.node), words::field(&field.node))
                });
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
        };
        out += &format!("{} = {field}\n", identifier(&key.node));
    }
    if let Some(span) = &correlation.timespan {
        out += &format!("over {}\n", span.node);
    }
    Ok(out + &format!("condition: {}\n}}\n", correlated(correlation, &names)?))
}

/// The condition of a correlation.
fn correlated(correlation: &Correlation, names: &[String]) -> Result<String, Refusal> {
    let kind = correlation.kind.as_ref().map_or("", |kind| kind.node.as_str());
    let (fields, percentile, thresholds) = match &correlation.condition {
        None if kind == "temporal_ordered" => return Ok(names.join(" then ")),
        None => return Ok(names.join(" and ")),
        Some(CorrelationCondition::Boolean(condition)) => return boolean(condition),
        Some(CorrelationCondition::Thresholds { fields, percentile, thresholds, .. }) => {
            (fields, percentile, thresholds)
        }
    };
    let of_fields = || {
        let of = names.iter().flat_map(|name| {
            fields.iter().map(move |field| format!("{name}.{}", words::field(&field.node)))
        });
        of.collect::<Vec<_>>().join(", ")
    };
    let left = match kind {
        "event_count" => format!("count({})", names.join(", ")),
        "value_count" => format!("distinct({})", of_fields()),
        "value_sum" => format!("sum({})", of_fields()),
        "value_avg" => format!("avg({})", of_fields()),
        "value_median" => format!("median({})", of_fields()),
        "value_percentile" => {
            let percentile = percentile.as_ref().map_or(0.0, |percentile| percentile.node);
            format!("percentile({}, {percentile})", of_fields())
        }
        _ => return at_least(correlation, names, thresholds),
    };
    let limits = thresholds
        .iter()
        .map(|limit| format!("{left} {} {}", words::comparison(&limit.operator.node), limit.value));
    Ok(limits.collect::<Vec<_>>().join(" and "))
}

/// `temporal` with a threshold.
fn at_least(
    correlation: &Correlation,
    names: &[String],
    thresholds: &[Threshold],
) -> Result<String, Refusal> {
    match thresholds {
        [only] if only.operator.node == "gte" => {
            Ok(format!("{} of ({})", only.value.ceil(), names.join(", ")))
        }
        _ => refused(
            correlation.span,
            "Weave says `2 of (a, b, c)`, no other comparison",
            "use `gte`, or `and` and `not`",
        ),
    }
}

/// A condition over rules.
fn boolean(condition: &Spanned<Condition>) -> Result<String, Refusal> {
    let all =
        |parts: &[Spanned<Condition>]| parts.iter().map(boolean).collect::<Result<Vec<_>, _>>();
    match &condition.node {
        Condition::Name(name) => Ok(identifier(&name.node)),
        Condition::Not(inner) => Ok(format!("not ({})", boolean(inner)?)),
        Condition::And(parts) => Ok(joined(all(parts)?, "and")),
        Condition::Or(parts) => Ok(joined(all(parts)?, "or")),
        Condition::Of(..) | Condition::Error => refused(
            condition.span,
            "Weave has no patterns of names",
            "list the rules: `2 of (a, b, c)`",
        ),
    }
}
