//! An analytic, what platforms answer, and what rules there are → the matrix, and what is missing.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::diagnostic::Code;

use super::model::{Analytic, Telemetry};

/// How evidence can be asked for on a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Its fields are columns.
    Direct,
    /// A field has to be taken out of a text first.
    Parse,
    /// A field is in another table.
    Join,
    /// The platform has the events but lacks a field.
    NoField,
    /// The language cannot say it.
    NotExpressible,
    /// The platform has no such events.
    #[serde(rename = "n/a")]
    NotHeld,
}

impl Status {
    /// What stands in the way where something is refused for these codes.
    #[must_use]
    pub fn refused(codes: &[&str]) -> Self {
        let has = |code: Code| codes.contains(&code.id());
        if has(Code::LogSourceNotHeld) {
            Self::NotHeld
        } else if has(Code::FieldNotHeld) {
            Self::NoField
        } else {
            Self::NotExpressible
        }
    }

    /// As the matrix shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Parse => "parse",
            Self::Join => "join",
            Self::NoField => "no-field",
            Self::NotExpressible => "not-expressible",
            Self::NotHeld => "n/a",
        }
    }

    /// Whether the evidence is seen at all.
    #[must_use]
    pub fn is_seen(self) -> bool {
        match self {
            Self::Direct | Self::Parse | Self::Join => true,
            Self::NoField | Self::NotExpressible | Self::NotHeld => false,
        }
    }
}

/// A cell of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// How it can be asked for.
    pub status: Status,
    /// `config`, `tainted`, `null-prone`.
    pub flags: Vec<&'static str>,
    /// Why.
    pub reasons: Vec<String>,
    /// The rules over it that the platform takes.
    pub rules: Vec<String>,
    /// The rules over it that the platform does not take.
    pub refused: Vec<Refused>,
}

/// A rule that a platform does not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its name.
    pub rule: String,
    /// The codes of why.
    pub codes: Vec<String>,
}

/// What a platform answers when it is asked for the fields of a telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// How they can be asked for.
    pub status: Status,
    /// What to do that the events are collected, if the platform says that they are not by default.
    pub off: Option<String>,
    /// Why it is so.
    pub reasons: Vec<String>,
}

impl Cell {
    /// As the matrix shows it: `direct, config, tainted`.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut words = vec![self.status.name()];
        words.extend(&self.flags);
        words.join(", ")
    }

    /// Its rules in words: those that the platform takes, those that it does not.
    pub(super) fn said_of_rules(&self) -> Vec<String> {
        let taken = (!self.rules.is_empty()).then(|| format!("rules: {}", self.rules.join(", ")));
        let refused = |of: &Refused| format!("{} ({})", of.rule, of.codes.join(" "));
        let refused: Vec<String> = match self.status {
            // That no rule is taken goes without saying.
            Status::NotHeld => Vec::new(),
            Status::Direct
            | Status::Parse
            | Status::Join
            | Status::NoField
            | Status::NotExpressible => self.refused.iter().map(refused).collect(),
        };
        let refused = (!refused.is_empty()).then(|| format!("refused: {}", refused.join(", ")));
        taken.into_iter().chain(refused).collect()
    }
}

/// A line of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The class of evidence.
    pub class: String,
    /// The telemetry.
    pub telemetry: String,
    /// The log source.
    pub logsource: String,
    /// A cell per platform.
    pub cells: Vec<Cell>,
}

/// What a platform makes of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// It takes it.
    Taken,
    /// It does not, for these codes.
    Refused(Vec<String>),
}

impl Verdict {
    /// As the matrix shows it: `taken`, or what is in the way with its codes.
    #[must_use]
    pub fn shown(&self) -> String {
        let Self::Refused(codes) = self else { return "taken".to_owned() };
        let known: Vec<&str> = codes.iter().map(String::as_str).collect();
        format!("{} {}", Status::refused(&known).name(), codes.join(" "))
    }
}

/// What is known of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// Its tags, in lower case.
    pub tags: Vec<String>,
    /// Parameters that it and the rules it refers to have.
    pub parameters: BTreeSet<String>,
    /// Log sources that it and the rules it refers to read.
    pub logsources: BTreeSet<String>,
    /// The window in milliseconds, of a rule over several events.
    pub window: Option<u64>,
    /// Whether it has tests.
    pub tested: bool,
    /// A verdict per platform.
    pub verdicts: Vec<Verdict>,
}

/// The report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The analytic.
    pub analytic: Analytic,
    /// Names of the columns.
    pub platforms: Vec<String>,
    /// The matrix.
    pub rows: Vec<Row>,
    /// Rules over several events, with what each platform makes of them.
    pub correlations: Vec<Fact>,
    /// Techniques that the rules are tagged with.
    pub techniques: Vec<String>,
    /// How many rules name the analytic.
    pub rules: usize,
    /// What MITRE's own log sources leave unseen.
    pub own_sources: Vec<String>,
    /// What is missing: rules, tests, parameters, windows.
    pub gaps: Vec<String>,
}

/// How the fields of a telemetry can be asked for on the platform of that index, and why.
pub type Probe<'a> = dyn Fn(&Telemetry, usize) -> Asked + 'a;

/// Puts a report together. `probe` answers how the fields of a telemetry can be asked for on the platform of
/// that index, with reasons.
pub fn report(
    analytic: Analytic,
    platforms: Vec<String>,
    facts: &[Fact],
    probe: &Probe<'_>,
    retention: Option<u64>,
) -> Report {
    let tag = format!("attack.{}", analytic.id.to_lowercase());
    let own: Vec<&Fact> = facts.iter().filter(|fact| fact.tags.contains(&tag)).collect();
    let mut rows = Vec::new();
    for class in &analytic.class {
        for telemetry in &class.telemetry {
            let cell = |(index, name): (usize, &String)| {
                cell(telemetry, name, index, facts, probe(telemetry, index))
            };
            rows.push(Row {
                class: class.id.clone(),
                telemetry: telemetry.title.clone(),
                logsource: telemetry.logsource.clone(),
                cells: platforms.iter().enumerate().map(cell).collect(),
            });
        }
    }
    let techniques: BTreeSet<String> = own.iter().flat_map(|fact| techniques(fact)).collect();
    Report {
        own_sources: own_sources(&analytic),
        gaps: gaps(&analytic, &own, facts, retention),
        correlations: own
            .iter()
            .filter(|fact| fact.window.is_some())
            .map(|fact| (*fact).clone())
            .collect(),
        techniques: techniques.into_iter().collect(),
        rules: own.len(),
        rows,
        platforms,
        analytic,
    }
}

fn cell(telemetry: &Telemetry, platform: &str, index: usize, facts: &[Fact], asked: Asked) -> Cell {
    let Asked { mut status, off, mut reasons } = asked;
    if let Some(reason) = &telemetry.nowhere {
        (status, reasons) = (Status::NoField, vec![reason.clone()]);
    }
    let mut flags = Vec::new();
    if status.is_seen() {
        let excepted = telemetry.config_except.iter().any(|name| platform.ends_with(name.as_str()));
        let config = telemetry.config.clone().filter(|_| !excepted).or(off);
        flags.extend(config.is_some().then_some("config"));
        reasons.extend(config);
        flags.extend(telemetry.tainted.then_some("tainted"));
        flags.extend(telemetry.null_prone.then_some("null-prone"));
    }
    let remark = telemetry.remarks.iter().find(|(name, _)| platform.ends_with(name.as_str()));
    reasons.extend(remark.map(|(_, remark)| remark.clone()));
    let (mut rules, mut refused) = (Vec::new(), Vec::new());
    for fact in facts.iter().filter(|fact| telemetry.rules.contains(&fact.name)) {
        match fact.verdicts.get(index) {
            Some(Verdict::Taken) => rules.push(fact.name.clone()),
            Some(Verdict::Refused(codes)) => {
                refused.push(Refused { rule: fact.name.clone(), codes: codes.clone() });
            }
            None => {}
        }
    }
    Cell { status, flags, reasons, rules, refused }
}

/// The techniques of a rule's tags, such as `T1553.004`.
pub(super) fn techniques(fact: &Fact) -> Vec<String> {
    let names = fact.tags.iter().filter_map(|tag| tag.strip_prefix("attack."));
    let is_technique = |name: &&str| {
        name.strip_prefix('t').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    names.filter(is_technique).map(str::to_uppercase).collect()
}

/// Which classes MITRE's log sources show, and which not.
fn own_sources(analytic: &Analytic) -> Vec<String> {
    let mut said = Vec::new();
    let mut blind = Vec::new();
    for class in &analytic.class {
        let shown = analytic.log_source.iter().filter(|source| source.shows.contains(&class.id));
        let names: Vec<String> =
            shown.map(|source| format!("{} {}", source.name, source.channel)).collect();
        if names.is_empty() {
            blind.push(format!("{} ({})", class.id, class.title));
        } else {
            said.push(format!("{} ({}): in part by {}", class.id, class.title, names.join(", ")));
        }
    }
    if !blind.is_empty() {
        said.push(format!(
            "{} cannot be built from its own log sources: none of them shows {}",
            analytic.id,
            blind.join(", ")
        ));
    }
    said
}

fn gaps(analytic: &Analytic, own: &[&Fact], facts: &[Fact], retention: Option<u64>) -> Vec<String> {
    let mut gaps = Vec::new();
    let known = |name: &String| facts.iter().any(|fact| fact.name == *name);
    for class in &analytic.class {
        let rules: Vec<&String> = class.telemetry.iter().flat_map(|of| &of.rules).collect();
        if !rules.iter().any(|rule| known(rule)) {
            gaps.push(format!("class {} ({}) has no rule", class.id, class.title));
        }
        for rule in rules.into_iter().filter(|rule| !known(rule)) {
            gaps.push(format!("class {} names the rule {rule}, which is not there", class.id));
        }
    }
    for fact in own.iter().filter(|fact| !fact.tested) {
        gaps.push(format!("{} has no test", fact.name));
    }
    for mutable in &analytic.mutable {
        let bound = own.iter().filter(|fact| fact.parameters.contains(&mutable.name)).count();
        if bound == 0 {
            gaps.push(format!("the mutable element {} is bound by no rule", mutable.name));
        }
    }
    for fact in own {
        gaps.extend(windows(analytic, fact, retention));
    }
    gaps
}

/// What a window is too long or too short for.
fn windows(analytic: &Analytic, fact: &Fact, retention: Option<u64>) -> Vec<String> {
    let Some(window) = fact.window else { return Vec::new() };
    let mut said = Vec::new();
    if let Some(retention) = retention.filter(|retention| window > *retention) {
        let (window, retention) = (days(window), days(retention));
        said.push(format!(
            "{} looks back {window}, but events are kept for {retention}",
            fact.name
        ));
    }
    for telemetry in analytic.class.iter().flat_map(|class| &class.telemetry) {
        let Some(dedup) = telemetry.dedup.as_deref().and_then(milliseconds) else { continue };
        if fact.logsources.contains(&telemetry.logsource) && window < dedup {
            said.push(format!(
                "{} looks back {}, but {} repeats an event only after {}",
                fact.name,
                days(window),
                telemetry.logsource,
                days(dedup)
            ));
        }
    }
    said
}

/// `30d` and its like in milliseconds.
#[must_use]
pub fn milliseconds(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let second = 1000;
    let length = match unit {
        's' => second,
        'm' => 60 * second,
        'h' => 3600 * second,
        'd' => 86_400 * second,
        'w' => 7 * 86_400 * second,
        _ => return None,
    };
    number.checked_mul(length)
}

/// A time in the largest unit that fits.
pub(super) fn days(milliseconds: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let unit =
        units.iter().find(|(length, _)| milliseconds.is_multiple_of(*length) && milliseconds > 0);
    match unit {
        Some((length, name)) => format!("{}{name}", milliseconds / length),
        None => format!("{milliseconds}ms"),
    }
}
