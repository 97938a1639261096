//! `[environments.NAME]` → [`Environment`].

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Span, Spanned};

use super::reader::{Reader, Value};
use super::schedule::{Every, MINUTE, duration};
use super::{Environment, Refusal, Schedule, Selection};

/// Keys of an environment.
pub(super) const KEYS: [&str; 14] = [
    "target",
    "platform",
    "overlays",
    "index",
    "accept",
    "refused",
    "output",
    "formats",
    "schedule",
    "lookback",
    "delay",
    "select",
    "artifact",
    "parameters",
];

/// Keys that an environment needs.
pub(super) const NEEDED: [&str; 2] = ["target", "platform"];

/// Keys of `[environments.NAME.artifact]`.
pub(super) const ARTIFACT_KEYS: [&str; 13] = [
    "analytic_story",
    "app",
    "asset_type",
    "author",
    "data_connectors",
    "how_to_implement",
    "index_patterns",
    "integration",
    "product",
    "risk_score",
    "security_domain",
    "space",
    "workspace",
];

/// How late events may come unless the project says otherwise.
const DELAY: u64 = 5 * MINUTE;

impl Reader<'_> {
    pub(super) fn environments(&mut self, value: &Value<'_>) -> BTreeMap<String, Environment> {
        let mut environments = BTreeMap::new();
        for (name, value) in self.keyed(value) {
            let name_span = self.span(&name.span());
            let name = name.get_ref().to_string();
            if let Some(environment) = self.environment(&name, name_span, value) {
                environments.insert(name, environment);
            }
        }
        environments
    }

    fn environment(&mut self, name: &str, span: Span, value: &Value<'_>) -> Option<Environment> {
        let (mut target, mut platform) = (None, None);
        let (mut overlays, mut index) = (Vec::new(), Vec::new());
        let (mut accept, mut refused) = (Vec::new(), BTreeMap::new());
        let (mut output, mut formats) = (None, None);
        let mut schedule =
            Schedule { every: None, lookback: None, delay: Spanned::new(DELAY, span) };
        let (mut select, mut artifact) = (Selection::default(), BTreeMap::new());
        let mut parameters = BTreeMap::new();
        for (key, value) in self.keyed(value) {
            match key.get_ref().as_ref() {
                "target" => target = self.text(value),
                "platform" => platform = self.text(value),
                "overlays" => overlays = self.folders(value),
                "index" => index = self.texts(value),
                "accept" => accept = self.accepted(value),
                "refused" => refused = self.refused(value),
                "output" => output = self.text(value).filter(|folder| self.is_inside(folder)),
                "formats" => formats = Some(self.texts(value)),
                "schedule" => schedule.every = self.every(value),
                "lookback" => schedule.lookback = self.duration(value),
                "delay" => schedule.delay = self.duration(value).unwrap_or(schedule.delay),
                "select" => select = self.selection(value),
                "parameters" => parameters = self.parameters(value),
                "artifact" => artifact = self.artifact(value),
                other => self.unknown_key(other, &key.span(), &KEYS),
            }
        }
        let whole = self.span(&value.span());
        for (key, given) in NEEDED.iter().zip([&target, &platform]) {
            if given.is_none() {
                self.report(whole, format!("an environment needs the key `{key}`"));
            }
        }
        let output = output.unwrap_or_else(|| Spanned::new(format!("build/{name}"), span));
        let query = || vec![Spanned::new("query".to_owned(), span)];
        let formats = formats.unwrap_or_else(query);
        let (target, platform) = (target?, platform?);
        Some(Environment {
            span,
            target,
            platform,
            overlays,
            index,
            accept,
            refused,
            output,
            formats,
            schedule,
            select,
            artifact,
            parameters,
        })
    }

    fn refused(&mut self, value: &Value<'_>) -> BTreeMap<String, Refusal> {
        let mut refused = BTreeMap::new();
        for (rule, value) in self.keyed(value) {
            let span = self.span(&rule.span());
            let codes = self.codes(value);
            refused.insert(rule.get_ref().to_string(), Refusal { span, codes });
        }
        refused
    }

    fn every(&mut self, value: &Value<'_>) -> Option<Spanned<Every>> {
        let text = self.text(value)?;
        match Every::parse(&text.node) {
            Ok(every) => Some(Spanned::new(every, text.span)),
            Err(problem) => {
                let found = Diagnostic::new(Code::BadSchedule, text.span, problem);
                let help = "write how often, such as `15m` or `1h`, or a cron expression with evenly \
                            spaced runs, such as `7 * * * *`";
                self.diagnostics.push(found.help(help));
                None
            }
        }
    }

    fn duration(&mut self, value: &Value<'_>) -> Option<Spanned<u64>> {
        let text = self.text(value)?;
        let length = duration(&text.node);
        if length.is_none() {
            let message = format!("`{}` is no duration", text.node);
            let help = "write a whole number and a unit: s, m, h or d";
            self.diagnostics
                .push(Diagnostic::new(Code::BadSchedule, text.span, message).help(help));
        }
        Some(Spanned::new(length?, text.span))
    }

    fn artifact(&mut self, value: &Value<'_>) -> BTreeMap<&'static str, Vec<Spanned<String>>> {
        let mut artifact = BTreeMap::new();
        for (key, value) in self.keyed(value) {
            let name = key.get_ref().as_ref();
            match ARTIFACT_KEYS.iter().find(|known| **known == name) {
                Some(known) => drop(artifact.insert(*known, self.texts(value))),
                None => self.unknown_key(name, &key.span(), &ARTIFACT_KEYS),
            }
        }
        artifact
    }
}
