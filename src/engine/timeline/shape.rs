//! A condition, ready to be evaluated: patterns replaced by tracks, and how far it looks.

use crate::ir::{Aggregate, Anchor, Cmp, Cond, Correlation, FieldRef, PatternId, Step};

use super::state::{TrackId, Tracks};

/// A condition over tracks.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// An occurrence of the track.
    Seen(TrackId),
    /// So many events of the track.
    Count { track: TrackId, cmp: Cmp, value: u64 },
    /// An aggregate over the values with this index.
    Aggregate { track: TrackId, index: usize, function: Aggregate, cmp: Cmp, value: f64 },
    /// An order, with its number among those of the condition.
    Chain { index: usize, steps: Vec<Link> },
    /// No occurrence of the track around the firing, or around one of another track.
    Absent { track: TrackId, before: i64, after: i64, of: Option<TrackId> },
    /// Largest weights present, per class.
    Score { classes: Vec<Vec<(TrackId, f64)>>, threshold: f64 },
    /// At least so many.
    AtLeast(u32, Vec<Node>),
    /// All of them.
    All(Vec<Node>),
    /// Any of them.
    Any(Vec<Node>),
    /// Not.
    Not(Box<Node>),
}

/// A step of an order.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// What occurs.
    pub track: TrackId,
    /// At most so many milliseconds after the step before.
    pub within: Option<i64>,
    /// What does not occur between.
    pub without: Vec<TrackId>,
}

/// What an aggregate looks at.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    /// What is computed.
    pub function: Aggregate,
    /// Fields that count together, and the patterns on whose behalf they are looked at.
    pub fields: Vec<(Vec<FieldRef>, Vec<PatternId>)>,
}

/// A condition with what evaluating it needs to know.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// The condition.
    pub root: Node,
    /// The tracks it uses.
    pub tracks: Tracks,
    /// What its aggregates look at, by index.
    pub operands: Vec<Operand>,
    /// The track of each aggregate, by index.
    pub aggregates: Vec<TrackId>,
    /// The number of its orders.
    pub orders: usize,
    /// Patterns without an occurrence of which it does not hold.
    pub needed: Vec<PatternId>,
    /// For each binding, whether a pattern carries it, by index.
    pub carried: Vec<Vec<bool>>,
    /// The patterns at whose occurrences it is evaluated, and their track.
    pub fires: (Vec<PatternId>, TrackId),
    /// Milliseconds before a firing that it may look at.
    pub back: i64,
    /// Milliseconds after a firing that it may look at.
    pub ahead: i64,
}

impl Shape {
    /// The shape of a correlation's condition.
    pub(super) fn new(correlation: &Correlation) -> Self {
        let mut builder = Builder {
            tracks: Tracks::new(correlation.patterns.len()),
            operands: Vec::new(),
            aggregates: Vec::new(),
            orders: 0,
            window: millis(correlation.window),
            back: millis(correlation.window),
            ahead: 0,
        };
        let cond = correlation.cond.top();
        let root = builder.node(cond);
        let fires = if let Cond::Chain(steps) = cond {
            let skew = millis(correlation.skew).saturating_mul(count(steps.len()) - 1);
            builder.ahead = skew.max(0);
            steps.last().map(|step| step.pattern).into_iter().collect()
        } else {
            cond.named()
        };
        let track = builder.tracks.of(&fires);
        let Builder { tracks, operands, aggregates, orders, back, ahead, .. } = builder;
        let (needed, fires) = (needed(cond), (fires, track));
        let carried = bindings(correlation);
        Self { root, tracks, operands, aggregates, orders, needed, carried, fires, back, ahead }
    }

    /// Whether a pattern carries a binding.
    pub(super) fn carries(&self, pattern: PatternId, binding: usize) -> bool {
        self.carried.get(binding).and_then(|of| of.get(pattern.0)).is_some_and(|carries| *carries)
    }
}

/// Patterns that must occur for a condition to hold; maybe not all of them.
fn needed(cond: &Cond) -> Vec<PatternId> {
    match cond {
        Cond::Seen(pattern) => vec![*pattern],
        Cond::Chain(steps) => steps.iter().map(|step| step.pattern).collect(),
        Cond::All(parts) => parts.iter().flat_map(needed).collect(),
        Cond::Count { of, cmp: Cmp::Gte, value: 1.. } if of.len() == 1 => of.clone(),
        Cond::Absent { of: Some(of), .. } => vec![*of],
        Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Absent { of: None, .. }
        | Cond::Score { .. }
        | Cond::AtLeast(..)
        | Cond::Any(_)
        | Cond::Not(_) => Vec::new(),
    }
}

/// For each part of the key that only some patterns carry, which ones do.
fn bindings(correlation: &Correlation) -> Vec<Vec<bool>> {
    let all = correlation.keys.iter().map(|key| {
        let carried = key.fields.iter().map(Option::is_some);
        let missing = correlation.patterns.len().saturating_sub(key.fields.len());
        carried.chain(std::iter::repeat_n(false, missing)).collect::<Vec<_>>()
    });
    all.filter(|carried| carried.contains(&false)).collect()
}

/// Milliseconds as a signed number.
pub(super) fn millis(span: u64) -> i64 {
    i64::try_from(span).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

struct Builder {
    tracks: Tracks,
    operands: Vec<Operand>,
    aggregates: Vec<TrackId>,
    orders: usize,
    window: i64,
    back: i64,
    ahead: i64,
}

impl Builder {
    fn node(&mut self, cond: &Cond) -> Node {
        match cond {
            Cond::Seen(pattern) => Node::Seen(self.tracks.of(&[*pattern])),
            Cond::Count { of, cmp, value } => {
                Node::Count { track: self.tracks.of(of), cmp: *cmp, value: *value }
            }
            Cond::Aggregate { function, of, cmp, value } => {
                let index = self.operand(*function, of);
                let patterns: Vec<_> = of.iter().map(|(pattern, _)| *pattern).collect();
                let track = self.tracks.of(&patterns);
                self.aggregates.push(track);
                Node::Aggregate { track, index, function: *function, cmp: *cmp, value: *value }
            }
            Cond::Chain(steps) => {
                let index = self.orders;
                self.orders += 1;
                Node::Chain { index, steps: steps.iter().map(|step| self.link(step)).collect() }
            }
            Cond::Absent { pattern, span, anchor, of } => {
                self.absent(*pattern, millis(*span), *anchor, *of)
            }
            Cond::Score { classes, threshold } => {
                let mut class = |weights: &[(PatternId, f64)]| {
                    let weights = weights.iter();
                    weights
                        .map(|(pattern, weight)| (self.tracks.of(&[*pattern]), *weight))
                        .collect()
                };
                let classes = classes.iter().map(|of| class(&of.weights)).collect();
                Node::Score { classes, threshold: *threshold }
            }
            Cond::AtLeast(least, parts) => Node::AtLeast(*least, self.nodes(parts)),
            Cond::All(parts) => Node::All(self.nodes(parts)),
            Cond::Any(parts) => Node::Any(self.nodes(parts)),
            Cond::Not(part) => Node::Not(Box::new(self.node(part))),
        }
    }

    fn nodes(&mut self, parts: &[Cond]) -> Vec<Node> {
        parts.iter().map(|part| self.node(part)).collect()
    }

    fn link(&mut self, step: &Step) -> Link {
        Link {
            track: self.tracks.of(&[step.pattern]),
            within: step.within.map(millis),
            without: step.without.iter().map(|pattern| self.tracks.of(&[*pattern])).collect(),
        }
    }

    fn absent(
        &mut self,
        pattern: PatternId,
        span: i64,
        anchor: Anchor,
        of: Option<PatternId>,
    ) -> Node {
        let (before, after) = match anchor {
            Anchor::Before => (span, 0),
            Anchor::After => (0, span),
            Anchor::Around => (span, span),
        };
        let reach = if of.is_some() { self.window } else { 0 };
        self.back = self.back.max(reach.saturating_add(before));
        self.ahead = self.ahead.max(after);
        let of = of.map(|of| self.tracks.of(&[of]));
        Node::Absent { track: self.tracks.of(&[pattern]), before, after, of }
    }

    fn operand(&mut self, function: Aggregate, of: &[(PatternId, Vec<FieldRef>)]) -> usize {
        let mut fields: Vec<(Vec<FieldRef>, Vec<PatternId>)> = Vec::new();
        for (pattern, named) in of {
            // Several fields count as tuples if values are told apart, and each on its own if not.
            let together = if function == Aggregate::Distinct { named.len().max(1) } else { 1 };
            for group in named.chunks(together) {
                match fields.iter_mut().find(|(known, _)| known == group) {
                    Some((_, patterns)) => patterns.push(*pattern),
                    None => fields.push((group.to_vec(), vec![*pattern])),
                }
            }
        }
        self.operands.push(Operand { function, fields });
        self.operands.len() - 1
    }
}
