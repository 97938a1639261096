//! What artifacts say of a rule, whatever their format: ids, levels, states, and what it lacks.

use serde_json::Value as Json;

use crate::backend::Query;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Meta, Rule};
use crate::plan::{Plan, PlanBody};
use crate::project::Environment;
use crate::source::Spanned;

use super::attack::Tagged;
use super::run::Run;
use super::{Format, Subject, identity};

/// A rule on its way into an artifact.
pub(super) struct Facts<'a> {
    pub(super) format: Format,
    pub(super) rule: &'a Rule,
    pub(super) plan: &'a Plan,
    pub(super) queries: &'a [Query],
    pub(super) environment: &'a Environment,
    /// The environment's name.
    pub(super) name: &'a str,
    pub(super) run: Run,
    pub(super) attack: Tagged,
    /// What is wrong so far.
    pub(super) found: Vec<Diagnostic>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(subject: &Subject<'a>, format: Format, run: Run) -> Self {
        Self {
            format,
            rule: subject.rule,
            plan: subject.plan,
            queries: subject.queries,
            environment: subject.environment,
            name: subject.name,
            run,
            attack: Tagged::of(&subject.rule.meta.tags),
            found: Vec::new(),
        }
    }

    pub(super) fn meta(&self) -> &'a Meta {
        &self.rule.meta
    }

    /// The text of a key; E0712 if the rule does not have it.
    pub(super) fn need(&mut self, key: &str, value: Option<&str>) -> String {
        self.need_or(key, value, "to the rule")
    }

    /// The text of a key of the rule, else of the project.
    pub(super) fn need_here(&mut self, key: &'static str, value: Option<&str>) -> String {
        let given = self.given(key).first().map(|given| given.node.as_str());
        self.need_or(key, value.or(given), &format!("to the rule, or {}", self.here()))
    }

    /// The text of a key that only the project has.
    pub(super) fn need_given(&mut self, key: &'static str) -> String {
        let given = self.given(key).first().map(|given| given.node.as_str());
        self.need_or(key, given, &self.here())
    }

    fn here(&self) -> String {
        format!("to `[environments.{}.artifact]`", self.name)
    }

    fn need_or(&mut self, key: &str, value: Option<&str>, place: &str) -> String {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            return value.to_owned();
        }
        let name = self.format.name();
        let message = format!("`{}` lacks `{key}`, which `{name}` needs", self.rule.name);
        let found = Diagnostic::new(Code::ArtifactKey, self.meta().span.head(), message);
        self.found.push(found.help(format!("add `{key}` {place}")));
        String::new()
    }

    /// What the project says about artifacts under a key.
    pub(super) fn given(&self, key: &str) -> &'a [Spanned<String>] {
        self.environment.artifact.get(key).map_or(&[], Vec::as_slice)
    }

    /// The values of a key of the project as a JSON list.
    pub(super) fn given_list(&self, key: &str) -> Json {
        self.given(key).iter().map(|given| Json::from(given.node.as_str())).collect()
    }

    /// Whether the rule comes enabled: not if it is an experiment or no longer maintained.
    pub(super) fn is_enabled(&self) -> bool {
        !matches!(
            self.meta().status.as_deref(),
            Some("experimental" | "deprecated" | "unsupported")
        )
    }

    /// The level; E0712 without one.
    pub(super) fn level(&mut self) -> Level {
        let level = self.meta().level.clone();
        Level::of(&self.need("level", level.as_deref()))
    }

    /// The score of the risk: the project's, else that of the level.
    pub(super) fn risk_score(&mut self, level: Level) -> u32 {
        let Some(given) = self.given("risk_score").first() else { return level.score() };
        match given.node.parse::<u32>() {
            Ok(score) if score <= 100 => score,
            Ok(_) | Err(_) => {
                let message = format!("`{}` is no risk score", given.node);
                let found = Diagnostic::new(Code::ProjectSyntax, given.span, message);
                self.found.push(found.help("write a whole number from 0 to 100 in quotes"));
                level.score()
            }
        }
    }

    /// The id of the rule, lower case; E0712 without one. Of several queries, those after the first
    /// get ids derived from it.
    pub(super) fn ids(&mut self) -> Vec<String> {
        let id = self.meta().id.clone();
        let id = self.need("id", id.as_deref()).to_lowercase();
        let derived = |(number, _): (usize, &Query)| match number {
            0 => id.clone(),
            number => identity::derived(&id, number + 1),
        };
        self.queries.iter().enumerate().map(derived).collect()
    }

    /// The title; of several queries, with the number of the query.
    pub(super) fn title(&self, number: usize) -> String {
        let title = &self.meta().title;
        match self.queries.len() {
            0 | 1 => title.clone(),
            count => format!("{title} ({} of {count})", number + 1),
        }
    }

    /// The columns of the result that are known: of single events, what their places are told apart
    /// by and what is asked; of firings, what tells the last event, and the key.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            if !columns.iter().any(|known| known == name) {
                columns.push(name.to_owned());
            }
        };
        match &self.plan.body {
            PlanBody::Filter(legs) => {
                for leg in legs {
                    leg.place.identity.iter().for_each(|column| add(&column.name));
                    leg.columns().into_iter().for_each(&mut add);
                }
            }
            PlanBody::Timeline(timeline) => {
                let legs = timeline
                    .legs
                    .iter()
                    .chain(timeline.chained.iter().flat_map(|inner| &inner.legs));
                legs.flat_map(|leg| &leg.place.identity).for_each(|column| add(&column.name));
                timeline.keys.iter().for_each(|key| add(key));
                timeline.shows.iter().for_each(|show| add(&show.name));
            }
        }
        columns
    }

    /// The tables or indexes that are read.
    pub(super) fn tables(&self) -> Vec<&'a str> {
        let legs = match &self.plan.body {
            PlanBody::Filter(legs) => legs.iter().collect::<Vec<_>>(),
            PlanBody::Timeline(timeline) => timeline
                .chained
                .iter()
                .flat_map(|inner| &inner.legs)
                .chain(&timeline.legs)
                .collect(),
        };
        let mut tables: Vec<&str> = legs.iter().map(|leg| leg.place.table.as_str()).collect();
        tables.retain(|table| !table.is_empty());
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// Whether the rule is about several events.
    pub(super) fn is_timeline(&self) -> bool {
        matches!(self.plan.body, PlanBody::Timeline(_))
    }
}

/// A JSON list of texts.
pub(super) fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Json {
    texts.into_iter().map(|text| Json::from(text.as_ref())).collect()
}

/// How bad a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    fn of(name: &str) -> Self {
        match name {
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "critical" => Self::Critical,
            _ => Self::Informational,
        }
    }

    /// As Sigma and Splunk call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// As Microsoft calls it, which knows no `critical`.
    pub(super) fn microsoft(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High | Self::Critical => "High",
        }
    }

    /// As Elastic calls it, which knows no `informational`.
    pub(super) fn elastic(self) -> &'static str {
        match self {
            Self::Informational | Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The score that Elastic gives rules of this severity; ours for Splunk, too.
    fn score(self) -> u32 {
        match self {
            Self::Informational | Self::Low => 21,
            Self::Medium => 47,
            Self::High => 73,
            Self::Critical => 99,
        }
    }
}
