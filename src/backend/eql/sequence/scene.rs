//! Scenes → sequences over patterns.
//!
//! `a` then `b` → `[a] [b]` within the window, and `[b] [a]` at once; `a` without `b` →
//! `![b] [a]`, if the author accepts that simultaneous events are not told apart.

use crate::plan::Timeline;

use super::orders::{self, Event};
use super::roles::{Absence, Chain, Reading, Reason, Role, Scene, Ties};
use super::{MAX_QUERIES, TOO_MANY};

const TIES: &str = "events of the same millisecond follow each other as Elasticsearch sorts them";

const ACCEPTED: &str = "accepted (W0606): events of the same millisecond are not told apart";

const UNSEEN: Reason = Reason(
    "EQL does not see the absence of an event at the very time of another",
    "say `accept: [W0606]` to ignore simultaneous events, or keep to the other targets",
);

/// A sequence over patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// Its steps.
    pub(super) steps: Vec<Step>,
    /// How long it may take.
    pub(super) limit: Limit,
    /// What is said about simultaneous events.
    pub(super) note: Note,
}

/// What a reader should know about simultaneous events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// Nothing: they are found like others.
    None,
    /// They have to come in the order of the steps.
    Sorted,
    /// They are not told apart, which the author accepted.
    Accepted,
}

impl Note {
    /// As a comment.
    pub(super) fn text(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Sorted => Some(TIES),
            Self::Accepted => Some(ACCEPTED),
        }
    }
}

/// A step of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// An event that takes these roles, and is none of the patterns beside them.
    Occurs(Event, Role),
    /// No such event.
    Absent(Role),
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
    /// The event, if there is only one to be looked for.
    pub(super) fn single(&self) -> Option<&Event> {
        match self.steps.as_slice() {
            [Step::Occurs(event, _)] => Some(event),
            _ => None,
        }
    }
}

/// Absences decide at the occurrences of the event that they go with; another event that is
/// named without `not` would make the rule look again.
pub(super) fn check_together(scenes: &[Scene]) -> Result<(), Reason> {
    let roles = |scene: &Scene| -> Vec<Vec<Role>> {
        scene.chains.iter().map(|chain| chain.roles.clone()).collect()
    };
    let Some(absent) = scenes.iter().find(|scene| !scene.absences.is_empty()) else {
        return Ok(());
    };
    if scenes.iter().all(|scene| roles(scene) == roles(absent)) {
        return Ok(());
    }
    Err(Reason(
        "EQL can look for an absence beside one event, not beside several",
        "make a rule of each alternative",
    ))
}

/// The sequences of a scene.
pub(super) fn drafts(
    scene: &Scene,
    timeline: &Timeline,
    reading: Reading,
) -> Result<Vec<Draft>, Reason> {
    if timeline.skew > 0 && scene.chains.iter().any(is_order) {
        return Err(Reason(
            "EQL does not tolerate events out of order",
            "leave `skew` out, or keep this rule to the other targets",
        ));
    }
    match (scene.chains.as_slice(), scene.absences.as_slice()) {
        ([], _) => Err(Reason(
            "EQL reports events, and nothing has to occur here",
            "name an event without `not`",
        )),
        ([chain], []) if !chain.without.is_empty() => interrupted(chain, reading),
        (chains, []) => occurring(chains, timeline, reading),
        ([chain], absences) => missing(chain, absences, reading),
        (_, _) => Err(Reason(
            "EQL may report nothing for several events and an absence although the rule holds",
            "look for one event and what is absent before it",
        )),
    }
}

/// Whether the order of the roles matters.
fn is_order(chain: &Chain) -> bool {
    chain.roles.windows(2).any(|pair| pair.first() != pair.last())
}

fn occurring(
    chains: &[Chain],
    timeline: &Timeline,
    reading: Reading,
) -> Result<Vec<Draft>, Reason> {
    let bounded = |chain: &Chain| chain.within.is_some() || !chain.without.is_empty();
    if chains.len() > 1 && chains.iter().any(bounded) {
        return Err(Reason(
            "EQL has one `maxspan` and one order for a whole sequence",
            "leave out `within` and `not` inside the order, or split the rule",
        ));
    }
    let within = chains.iter().filter_map(|chain| chain.within).min();
    let limit = Limit::Within(within.unwrap_or(reading.window).min(reading.window));
    let roles: Vec<&[Role]> = chains.iter().map(|chain| chain.roles.as_slice()).collect();
    let orders = orders::orders(&roles, &timeline.overlaps, MAX_QUERIES).ok_or(TOO_MANY)?;
    let occurs = |event: Event| Step::Occurs(event, Role::new());
    let ignored = chains.iter().any(|chain| chain.ties == Ties::Ignored);
    let mut note = match (ignored, chains.iter().any(is_order)) {
        (true, _) => Note::Accepted,
        (false, true) => Note::Sorted,
        (false, false) => Note::None,
    };
    let mut at_once = Vec::new();
    if let [Chain { roles, .. }] = chains
        && let [first, second] = roles.as_slice()
        && first != second
    {
        let reversed = [second, first].map(|role| occurs(Event::from([role.clone()])));
        at_once.push(Draft { steps: reversed.into(), limit: Limit::AtOnce, note: Note::None });
        note = Note::None;
    }
    let drafts = orders.into_iter().map(|order| Draft {
        steps: order.into_iter().map(occurs).collect(),
        limit,
        note,
    });
    Ok(drafts.chain(at_once).collect())
}

/// `a` then not `x` then `b`.
fn interrupted(chain: &Chain, reading: Reading) -> Result<Vec<Draft>, Reason> {
    if reading.ties == Ties::Count {
        return Err(UNSEEN);
    }
    let mut steps: Vec<Step> = chain
        .roles
        .iter()
        .map(|role| Step::Occurs(Event::from([role.clone()]), Role::new()))
        .collect();
    let last = steps.len().saturating_sub(1);
    steps.insert(last, Step::Absent(chain.without.clone()));
    let window = chain.within.unwrap_or(reading.window).min(reading.window);
    Ok(vec![Draft { steps, limit: Limit::Within(window), note: Note::Accepted }])
}

/// An event before which others are absent.
fn missing(chain: &Chain, absences: &[Absence], reading: Reading) -> Result<Vec<Draft>, Reason> {
    let [role] = chain.roles.as_slice() else {
        return Err(Reason(
            "EQL may report nothing for several events and an absence although the rule holds",
            "look for one event and what is absent before it",
        ));
    };
    let anchored = |absence: &Absence| absence.of.is_none_or(|of| *role == Role::from([of]));
    let span = absences.first().map_or(reading.window, |absence| absence.span);
    if !absences.iter().all(|absence| anchored(absence) && absence.span == span) {
        return Err(Reason(
            "EQL has one `maxspan` for a whole sequence",
            "give all absences the same span, before the event that fires",
        ));
    }
    if reading.ties == Ties::Count {
        return Err(UNSEEN);
    }
    let absent: Role = absences.iter().flat_map(|absence| absence.role.iter().copied()).collect();
    let occurs = Step::Occurs(Event::from([role.clone()]), absent.clone());
    let steps = vec![Step::Absent(absent), occurs];
    Ok(vec![Draft { steps, limit: Limit::Within(span), note: Note::Accepted }])
}
