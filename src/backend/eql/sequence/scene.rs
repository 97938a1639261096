//! Scenes → sequences over patterns.
//!
//! `a` then `b` → `[a] [b]` within the window, and `[b] [a]` at once; `a` without `b` →
//! `![b] [a]`, with the [`Loss`] that simultaneous events are not told apart.
//!
//! Why these and no others: for every event of the last step, EQL considers only the newest events
//! of the steps before, and none of them twice. Where only the first and the last event are bounded,
//! nothing is lost by that; where more is asked of those before (an absence, a span), it is, unless
//! all of them are of one kind, since then each event begins a sequence of its own.

use std::collections::BTreeSet;

use crate::ir::{Anchor, PatternId};
use crate::plan::Timeline;

use super::MAX_QUERIES;
use super::orders::{self, Event};
use super::reason::{self, Loss, Reason};
use super::roles::{Absence, Chain, Kind, Role, Scene};

/// Events of one kind that may go with an absence: each takes two steps.
const MAX_REPEATED: usize = 20;

/// A sequence over patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// Its steps.
    pub(super) steps: Vec<Step>,
    /// How long it may take.
    pub(super) limit: Limit,
    /// In what it differs from the condition.
    pub(super) losses: BTreeSet<Loss>,
}

/// A step of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// An event that takes these roles, and is none of the patterns beside them.
    Occurs(Event, Role),
    /// No such event.
    Absent(Role),
}

impl Step {
    fn occurs(role: &Role) -> Self {
        Self::Occurs(Event::from([role.clone()]), Role::new())
    }
}

/// How long a sequence may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// So many milliseconds from the first to the last event.
    Within(u64),
    /// All events have the same time.
    AtOnce,
}

impl Draft {
    fn of(steps: Vec<Step>, limit: Limit, losses: &[Loss]) -> Self {
        Self { steps, limit, losses: losses.iter().copied().collect() }
    }

    /// The event, if there is only one to be looked for.
    pub(super) fn single(&self) -> Option<&Event> {
        match self.steps.as_slice() {
            [Step::Occurs(event, _)] => Some(event),
            _ => None,
        }
    }
}

/// How far apart the events of an order may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spans {
    /// The window.
    pub(super) window: u64,
    /// By how much an event may precede the one that it follows.
    pub(super) skew: u64,
}

impl Spans {
    /// Those of a condition. Only an order that is the whole condition may end after its firing.
    pub(super) fn of(timeline: &Timeline, is_order: bool) -> Self {
        let window = timeline.window;
        let skew = if is_order { timeline.skew } else { timeline.skew.min(window) };
        Self { window, skew }
    }
}

/// The sequences of a scene.
pub(super) fn drafts(
    scene: &Scene,
    timeline: &Timeline,
    spans: Spans,
) -> Result<Vec<Draft>, Reason> {
    match (scene.chains.as_slice(), scene.absences.as_slice()) {
        ([], _) => Err(reason::NOTHING_OCCURS),
        ([chain], []) => alone(chain, spans),
        (chains, []) => together(chains, timeline, spans),
        ([chain], absences) => missing(chain, absences, spans),
        (_, _) => Err(reason::SEVERAL_AND_ABSENCE),
    }
}

/// The sequences of one chain.
fn alone(chain: &Chain, spans: Spans) -> Result<Vec<Draft>, Reason> {
    let forward = chain.within.unwrap_or(spans.window).min(spans.window);
    let losses = losses(chain);
    let draft = |roles: &[Role], limit| {
        let steps = steps(roles, &chain.without);
        Draft { steps, limit, losses: losses.clone() }
    };
    let backward = if chain.kind == Kind::Order { spans.skew } else { 0 };
    let as_said = draft(&chain.roles, Limit::Within(forward));
    match (chain.roles.as_slice(), backward) {
        ([first, second], 0) if first != second && chain.without.is_empty() => {
            Ok(vec![as_said, draft(&[second.clone(), first.clone()], Limit::AtOnce)])
        }
        ([_], _) | (_, 0) => Ok(vec![as_said]),
        ([first, second], skew) if first == second => {
            Ok(vec![draft(&chain.roles, Limit::Within(forward.max(skew)))])
        }
        ([first, second], skew) => {
            Ok(vec![as_said, draft(&[second.clone(), first.clone()], Limit::Within(skew))])
        }
        (_, _) => Err(reason::SKEW),
    }
}

fn losses(chain: &Chain) -> BTreeSet<Loss> {
    let number = (chain.kind == Kind::Exactly).then_some(Loss::Number);
    let absence = (!chain.without.is_empty()).then_some(Loss::Absence);
    let order = (chain.is_order() && chain.roles.len() > 2).then_some(Loss::Order);
    [number, absence, order].into_iter().flatten().collect()
}

/// One after another, with what is absent before the last one.
fn steps(roles: &[Role], without: &Role) -> Vec<Step> {
    let mut steps: Vec<Step> = roles.iter().map(Step::occurs).collect();
    if !without.is_empty() {
        steps.insert(steps.len().saturating_sub(1), Step::Absent(without.clone()));
    }
    steps
}

/// The sequences of several chains: all orders of their events.
fn together(chains: &[Chain], timeline: &Timeline, spans: Spans) -> Result<Vec<Draft>, Reason> {
    if chains.iter().any(|chain| chain.kind == Kind::Exactly) {
        return Err(reason::NUMBER_BESIDE_OTHERS);
    }
    if !chains.iter().all(Chain::is_plain) {
        return Err(reason::TWO_LIMITS);
    }
    let is_long = |chain: &Chain| chain.kind == Kind::Order && chain.roles.len() > 1;
    if spans.skew > 0 && chains.iter().any(is_long) {
        return Err(reason::SKEW);
    }
    let roles: Vec<&[Role]> = chains.iter().map(|chain| chain.roles.as_slice()).collect();
    let orders = orders::orders(&roles, &timeline.overlaps, MAX_QUERIES).ok_or(reason::TOO_MANY)?;
    let loss = chains.iter().any(Chain::is_order).then_some(Loss::Order);
    let drafts = orders.into_iter().map(|order| Draft {
        steps: order.into_iter().map(|event| Step::Occurs(event, Role::new())).collect(),
        limit: Limit::Within(spans.window),
        losses: loss.into_iter().collect(),
    });
    Ok(drafts.collect())
}

/// Events of one kind beside which others are absent.
fn missing(chain: &Chain, absences: &[Absence], spans: Spans) -> Result<Vec<Draft>, Reason> {
    if chain.kind == Kind::Exactly {
        return Err(reason::NUMBER_BESIDE_OTHERS);
    }
    let Some(role) = chain.roles.first().filter(|_| chain.is_plain() && !chain.is_order()) else {
        return Err(reason::SEVERAL_AND_ABSENCE);
    };
    let absent: Role = absences.iter().flat_map(|absence| absence.role.iter().copied()).collect();
    let occurs = Step::Occurs(Event::from([role.clone()]), absent.clone());
    let (span, anchor) = place(role, absences)?;
    if chain.roles.len() == 1 {
        let (steps, losses) = match anchor {
            Anchor::Before => (vec![Step::Absent(absent), occurs], vec![Loss::Absence]),
            Anchor::After => (vec![occurs, Step::Absent(absent)], vec![Loss::Absence]),
            Anchor::Around => return Err(reason::AROUND),
        };
        return Ok(vec![Draft::of(steps, Limit::Within(span), &losses)]);
    }
    let trailing = span == spans.window && anchor == Anchor::Before;
    if !trailing || absences.iter().any(|absence| absence.of.is_some()) {
        return Err(reason::SPANS_OF_ABSENCE);
    }
    if chain.roles.len() > MAX_REPEATED {
        return Err(reason::NUMBER_AND_ABSENCE);
    }
    let pair = [Step::Absent(absent), occurs];
    let steps = std::iter::repeat_n(pair, chain.roles.len()).flatten().collect();
    Ok(vec![Draft::of(steps, Limit::Within(span), &[Loss::Absence])])
}

/// Where the spans of absences lie, if all of them lie alike at one event.
fn place(role: &Role, absences: &[Absence]) -> Result<(u64, Anchor), Reason> {
    let Some(first) = absences.first() else { return Err(reason::NOTHING_OCCURS) };
    if absences.iter().any(|absence| absence.anchor != first.anchor) {
        return Err(reason::AROUND);
    }
    if absences.iter().any(|absence| absence.span != first.span) {
        return Err(reason::SPANS_OF_ABSENCE);
    }
    let anchored = |absence: &Absence| absence.of.is_none_or(|of| *role == Role::from([of]));
    if !absences.iter().all(anchored) {
        return Err(reason::ABSENCE_ELSEWHERE);
    }
    Ok((first.span, first.anchor))
}

/// Whether the rule looks exactly when a scene's events come.
///
/// It does not look at an event that is only named under `not`. And absences without an anchor of
/// their own are decided at the firing: another event that is named without `not` would make the
/// rule look again, unless that event fires by itself.
pub(super) fn check_firings(scenes: &[Scene], named: &[PatternId]) -> Result<(), Reason> {
    let occurring = scenes.iter().flat_map(|scene| &scene.chains).flat_map(|chain| &chain.roles);
    if occurring.flatten().any(|pattern| !named.contains(pattern)) {
        return Err(reason::NOT_LOOKED_AT);
    }
    let by_themselves: Role = scenes
        .iter()
        .filter(|scene| scene.absences.is_empty())
        .filter_map(Scene::single)
        .flatten()
        .copied()
        .collect();
    let looks_again = |scene: &Scene| {
        let occurring = scene.chains.iter().flat_map(|chain| &chain.roles);
        // Where something occurs that must not, this scene does not hold anyway.
        let absent = scene.absences.iter().map(|absence| &absence.role);
        let known: Role = occurring.chain(absent).flatten().copied().collect();
        named.iter().any(|pattern| !known.contains(pattern) && !by_themselves.contains(pattern))
    };
    let at_firing = |scene: &&Scene| scene.absences.iter().any(|absence| absence.of.is_none());
    match scenes.iter().filter(at_firing).any(looks_again) {
        true => Err(reason::ALTERNATIVES_AND_ABSENCE),
        false => Ok(()),
    }
}
