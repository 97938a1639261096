//! `sigweave pivot`: certificates and what is known of them → indicators, scores, clusters, and hunting
//! queries for every platform.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::check::{self, Options};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::ir::Rule;
use crate::pivot::{self, Band, Cluster, Hunt, Indicator};
use crate::source::SourceMap;
use crate::syntax::weave;
use crate::taxonomy::Taxonomy;

use super::convert::usage;
use super::goal::{self, Goal};
use super::output::{Output, counted, tally};
use super::{FINDINGS, Format, GoalArguments, files};

/// Arguments of `pivot`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave pivot evil.pem                     indicators, scores and queries for every platform
  sigweave pivot root.reg -t splunk           from a registry key that `reg export` wrote
  sigweave pivot crtsh.json leads.csv -e soc  rows of certificate transparency, and known indicators
  sigweave pivot evil.pem --lookup            a CSV that bridges SHA-1 and SHA-256")]
pub(super) struct Arguments {
    /// Certificates (PEM, DER, PKCS#7), registry exports or `Blob`s, JSON of crt.sh, certstream, Zeek or
    /// Suricata, CSV of known indicators; `-` is standard input.
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    goal: GoalArguments,
    /// Print only the CSV that bridges SHA-1, SHA-256 and the hash of the key.
    #[arg(long)]
    lookup: bool,
    /// How results are printed. As JSON, one object on standard output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A hunt on all goals.
struct Outcome {
    hunt: Hunt,
    on: Vec<(usize, Answer)>,
}

/// The queries of a hunt on a goal, or why there are none.
type Answer = Result<Vec<String>, Vec<Diagnostic>>;

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    let goals = match goal::asked(&arguments.goal) {
        Ok(goals) => goals,
        Err(problems) => return usage(output, &problems),
    };
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let (mut indicators, mut problems) = (Vec::new(), Vec::new());
    for path in &arguments.inputs {
        match files::read(path) {
            Ok(bytes) => {
                let name = path.display().to_string();
                indicators.extend(pivot::read(&name, &bytes, &mut sources, &mut diagnostics));
            }
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return usage(output, &problems);
    }
    let found = diagnostics.into_sorted();
    output.findings(&found, &sources);
    if arguments.lookup {
        pivot::lookup(&indicators).lines().for_each(|line| output.told(line));
    } else {
        let clusters = pivot::clusters(&indicators);
        let outcomes = hunted(&indicators, &goals);
        match arguments.format {
            Format::Text => print_text(&indicators, &clusters, &outcomes, &goals, output),
            Format::Json => print_json(&indicators, &clusters, &outcomes, &goals, output),
        }
    }
    let known = counted(indicators.len(), "certificate");
    output.remark(&format!("{known}: {}", tally(&found)));
    let errors = found.iter().any(|found| found.code.severity() == Severity::Error);
    if errors { FINDINGS } else { 0 }
}

/// What each goal makes of each hunt.
fn hunted(indicators: &[Indicator], goals: &[Goal]) -> Vec<Outcome> {
    let taxonomy = Taxonomy::standard();
    let hunts = pivot::hunts(indicators);
    hunts
        .into_par_iter()
        .map(|hunt| {
            let rule = hunt.rule.as_deref().and_then(|text| checked(text, &taxonomy));
            let compiled = |rule: Arc<Rule>| {
                let query = |goal: &Goal| {
                    let queries = goal.compile(&rule)?;
                    Ok(queries.into_iter().map(|query| query.text).collect())
                };
                goals.iter().map(query).enumerate().collect()
            };
            Outcome { on: rule.map(compiled).unwrap_or_default(), hunt }
        })
        .collect()
}

/// The rule that a text means.
fn checked(text: &str, taxonomy: &Taxonomy) -> Option<Arc<Rule>> {
    let mut sources = SourceMap::default();
    let source = sources.add("hunt", text);
    let mut diagnostics = Diagnostics::default();
    let documents = weave::parse(source, sources.text(source), &mut diagnostics);
    let rules = check::check(&documents, taxonomy, &Options::default(), &mut diagnostics);
    rules.into_iter().flatten().next()
}

fn print_text(
    indicators: &[Indicator],
    clusters: &[Cluster],
    outcomes: &[Outcome],
    goals: &[Goal],
    output: &mut Output,
) {
    for indicator in indicators {
        print_indicator(indicator, output);
    }
    for cluster in clusters {
        let origin = |member: &usize| indicators.get(*member).map(|of| of.origin.as_str());
        let members: Vec<&str> = cluster.members.iter().filter_map(origin).collect();
        output.told(&format!("cluster of {}: {}", members.len(), members.join(", ")));
        for (kind, value) in &cluster.shared {
            output.told(&format!("  share {kind} {value}"));
        }
        output.line("");
    }
    for outcome in outcomes {
        print_hunt(outcome, goals, output);
    }
}

fn print_indicator(indicator: &Indicator, output: &mut Output) {
    let keys = pivot::keys(indicator);
    output.told(&format!("{}: {}", indicator.origin, Band::of(&keys).name()));
    let name = |parts: &[(String, String)]| {
        let parts: Vec<String> =
            parts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        parts.join(", ")
    };
    let valid = |from: i64, to: i64| format!("{} to {}", pivot::shown(from), pivot::shown(to));
    let validity = indicator.not_before.zip(indicator.not_after).map(|(from, to)| valid(from, to));
    let names = match indicator.names.len() {
        0..=10 => indicator.names.join(" "),
        count => format!(
            "{} … ({count})",
            indicator.names.iter().take(10).cloned().collect::<Vec<_>>().join(" ")
        ),
    };
    let lines = [
        ("subject", name(&indicator.subject)),
        ("issuer", name(&indicator.issuer)),
        ("names", names),
        ("domains", indicator.domains().join(" ")),
        ("valid", validity.unwrap_or_default()),
        ("key", indicator.key.clone().unwrap_or_default()),
        ("flags", indicator.flags.join(", ")),
    ];
    for (label, text) in lines.iter().filter(|(_, text)| !text.is_empty()) {
        output.told(&format!("  {label:<8} {text}"));
    }
    for key in keys {
        let value: String = key.value.chars().take(64).collect();
        output.told(&format!(
            "  {:>3}  {:<13} {value}  ({})",
            key.score,
            key.kind,
            key.reasons.join("; ")
        ));
    }
    output.line("");
}

fn print_hunt(outcome: &Outcome, goals: &[Goal], output: &mut Output) {
    output.told(&format!("=== {}: {}", outcome.hunt.key, outcome.hunt.title));
    for note in &outcome.hunt.notes {
        output.told(&format!("note: {note}"));
    }
    for (index, result) in &outcome.on {
        let Some(goal) = goals.get(*index) else { continue };
        let place = place(goal);
        match result {
            Ok(queries) => {
                output.line(&format!("--- {place}"));
                queries.iter().for_each(|query| output.line(query));
            }
            Err(refused) => {
                output.told(&format!(
                    "--- {place}: not expressible: {}",
                    reasons(refused).join("; ")
                ));
            }
        }
    }
    output.line("");
}

fn place(goal: &Goal) -> String {
    format!("{} on {}", goal.backend.target(), goal.platform.name)
}

fn reasons(refused: &[Diagnostic]) -> Vec<String> {
    refused.iter().map(|found| format!("{} {}", found.code.id(), found.message)).collect()
}

fn print_json(
    indicators: &[Indicator],
    clusters: &[Cluster],
    outcomes: &[Outcome],
    goals: &[Goal],
    output: &mut Output,
) {
    let on = |(index, result): &(usize, Answer)| -> Option<Value> {
        let goal = goals.get(*index)?;
        let (queries, refused) = match result {
            Ok(queries) => (queries.clone(), Vec::new()),
            Err(refused) => (Vec::new(), reasons(refused)),
        };
        Some(json!({
            "target": goal.backend.target(),
            "platform": goal.platform.name,
            "queries": queries,
            "not_expressible": refused,
        }))
    };
    let hunt = |outcome: &Outcome| {
        json!({
            "key": outcome.hunt.key,
            "logsource": outcome.hunt.logsource,
            "title": outcome.hunt.title,
            "rule": outcome.hunt.rule,
            "notes": outcome.hunt.notes,
            "queries": outcome.on.iter().filter_map(on).collect::<Vec<_>>(),
        })
    };
    let cluster = |cluster: &Cluster| {
        let origin = |member: &usize| indicators.get(*member).map(|of| of.origin.clone());
        json!({
            "members": cluster.members.iter().filter_map(origin).collect::<Vec<_>>(),
            "shared": cluster.shared.iter().map(|(kind, value)| json!([kind, value])).collect::<Vec<_>>(),
        })
    };
    let all = json!({
        "indicators": indicators.iter().map(Indicator::to_json).collect::<Vec<_>>(),
        "clusters": clusters.iter().map(cluster).collect::<Vec<_>>(),
        "hunts": outcomes.iter().map(hunt).collect::<Vec<_>>(),
    });
    output.line(&all.to_string());
}
