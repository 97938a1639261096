//! A second evaluator that follows DESIGN 2.3 to the letter, by trying everything.
//!
//! It shares no code with the engine, only the types of conditions: no state, no windows that
//! slide, no search that is clever. Every key, every occurrence, every valuation of the bindings
//! and every choice of events for an order is tried on its own.

use std::collections::{BTreeMap, BTreeSet};

use sigweave::ir::{Aggregate, Anchor, Cmp, Cond, PatternId, Step};

/// An event, as far as the generated rules look at it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Simple {
    /// Its time in milliseconds.
    pub time: i64,
    /// The patterns that it satisfies.
    pub patterns: BTreeSet<usize>,
    /// Values of the key; none: missing. An empty text is no value.
    pub key: Vec<String>,
    /// Values of the two fields that bind; none: missing.
    pub bound: [Vec<String>; 2],
    /// Numbers to aggregate; none: missing.
    pub numbers: Vec<i64>,
    /// Numbers of a second field.
    pub others: Vec<i64>,
}

/// A rule over such events.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Whether events are put together by key.
    pub is_keyed: bool,
    /// By field that binds, the patterns that must have the same value; empty: no binding.
    pub bindings: [Vec<usize>; 2],
    /// The window in milliseconds.
    pub window: i64,
    /// The tolerated disorder in milliseconds.
    pub skew: i64,
    /// The condition.
    pub cond: Cond,
}

/// First and last firing and their number, by key.
pub(crate) type Verdicts = BTreeMap<String, (i64, i64, u64)>;

/// A deliberate mistake, to see whether the comparison would notice it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mistake {
    /// None.
    None,
    /// The window is a millisecond longer or shorter.
    Window(i64),
    /// The window's older border is open.
    OpenWindow,
    /// Simultaneous events follow each other only as they stand in the file.
    OrderedTies,
    /// Simultaneous events never follow each other.
    NoTies,
    /// Events without a key take part.
    MissingKey,
    /// Events without a value for a binding are bound to each other.
    MissingBinding,
    /// An event may follow itself.
    SelfFollows,
    /// An absence ignores what is simultaneous.
    OpenAbsence,
    /// `>` for `>=` in scores.
    StrictScore,
    /// `>` for `>=` in counts.
    StrictCount,
    /// Of several values of a key only the first takes part.
    FirstKey,
    /// The sum of no number at all is 0.
    EmptySum,
    /// A step comes within less than its time.
    OpenWithin,
}

/// What the rule finds in the events, with a mistake.
pub(crate) fn run(rule: &Rule, events: &[Simple], mistake: Mistake) -> Verdicts {
    let mut verdicts = Verdicts::new();
    for (key, time) in firings(rule, events, mistake) {
        let verdict = verdicts.entry(key).or_insert((time, time, 0));
        verdict.0 = verdict.0.min(time);
        verdict.1 = verdict.1.max(time);
        verdict.2 += 1;
    }
    verdicts
}

/// Every firing: key and time.
pub(crate) fn firings(rule: &Rule, events: &[Simple], mistake: Mistake) -> Vec<(String, i64)> {
    let mut firings = Vec::new();
    let keys: BTreeSet<String> =
        events.iter().flat_map(|event| keys_of(rule, event, mistake)).collect();
    for key in keys {
        let of_key: Vec<&Simple> =
            events.iter().filter(|event| keys_of(rule, event, mistake).contains(&key)).collect();
        for at in 0..of_key.len() {
            let fires = |values| World { rule, events: &of_key, values, mistake }.fires(at);
            let [first, second] = [0, 1].map(|binding| values(rule, binding, &of_key));
            let mut pairs =
                first.iter().flat_map(|one| second.iter().map(|two| [one.clone(), two.clone()]));
            if pairs.any(fires) {
                firings.push((key.clone(), of_key[at].time));
            }
        }
    }
    firings
}

fn keys_of(rule: &Rule, event: &Simple, mistake: Mistake) -> BTreeSet<String> {
    if !rule.is_keyed {
        return BTreeSet::from([String::new()]);
    }
    let keys = event.key.iter().filter(|key| !key.is_empty()).cloned();
    let most = if mistake == Mistake::FirstKey { 1 } else { usize::MAX };
    let keys: BTreeSet<String> = keys.take(most).collect();
    if keys.is_empty() && mistake == Mistake::MissingKey {
        return BTreeSet::from(["missing".to_owned()]);
    }
    keys
}

/// A value for the binding.
#[derive(Debug, Clone, PartialEq)]
enum Bound {
    Nothing,
    Value(String),
    MissingIn(usize),
}

fn values(rule: &Rule, binding: usize, events: &[&Simple]) -> Vec<Bound> {
    let mut values = vec![Bound::Nothing];
    if rule.bindings[binding].is_empty() {
        return values;
    }
    for (at, event) in events.iter().enumerate() {
        let bound = &event.bound[binding];
        if bound.iter().all(String::is_empty) {
            values.push(Bound::MissingIn(at));
        }
        let named = bound.iter().filter(|value| !value.is_empty());
        values.extend(named.cloned().map(Bound::Value));
    }
    values
}

/// The occurrences of one key under one value of each binding.
struct World<'w> {
    rule: &'w Rule,
    events: &'w [&'w Simple],
    values: [Bound; 2],
    mistake: Mistake,
}

impl World<'_> {
    fn is(&self, event: usize, pattern: usize) -> bool {
        let binds = |binding: &usize| self.rule.bindings[*binding].contains(&pattern);
        self.events[event].patterns.contains(&pattern)
            && (0..2).filter(binds).all(|binding| self.is_bound(event, binding))
    }

    fn is_bound(&self, event: usize, binding: usize) -> bool {
        let bound = &self.events[event].bound[binding];
        match &self.values[binding] {
            Bound::Nothing => false,
            Bound::Value(value) => bound.contains(value),
            Bound::MissingIn(_) if self.mistake == Mistake::MissingBinding => {
                bound.iter().all(String::is_empty)
            }
            Bound::MissingIn(of) => *of == event,
        }
    }

    fn time(&self, event: usize) -> i64 {
        self.events[event].time
    }

    fn fires(&self, at: usize) -> bool {
        if let Cond::Chain(steps) = &self.rule.cond {
            let start = self.start(at);
            return self.orders(steps).iter().any(|path| {
                path.last() == Some(&at) && path.iter().all(|event| start(self.time(*event)))
            });
        }
        let (named, _) = named(&self.rule.cond);
        named.iter().any(|pattern| self.is(at, *pattern)) && self.holds(&self.rule.cond, at)
    }

    /// Whether a time is not before the window that ends at an occurrence.
    fn start(&self, at: usize) -> impl Fn(i64) -> bool {
        let (end, window, mistake) = (self.time(at), self.rule.window, self.mistake);
        move |time| match mistake {
            Mistake::Window(more) => time >= end - window - more,
            Mistake::OpenWindow => time > end - window,
            _ => time >= end - window,
        }
    }

    /// The events in the window that ends at an occurrence.
    fn window(&self, at: usize) -> Vec<usize> {
        let start = self.start(at);
        let in_window =
            |event: &usize| start(self.time(*event)) && self.time(*event) <= self.time(at);
        (0..self.events.len()).filter(in_window).collect()
    }

    fn seen(&self, pattern: PatternId, at: usize) -> bool {
        self.window(at).into_iter().any(|event| self.is(event, pattern.0))
    }

    fn holds(&self, cond: &Cond, at: usize) -> bool {
        match cond {
            Cond::Seen(pattern) => self.seen(*pattern, at),
            Cond::Count { of, cmp, value } => {
                let counts = |event: &usize| of.iter().any(|pattern| self.is(*event, pattern.0));
                let count = self.window(at).into_iter().filter(counts).count();
                let is_strict = self.mistake == Mistake::StrictCount && *cmp == Cmp::Gte;
                let cmp = if is_strict { Cmp::Gt } else { *cmp };
                compare(count as f64, cmp, *value as f64)
            }
            Cond::Aggregate { function, of, cmp, value } => {
                let patterns: Vec<usize> = of.iter().map(|(pattern, _)| pattern.0).collect();
                if *function == Aggregate::Distinct && of.iter().all(|(_, of)| of.len() == 2) {
                    return self.pairs(&patterns, (*cmp, *value), at);
                }
                self.aggregate(*function, &patterns, (*cmp, *value), at)
            }
            Cond::Chain(steps) => {
                let window = self.window(at);
                let inside = |path: &Vec<usize>| path.iter().all(|event| window.contains(event));
                self.orders(steps).iter().any(inside)
            }
            Cond::Absent { pattern, span, anchor, of } => {
                let span = i64::try_from(*span).unwrap();
                match of {
                    None => self.absent(pattern.0, span, *anchor, self.time(at)),
                    Some(of) => self.window(at).into_iter().any(|event| {
                        self.is(event, of.0)
                            && self.absent(pattern.0, span, *anchor, self.time(event))
                    }),
                }
            }
            Cond::Score { classes, threshold } => {
                let mut score = 0.0;
                for class in classes {
                    let present =
                        class.weights.iter().filter(|(pattern, _)| self.seen(*pattern, at));
                    score += present.map(|(_, weight)| *weight).fold(None, larger).unwrap_or(0.0);
                }
                match self.mistake {
                    Mistake::StrictScore => score > *threshold,
                    _ => score >= *threshold,
                }
            }
            Cond::AtLeast(least, parts) => {
                parts.iter().filter(|part| self.holds(part, at)).count() >= *least as usize
            }
            Cond::All(parts) => parts.iter().all(|part| self.holds(part, at)),
            Cond::Any(parts) => parts.iter().any(|part| self.holds(part, at)),
            Cond::Not(part) => !self.holds(part, at),
        }
    }

    fn absent(&self, pattern: usize, span: i64, anchor: Anchor, time: i64) -> bool {
        let (from, to) = match anchor {
            Anchor::Before => (time - span, time),
            Anchor::After => (time, time + span),
            Anchor::Around => (time - span, time + span),
        };
        !(0..self.events.len()).any(|event| {
            let other = self.time(event);
            let counts = self.mistake != Mistake::OpenAbsence || other != time;
            self.is(event, pattern) && from <= other && other <= to && counts
        })
    }

    fn aggregate(
        &self,
        function: Aggregate,
        patterns: &[usize],
        (cmp, wanted): (Cmp, f64),
        at: usize,
    ) -> bool {
        let of = |event: &usize| patterns.iter().any(|pattern| self.is(*event, *pattern));
        let numbers = self.window(at).into_iter().filter(of);
        let mut numbers: Vec<i64> =
            numbers.flat_map(|event| self.events[event].numbers.clone()).collect();
        numbers.sort_unstable();
        let len = numbers.len();
        let result = match function {
            Aggregate::Distinct => Some(numbers.iter().collect::<BTreeSet<_>>().len() as f64),
            Aggregate::Sum if len == 0 && self.mistake == Mistake::EmptySum => Some(0.0),
            _ if len == 0 => None,
            Aggregate::Sum => Some(numbers.iter().sum::<i64>() as f64),
            Aggregate::Avg => Some(numbers.iter().sum::<i64>() as f64 / len as f64),
            Aggregate::Min => Some(numbers[0] as f64),
            Aggregate::Max => Some(numbers[len - 1] as f64),
            // The smallest value that at least so many percent of the values do not exceed.
            Aggregate::Percentile(percent) => numbers
                .iter()
                .find(|number| {
                    let up_to = numbers.iter().filter(|other| other <= number).count();
                    100.0 * up_to as f64 >= percent * len as f64
                })
                .map(|number| *number as f64),
        };
        match (cmp, result) {
            (Cmp::Neq, None) => true,
            (_, None) => false,
            (cmp, Some(result)) => compare(result, cmp, wanted),
        }
    }

    /// Different pairs of numbers of the two fields.
    fn pairs(&self, patterns: &[usize], (cmp, wanted): (Cmp, f64), at: usize) -> bool {
        let mut pairs = BTreeSet::new();
        for event in self.window(at) {
            if patterns.iter().any(|pattern| self.is(event, *pattern)) {
                for number in &self.events[event].numbers {
                    pairs.extend(self.events[event].others.iter().map(|other| (number, other)));
                }
            }
        }
        compare(pairs.len() as f64, cmp, wanted)
    }

    /// Every choice of events for the steps of an order, wherever it lies.
    fn orders(&self, steps: &[Step]) -> Vec<Vec<usize>> {
        let mut paths: Vec<Vec<usize>> = vec![Vec::new()];
        for step in steps {
            let mut longer = Vec::new();
            for path in &paths {
                for event in 0..self.events.len() {
                    if self.is(event, step.pattern.0) && self.follows(path, event, step) {
                        longer.push([path.as_slice(), &[event]].concat());
                    }
                }
            }
            paths = longer;
        }
        paths
    }

    fn follows(&self, path: &[usize], event: usize, step: &Step) -> bool {
        let Some(before) = path.last().copied() else { return true };
        if path.contains(&event) && self.mistake != Mistake::SelfFollows {
            return false;
        }
        let (earlier, later) = (self.time(before), self.time(event));
        let is_tie_broken = match self.mistake {
            Mistake::OrderedTies => earlier == later && event < before,
            Mistake::NoTies => earlier == later,
            _ => false,
        };
        let open = i64::from(self.mistake == Mistake::OpenWithin);
        let is_soon = step.within.is_none_or(|within| later - earlier + open <= within as i64);
        let (from, to) = (earlier.min(later), earlier.max(later));
        let is_between = |other: usize| {
            other != before && other != event && (from..=to).contains(&self.time(other))
        };
        let blocks = |pattern: &PatternId| {
            (0..self.events.len()).any(|other| is_between(other) && self.is(other, pattern.0))
        };
        let is_late = later >= earlier - self.rule.skew;
        is_late && !is_tie_broken && is_soon && !step.without.iter().any(blocks)
    }
}

fn larger(largest: Option<f64>, weight: f64) -> Option<f64> {
    Some(largest.map_or(weight, |largest| if weight > largest { weight } else { largest }))
}

fn compare(left: f64, cmp: Cmp, right: f64) -> bool {
    match cmp {
        Cmp::Eq => left == right,
        Cmp::Neq => left != right,
        Cmp::Lt => left < right,
        Cmp::Lte => left <= right,
        Cmp::Gt => left > right,
        Cmp::Gte => left >= right,
    }
}

/// The patterns that a condition names positively, and those that it names negatively.
fn named(cond: &Cond) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let none = BTreeSet::new;
    let set = |patterns: &[PatternId]| patterns.iter().map(|pattern| pattern.0).collect();
    match cond {
        Cond::Seen(pattern) => (set(&[*pattern]), none()),
        Cond::Count { of, .. } => (set(of), none()),
        Cond::Aggregate { of, .. } => (of.iter().map(|(pattern, _)| pattern.0).collect(), none()),
        Cond::Chain(steps) => (
            steps.iter().map(|step| step.pattern.0).collect(),
            steps.iter().flat_map(|step| &step.without).map(|pattern| pattern.0).collect(),
        ),
        Cond::Absent { pattern, of, .. } => (of.iter().map(|of| of.0).collect(), set(&[*pattern])),
        Cond::Score { classes, .. } => {
            let weights = classes.iter().flat_map(|class| &class.weights);
            (weights.map(|(pattern, _)| pattern.0).collect(), none())
        }
        Cond::AtLeast(_, parts) | Cond::All(parts) | Cond::Any(parts) => {
            let mut all = (none(), none());
            for (positive, negative) in parts.iter().map(named) {
                all.0.extend(positive);
                all.1.extend(negative);
            }
            all
        }
        Cond::Not(part) => {
            let (positive, negative) = named(part);
            (negative, positive)
        }
    }
}
