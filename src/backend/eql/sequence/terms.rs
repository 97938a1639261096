//! Steps over patterns → terms over the events of places, with their keys.
//!
//! A pattern that lives in several places is one term if the places name the key alike, else there
//! is a sequence for each.

use std::collections::BTreeSet;

use crate::backend::eql::events::Events;
use crate::backend::eql::predicate::{self, Printer};
use crate::backend::eql::syntax::{self, Text};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{PatternId, Predicate};
use crate::plan::{Leg, Timeline};
use crate::platform::{Column, ColumnType};
use crate::source::Span;

use super::orders::Event;
use super::roles::Role;
use super::scene::{Draft, Limit, Step};
use super::{MAX_QUERIES, reason};

/// A term of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// Whether no such event may occur.
    pub(super) absent: bool,
    /// Which events.
    pub(super) events: Events,
    /// The key, if there is one.
    pub(super) by: Option<Text>,
    /// How many of them in a row.
    pub(super) runs: usize,
    keys: Vec<Option<Column>>,
}

/// A sequence, ready to be printed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sequence {
    /// Its terms.
    pub(super) terms: Vec<Term>,
}

impl Sequence {
    /// The key that all terms have.
    pub(super) fn shared_keys(&self) -> Option<Option<Text>> {
        let first = self.terms.first()?.by.clone();
        self.terms.iter().all(|term| term.by == first).then_some(first)
    }
}

/// Finds the events of steps.
pub(super) struct Terms<'a> {
    timeline: &'a Timeline,
    printer: &'a mut Printer,
    rule: Span,
}

impl<'a> Terms<'a> {
    /// For this timeline.
    pub(super) fn new(timeline: &'a Timeline, printer: &'a mut Printer, rule: Span) -> Self {
        Self { timeline, printer, rule }
    }

    /// The time that windows run on.
    pub(super) fn clock(&self) -> Result<&'a Column, Diagnostic> {
        let mut clocks = self.timeline.legs.iter().map(|leg| &leg.place.time);
        let first = clocks.next().ok_or_else(|| self.refuse("there is nothing to read"))?;
        match clocks.all(|clock| clock == first) {
            true => Ok(first),
            false => Err(self.refuse("EQL has one clock, and the events have several")),
        }
    }

    /// The events that take all the roles, with a key; `None` if no place has such events.
    pub(super) fn single(&mut self, event: &Event) -> Option<Events> {
        let timeline = self.timeline;
        let carried = |part: usize| {
            timeline.legs.iter().all(|leg| leg.keys.get(part).is_some_and(Option::is_some))
        };
        let mut found = Vec::new();
        for leg in &timeline.legs {
            let Some(mut exprs) = self.exprs(leg, event, &Role::new()) else { continue };
            let keys = leg.keys.iter().enumerate().filter(|(part, _)| carried(*part));
            for column in keys.filter_map(|(_, key)| key.as_ref()) {
                self.check_key(leg, column);
                exprs.extend(predicate::key_present(column));
            }
            found.push((&*leg.place, exprs));
        }
        (!found.is_empty()).then(|| Events::of(found, self.printer))
    }

    /// The sequences of a draft: one for each way in which its steps name their keys.
    pub(super) fn sequences(&mut self, draft: &Draft) -> Result<Vec<Sequence>, Diagnostic> {
        let mut found: Vec<Vec<Term>> = vec![Vec::new()];
        for step in &draft.steps {
            let terms = match step {
                Step::Absent(role) => {
                    let terms = self.terms(&Event::from([role.clone()]), &Role::new());
                    let terms = terms.into_iter().map(|term| Term { absent: true, ..term });
                    vec![terms.collect()]
                }
                Step::Occurs(event, except) => {
                    self.terms(event, except).into_iter().map(|term| vec![term]).collect()
                }
            };
            let longer = found.iter().flat_map(|before| {
                terms.iter().map(move |more: &Vec<Term>| [before.as_slice(), more].concat())
            });
            found = longer.take(MAX_QUERIES + 1).collect();
            if found.len() > MAX_QUERIES {
                return Err(reason::TOO_MANY.refusal(self.rule));
            }
        }
        found.into_iter().map(|terms| self.sequence(terms, draft.limit)).collect()
    }

    /// The terms for an event: one for each way in which places name the key.
    fn terms(&mut self, event: &Event, except: &Role) -> Vec<Term> {
        let timeline = self.timeline;
        let mut groups: Vec<(&[Option<Column>], Vec<_>)> = Vec::new();
        for leg in &timeline.legs {
            let Some(exprs) = self.exprs(leg, event, except) else { continue };
            leg.keys.iter().flatten().for_each(|column| self.check_key(leg, column));
            match groups.iter_mut().find(|(keys, _)| *keys == leg.keys.as_slice()) {
                Some((_, found)) => found.push((&*leg.place, exprs)),
                None => groups.push((leg.keys.as_slice(), vec![(&*leg.place, exprs)])),
            }
        }
        let term = |(keys, found): (&[Option<Column>], Vec<_>)| Term {
            absent: false,
            events: Events::of(found, self.printer),
            by: None,
            runs: 1,
            keys: keys.to_vec(),
        };
        groups.into_iter().map(term).collect()
    }

    /// What holds of the leg's events that take all the roles; `None` if it has none.
    fn exprs(
        &mut self,
        leg: &Leg,
        event: &Event,
        except: &Role,
    ) -> Option<Vec<crate::backend::eql::syntax::Expr>> {
        let flags = |role: &Role| -> Vec<Predicate<Column>> {
            let flags = leg.flags.iter().filter(|(pattern, _)| role.contains(pattern));
            flags.map(|(_, flag)| flag.clone()).collect()
        };
        let mut parts: Vec<Predicate<Column>> = Vec::new();
        for role in event {
            let found = flags(role);
            if found.is_empty() {
                return None;
            }
            parts.push(Predicate::any(found));
        }
        let except: Role =
            except.iter().copied().filter(|pattern| self.may_be(*pattern, event)).collect();
        parts.extend(flags(&except).into_iter().map(Predicate::negate));
        let lets: BTreeSet<&str> = leg.lets.iter().map(|new| new.column.name.as_str()).collect();
        Some(self.printer.conjunction(&Predicate::all(parts), &lets))
    }

    /// Whether an event with these roles may satisfy the pattern, too.
    fn may_be(&self, pattern: PatternId, event: &Event) -> bool {
        event.iter().flatten().any(|other| {
            let pair = (pattern.min(*other), pattern.max(*other));
            pattern == *other || self.timeline.overlaps.contains(&pair)
        })
    }

    /// Joins the terms by what they all carry and counts repetitions.
    fn sequence(&mut self, mut terms: Vec<Term>, limit: Limit) -> Result<Sequence, Diagnostic> {
        let timeline = self.timeline;
        let mut parts = Vec::new();
        for (part, name) in timeline.keys.iter().enumerate() {
            let carried = |term: &Term| term.keys.get(part).is_some_and(Option::is_some);
            match (terms.iter().all(carried), terms.iter().any(carried)) {
                (true, _) => parts.push(part),
                (false, false) => {}
                (false, true) => {
                    let message = format!(
                        "EQL cannot bind only some of the events to each other by `{name}`"
                    );
                    return Err(self.refuse(&message));
                }
            }
            self.check_types(&terms, part, name)?;
        }
        let clock = syntax::field(&self.clock()?.name);
        for term in &mut terms {
            let columns = parts.iter().filter_map(|part| term.keys.get(*part)?.as_ref());
            let columns: Vec<&Column> = columns.collect();
            let names = columns.iter().map(|column| syntax::field(&column.name));
            let names: Vec<Text> = match limit {
                Limit::Within(_) => names.collect(),
                Limit::AtOnce => names.chain([clock.clone()]).collect(),
            };
            if !term.absent {
                let conditions = columns.iter().flat_map(|column| predicate::key_joins(column));
                term.events = term.events.clone().and(conditions.collect());
            }
            term.by = (!names.is_empty()).then(|| Text::join(names, ", "));
        }
        Ok(Sequence { terms: repeated(terms) })
    }

    fn check_types(&self, terms: &[Term], part: usize, name: &str) -> Result<(), Diagnostic> {
        let mut types = terms.iter().filter_map(|term| term.keys.get(part)?.as_ref());
        let Some(first) = types.next() else { return Ok(()) };
        match types.find(|column| family(column.ty) != family(first.ty)) {
            None => Ok(()),
            Some(other) => {
                let message = format!(
                    "EQL cannot join `{}` with `{}` as `{name}`: their types differ",
                    first.name, other.name
                );
                let help = "use fields of the same type as keys";
                Err(Diagnostic::new(Code::KeyTypes, self.rule, message).help(help))
            }
        }
    }

    fn check_key(&mut self, leg: &Leg, column: &Column) {
        let computed = leg.lets.iter().any(|new| new.column.name == column.name);
        let several = column.multi && column.ty == ColumnType::Text;
        let message = match (computed, several) {
            (true, _) => format!("EQL cannot compute the key `{}`", column.name),
            (false, true) => format!("EQL cannot leave out empty values of `{}`", column.name),
            (false, false) => return,
        };
        let problem = self.refuse(&message);
        self.printer.refuse(problem);
    }

    fn refuse(&self, message: &str) -> Diagnostic {
        let help = "use keys that the platform has as columns, or keep to the other targets";
        Diagnostic::new(Code::NotExpressible, self.rule, message).help(help)
    }
}

/// Terms that are the same one after another become one that runs.
fn repeated(terms: Vec<Term>) -> Vec<Term> {
    let mut found: Vec<Term> = Vec::new();
    for term in terms {
        match found.last_mut() {
            Some(last) if !last.absent && Term { runs: 1, ..last.clone() } == term => {
                last.runs += 1;
            }
            Some(_) | None => found.push(term),
        }
    }
    found
}

/// Types whose values can be equal.
fn family(ty: ColumnType) -> ColumnType {
    match ty {
        ColumnType::Real => ColumnType::Integer,
        ColumnType::Text
        | ColumnType::Integer
        | ColumnType::Boolean
        | ColumnType::Time
        | ColumnType::Ip
        | ColumnType::Dynamic => ty,
    }
}
