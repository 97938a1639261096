//! The portability report: what each environment makes of each rule.
//!
//! A rule is *exact* there, *approximate* (which codes, what is given up) or *refused* (code, reason
//! and way out). `an1976_known_certificate_seen` on Defender XDR → `E0502`, since Zeek's logs are
//! not there.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::backend::Query;
use crate::diagnostic::{Code, Diagnostic, Rendered, rendered};
use crate::ir::Rule;
use crate::source::SourceMap;
use crate::syntax::ast::Document;

use super::goal::Goal;
use super::output::Output;
use super::table::{Table, escaped};

/// What an environment makes of a rule.
pub(super) enum Verdict {
    /// A query that means what the rule means.
    Exact,
    /// A query that gives up something.
    Approximate(Vec<Code>),
    /// A query of a skeleton of the user's, of which nobody has proven what it means.
    Overridden(Vec<Code>),
    /// No query.
    Refused(Vec<Diagnostic>, Agreement),
    /// The rule has errors of its own.
    Unsound,
    /// The environment does not select the rule.
    LeftOut,
}

/// Whether the project lists a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreement {
    /// It does: it is no error.
    Agreed,
    /// It does not.
    Unlisted,
}

/// A rule in the report.
pub(super) struct Row<'a> {
    /// As it was written.
    pub(super) document: &'a Document,
    /// What each goal makes of it.
    pub(super) verdicts: Vec<Verdict>,
}

impl Verdict {
    /// The verdict on a sound rule.
    pub(super) fn of(
        compiled: &Result<Vec<Query>, Vec<Diagnostic>>,
        rule: &Rule,
        goal: &Goal,
    ) -> Self {
        match compiled {
            Ok(queries) => {
                let mut codes: Vec<Code> =
                    queries.iter().flat_map(|query| query.approximate.clone()).collect();
                codes.sort_unstable();
                codes.dedup();
                if queries.iter().any(|query| query.overridden) {
                    return Self::Overridden(codes);
                }
                if codes.is_empty() { Self::Exact } else { Self::Approximate(codes) }
            }
            Err(found) if goal.agreed(&rule.name, found) => {
                Self::Refused(found.clone(), Agreement::Agreed)
            }
            Err(found) => Self::Refused(found.clone(), Agreement::Unlisted),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Approximate(_) => "approximate",
            Self::Overridden(_) => "overridden",
            Self::Refused(..) => "refused",
            Self::Unsound => "unsound",
            Self::LeftOut => "-",
        }
    }

    /// As a cell of the table.
    fn cell(&self) -> String {
        match self {
            Self::Exact | Self::Unsound | Self::LeftOut | Self::Overridden(_) => {
                self.name().to_owned()
            }
            Self::Approximate(codes) => format!("~{}", ids(codes.iter().copied())),
            Self::Refused(found, Agreement::Agreed) => format!("{}*", ids(codes(found))),
            Self::Refused(found, Agreement::Unlisted) => ids(codes(found)),
        }
    }

    /// Why it is not exact, a line per reason.
    fn reasons(&self) -> Vec<String> {
        let approximate = |code: &Code| format!("~{}: {}", code.id(), code.title());
        let refused = |found: &Diagnostic| {
            let help = found.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}: {}{help}", found.code.id(), found.message)
        };
        match self {
            Self::Exact | Self::Unsound | Self::LeftOut => Vec::new(),
            Self::Approximate(codes) | Self::Overridden(codes) => {
                codes.iter().map(approximate).collect()
            }
            Self::Refused(found, _) => found.iter().map(refused).collect(),
        }
    }
}

/// The different codes of findings, sorted.
fn codes(found: &[Diagnostic]) -> impl Iterator<Item = Code> {
    let mut codes: Vec<Code> = found.iter().map(|found| found.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.into_iter()
}

fn ids(codes: impl Iterator<Item = Code>) -> String {
    codes.map(Code::id).collect::<Vec<_>>().join(" ")
}

/// The name by which a rule is called in the report.
fn name(row: &Row<'_>) -> String {
    let meta = row.document.meta();
    let name = meta.name.as_ref().or(meta.title.as_ref()).map(|name| name.node.clone());
    name.unwrap_or_else(|| "(without a name)".to_owned())
}

/// How many rules an environment takes, and by which codes it refuses the others.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Rules whose queries are exact.
    pub(super) exact: usize,
    /// Rules whose queries give up something.
    pub(super) approximate: usize,
    /// Rules whose queries are of a skeleton of the user's.
    overridden: usize,
    /// Rules without a query there.
    pub(super) refused: usize,
    /// Rules with errors of their own.
    pub(super) unsound: usize,
    /// Refusals that the project lists.
    agreed: usize,
    /// Rules by the approximation they need.
    pub(super) given_up: BTreeMap<Code, usize>,
    /// Rules by the code that refuses them; one rule may have several.
    pub(super) reasons: BTreeMap<Code, usize>,
}

impl Tally {
    /// Counts the verdicts of the goal at a place.
    pub(super) fn of(rows: &[Row<'_>], goal: usize) -> Self {
        let mut tally = Self::default();
        for verdict in rows.iter().filter_map(|row| row.verdicts.get(goal)) {
            match verdict {
                Verdict::Exact => tally.exact += 1,
                Verdict::LeftOut => {}
                Verdict::Approximate(codes) => {
                    tally.approximate += 1;
                    codes.iter().for_each(|code| *tally.given_up.entry(*code).or_default() += 1);
                }
                Verdict::Overridden(codes) => {
                    tally.overridden += 1;
                    codes.iter().for_each(|code| *tally.given_up.entry(*code).or_default() += 1);
                }
                Verdict::Refused(found, agreement) => {
                    tally.refused += 1;
                    tally.agreed += usize::from(*agreement == Agreement::Agreed);
                    codes(found).for_each(|code| *tally.reasons.entry(code).or_default() += 1);
                }
                Verdict::Unsound => tally.unsound += 1,
            }
        }
        tally
    }

    /// `E0502 4, E0503 1, all agreed`.
    fn why(&self) -> String {
        let counts = self.given_up.iter().chain(&self.reasons);
        let mut parts: Vec<String> =
            counts.map(|(code, count)| format!("{} {count}", code.id())).collect();
        match self.agreed {
            0 => {}
            all if all == self.refused => parts.push("all agreed".to_owned()),
            some => parts.push(format!("{some} agreed")),
        }
        if self.overridden > 0 {
            parts.push(format!("{} overridden", self.overridden));
        }
        if self.unsound > 0 {
            parts.push(format!("{} unsound", self.unsound));
        }
        parts.join(", ")
    }
}

/// How many rules each environment takes, and by which codes it refuses the others.
pub(super) fn summary(rows: &[Row<'_>], goals: &[Goal]) -> Table {
    let head = ["environment", "target", "platform", "exact", "approximate", "refused", "why"];
    let mut table = Table::new(head);
    for (at, goal) in goals.iter().enumerate() {
        let tally = Tally::of(rows, at);
        table.row(vec![
            goal.label().to_owned(),
            goal.backend.target().to_owned(),
            goal.platform.name.clone(),
            tally.exact.to_string(),
            tally.approximate.to_string(),
            tally.refused.to_string(),
            tally.why(),
        ]);
    }
    table
}

/// A line per rule, a column per environment.
fn matrix(rows: &[Row<'_>], goals: &[Goal]) -> Table {
    let mut table = Table::new(std::iter::once("rule").chain(goals.iter().map(Goal::label)));
    for row in rows {
        let cells = row.verdicts.iter().map(Verdict::cell);
        table.row(std::iter::once(name(row)).chain(cells).collect());
    }
    table
}

/// What the marks in the table mean, as far as they occur there.
fn legend(rows: &[Row<'_>]) -> Option<String> {
    let verdicts = || rows.iter().flat_map(|row| &row.verdicts);
    let agreed = |one: &Verdict| matches!(one, Verdict::Refused(_, Agreement::Agreed));
    let marks = [
        ("~ approximate", verdicts().any(|one| matches!(one, Verdict::Approximate(_)))),
        ("* refused as sigweave.toml says", verdicts().any(agreed)),
        (
            "overridden: from a query template of the project's own, proven by nobody",
            verdicts().any(|one| matches!(one, Verdict::Overridden(_))),
        ),
        ("- not selected", verdicts().any(|one| matches!(one, Verdict::LeftOut))),
        ("unsound: see its errors", verdicts().any(|one| matches!(one, Verdict::Unsound))),
    ];
    let shown: Vec<&str> = marks.iter().filter(|(_, is)| *is).map(|(mark, _)| *mark).collect();
    (!shown.is_empty()).then(|| shown.join("; "))
}

/// The reasons of a rule, each with the environments that give it.
fn reasons(row: &Row<'_>, goals: &[Goal]) -> Vec<(String, String)> {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    for (goal, verdict) in goals.iter().zip(&row.verdicts) {
        for reason in verdict.reasons() {
            match found.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, labels)) => labels.push(goal.label()),
                None => found.push((reason, vec![goal.label()])),
            }
        }
    }
    found.into_iter().map(|(reason, labels)| (labels.join(", "), reason)).collect()
}

/// The whole report for a terminal.
pub(super) fn print_text(rows: &[Row<'_>], goals: &[Goal], output: &mut Output) {
    matrix(rows, goals).text().iter().for_each(|line| output.line(line));
    if let Some(legend) = legend(rows) {
        output.line(&format!("Marks: {legend}"));
    }
    for row in rows {
        let reasons = reasons(row, goals);
        if !reasons.is_empty() {
            output.line("");
            output.told(&name(row));
        }
        for (environments, reason) in reasons {
            output.told(&format!("  {environments}: {reason}"));
        }
    }
    output.line("");
    summary(rows, goals).text().iter().for_each(|line| output.line(line));
}

/// The whole report in Markdown, such as for a comment on a change.
pub(super) fn print_markdown(rows: &[Row<'_>], goals: &[Goal], output: &mut Output) {
    output.line("## Portability\n");
    summary(rows, goals).markdown().iter().for_each(|line| output.line(line));
    output.line("\n### Rules\n");
    matrix(rows, goals).markdown().iter().for_each(|line| output.line(line));
    if let Some(legend) = legend(rows) {
        output.line(&format!("\nMarks: {}", escaped(&legend)));
    }
    let mut begun = false;
    for row in rows {
        for (environments, reason) in reasons(row, goals) {
            if !begun {
                output.line("\n### Reasons\n");
                begun = true;
            }
            let name = escaped(&name(row));
            output.line(&format!("* **{name}** on {environments}: {}", escaped(&reason)));
        }
    }
}

/// A line of the report as machines read it.
#[derive(Serialize)]
struct Line<'a> {
    rule: String,
    id: Option<&'a str>,
    file: &'a str,
    environment: &'a str,
    target: &'a str,
    platform: &'a str,
    verdict: &'static str,
    approximations: Vec<GivenUp>,
    agreed: bool,
    diagnostics: Vec<Rendered>,
}

/// An approximation, and what it gives up.
#[derive(Serialize)]
struct GivenUp {
    code: &'static str,
    title: &'static str,
}

/// The report as JSON, an object per rule and environment.
pub(super) fn print_json(
    rows: &[Row<'_>],
    goals: &[Goal],
    sources: &SourceMap,
    output: &mut Output,
) {
    for row in rows {
        let meta = row.document.meta();
        let file = sources.get(meta.span.source).map_or("", |source| source.name.as_str());
        for (goal, verdict) in goals.iter().zip(&row.verdicts) {
            let (approximations, found): (&[Code], &[Diagnostic]) = match verdict {
                Verdict::Exact | Verdict::Unsound | Verdict::LeftOut => (&[], &[]),
                Verdict::Approximate(codes) | Verdict::Overridden(codes) => (codes, &[]),
                Verdict::Refused(found, _) => (&[], found),
            };
            let given_up = |code: &Code| GivenUp { code: code.id(), title: code.title() };
            let line = Line {
                rule: name(row),
                id: meta.id.as_ref().map(|id| id.node.as_str()),
                file,
                environment: goal.label(),
                target: goal.backend.target(),
                platform: &goal.platform.name,
                verdict: verdict.name(),
                approximations: approximations.iter().map(given_up).collect(),
                agreed: matches!(verdict, Verdict::Refused(_, Agreement::Agreed)),
                diagnostics: found.iter().map(|found| rendered(found, sources)).collect(),
            };
            output.line(&serde_json::to_string(&line).unwrap_or_default());
        }
    }
}
