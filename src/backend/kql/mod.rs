//! KQL, the query language of Microsoft Defender XDR and Microsoft Sentinel.
//!
//! A rule over single events becomes `Table | where …`; a correlation becomes one pipeline that
//! groups simultaneous events, carries the latest start of each atom along with a one-step `scan`,
//! and returns one row per key. Templates in `templates/kql` hold the skeletons.
//!
//! `Image endswith '\certutil.exe'` of `windows/process_creation` on `defender-xdr` →
//! `DeviceProcessEvents | where FolderPath endswith @"\certutil.exe"`.

mod bindings;
mod boolean;
mod filter;
mod leaf;
mod leg;
mod legs;
mod names;
mod nexts;
mod predicate;
mod regex;
mod scalar;
mod scan;
mod shows;
mod spelling;
mod syntax;
mod timeline;
mod totals;

use super::infix::Operators;
use super::template::{Template, Templates};
use super::{Backend, Query};
use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, PlanBody, Report};

/// The KQL back end, and the mark of fragments in its language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kql;

/// How KQL writes boolean structure.
const OPERATORS: Operators =
    Operators { and: " and ", or: " or ", not: "not", always: "true", never: "false" };

impl Backend for Kql {
    fn target(&self) -> &'static str {
        "kql"
    }

    fn title(&self) -> &'static str {
        "Microsoft KQL (Defender XDR, Sentinel)"
    }

    fn skeletons(&self) -> &'static [Template] {
        &[filter::FILTER, timeline::TIMELINE]
    }

    fn lower(&self, plan: &Plan, templates: &Templates) -> Result<Vec<Query>, Vec<Diagnostic>> {
        let (report, rule) = (plan.report, plan.meta.span);
        let (skeleton, text) = match &plan.body {
            PlanBody::Filter(legs) => {
                (filter::FILTER, filter::render(legs, report, templates, rule)?)
            }
            PlanBody::Timeline(timeline) => {
                (timeline::TIMELINE, timeline::render(timeline, report, templates, rule)?)
            }
        };
        let overridden = templates.is_replaced(&skeleton);
        Ok(vec![Query { text, approximate: Vec::new(), overridden }])
    }
}

/// Whether a time lies in the range that a run reports. Runs may start some seconds late, so the
/// range is that of the minute.
fn reported(report: Report, time: &syntax::Kusto) -> syntax::Kusto {
    let until = report.delay.saturating_add(report.after);
    let from = syntax::timespan(until.saturating_add(report.interval));
    let run = "bin(now(), 1m)";
    let until = syntax::timespan(until);
    syntax::Kusto::trusted(format!("{time} >= {run} - {from} and {time} < {run} - {until}"))
}

#[cfg(test)]
mod tests;
