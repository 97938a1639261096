//! A condition → masks, latest starts, a boolean expression over them, and what fires.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Class, Cmp, Cond, Correlation, PatternId};
use crate::source::Span;

use super::absence;
use super::chain;
use super::refuse;
use super::timeline::{Fire, Holds, Mask, Start};
use super::totals::{Total, Totals, Values};

/// How many masks a plan may have.
const MAX_MASKS: usize = 64;
/// How many alternatives a score or an `n of` may unfold to.
const MAX_ALTERNATIVES: usize = 4096;

/// The part of a timeline that depends on the condition.
pub(super) struct Lowered {
    pub(super) masks: Vec<Mask>,
    pub(super) starts: Vec<Start>,
    pub(super) nexts: Vec<Vec<usize>>,
    pub(super) totals: Vec<Total>,
    pub(super) holds: Holds,
    pub(super) fires: Vec<Fire>,
}

/// Lowers the condition of a correlation.
pub(super) fn lower(
    correlation: &Correlation,
    overlaps: &[(PatternId, PatternId)],
    values: &[Values],
    span: Span,
) -> Result<Lowered, Vec<Diagnostic>> {
    let masks = masks(correlation.patterns.len(), overlaps, span).map_err(|found| vec![found])?;
    let seen = (0..correlation.patterns.len())
        .map(|pattern| Start::Seen(masks_of(&masks, &[PatternId(pattern)])))
        .collect();
    let names = correlation.patterns.iter().map(|pattern| pattern.name.clone()).collect();
    let (window, skew) = (correlation.window, correlation.skew);
    let (nexts, totals) = (Vec::new(), Totals { values, totals: Vec::new() });
    let mut atoms = Atoms { masks, starts: seen, nexts, totals, names, window, skew, span };
    if let Some(steps) = chain::only(&correlation.cond) {
        let fires = chain::fires(&mut atoms, steps)?;
        return Ok(atoms.lowered(Holds::All(vec![]), fires));
    }
    let holds = atoms.holds(&correlation.cond)?;
    let firing = masks_of(&atoms.masks, &correlation.cond.named());
    let fires = firing.into_iter().map(|mask| Fire { mask, links: Vec::new() }).collect();
    Ok(atoms.lowered(holds, fires))
}

/// Atoms in the making.
pub(super) struct Atoms<'a> {
    pub(super) masks: Vec<Mask>,
    pub(super) starts: Vec<Start>,
    /// Events whose next occurrence is looked for.
    pub(super) nexts: Vec<Vec<usize>>,
    /// What aggregates are made of.
    totals: Totals<'a>,
    /// Names of the patterns.
    pub(super) names: Vec<String>,
    pub(super) window: u64,
    pub(super) skew: u64,
    pub(super) span: Span,
}

impl Atoms<'_> {
    /// The atom's index; the same atom is kept once.
    pub(super) fn start(&mut self, start: Start) -> usize {
        if let Some(known) = self.starts.iter().position(|known| *known == start) {
            return known;
        }
        self.starts.push(start);
        self.starts.len() - 1
    }

    /// The index of the next event of a pattern; the same is kept once.
    pub(super) fn next(&mut self, pattern: PatternId) -> usize {
        let masks = masks_of(&self.masks, &[pattern]);
        if let Some(known) = self.nexts.iter().position(|known| *known == masks) {
            return known;
        }
        self.nexts.push(masks);
        self.nexts.len() - 1
    }

    fn lowered(self, holds: Holds, fires: Vec<Fire>) -> Lowered {
        let (nexts, totals) = (self.nexts, self.totals.totals);
        Lowered { masks: self.masks, starts: self.starts, nexts, totals, holds, fires }
    }

    /// That the atom starts in the window.
    pub(super) fn within(&mut self, start: Start) -> Holds {
        let window = self.window;
        Holds::Within(self.start(start), window)
    }

    fn holds(&mut self, cond: &Cond) -> Result<Holds, Vec<Diagnostic>> {
        Ok(match cond {
            Cond::Seen(pattern) => Holds::Within(pattern.0, self.window),
            Cond::Count { of, cmp, value } => self.count(of, *cmp, *value),
            Cond::Chain(steps) => Holds::Within(chain::start(self, steps)?, self.window),
            Cond::Absent { pattern, span, anchor, of } => {
                absence::holds(self, *pattern, (*anchor, *span), *of)
            }
            Cond::Aggregate { function, of, cmp, value } => {
                self.totals.holds(*function, of, *cmp, *value)
            }
            Cond::Score { classes, threshold } => self.score(classes, *threshold)?,
            Cond::AtLeast(count, parts) => {
                let parts = self.each(parts)?;
                self.at_least(*count as usize, &parts)?
            }
            Cond::All(parts) => Holds::All(self.each(parts)?),
            Cond::Any(parts) => Holds::Any(self.each(parts)?),
            Cond::Not(inner) => Holds::Not(Box::new(self.holds(inner)?)),
        })
    }

    fn each(&mut self, parts: &[Cond]) -> Result<Vec<Holds>, Vec<Diagnostic>> {
        parts.iter().map(|part| self.holds(part)).collect()
    }

    /// `count >= n` holds iff the `n`th latest event lies in the window; the rest follows from it.
    fn count(&mut self, of: &[PatternId], cmp: Cmp, value: u64) -> Holds {
        let masks = masks_of(&self.masks, of);
        let mut reaches = |nth: u64| match nth {
            0 => Holds::All(Vec::new()),
            1 if of.len() == 1 => self.within(Start::Seen(masks.clone())),
            nth => self.within(Start::Nth { masks: masks.clone(), nth }),
        };
        let more = value.saturating_add(1);
        let not = |holds| Holds::Not(Box::new(holds));
        match cmp {
            Cmp::Gte => reaches(value),
            Cmp::Gt => reaches(more),
            Cmp::Lt => not(reaches(value)),
            Cmp::Lte => not(reaches(more)),
            Cmp::Eq => Holds::All(vec![reaches(value), not(reaches(more))]),
            Cmp::Neq => Holds::Any(vec![not(reaches(value)), reaches(more)]),
        }
    }

    /// Any choice of one pattern of some classes whose weights reach the threshold.
    fn score(&mut self, classes: &[Class], threshold: f64) -> Result<Holds, Vec<Diagnostic>> {
        let mut choices: Vec<(f64, Vec<Holds>)> = vec![(0.0, Vec::new())];
        for class in classes {
            let mut extended = choices.clone();
            for (sum, chosen) in &choices {
                for (pattern, weight) in &class.weights {
                    let mut chosen = chosen.clone();
                    chosen.push(Holds::Within(pattern.0, self.window));
                    extended.push((sum + weight, chosen));
                }
            }
            if extended.len() > MAX_ALTERNATIVES {
                return Err(self.too_many());
            }
            choices = extended;
        }
        let reaching = choices.into_iter().filter(|(sum, _)| *sum >= threshold);
        Ok(Holds::Any(minimal(reaching.map(|(_, chosen)| chosen).collect())))
    }

    fn at_least(&self, count: usize, parts: &[Holds]) -> Result<Holds, Vec<Diagnostic>> {
        let mut choices: Vec<Vec<Holds>> = vec![Vec::new()];
        for part in parts {
            let longer = choices.iter().filter(|chosen| chosen.len() < count).map(|chosen| {
                let mut chosen = chosen.clone();
                chosen.push(part.clone());
                chosen
            });
            let longer: Vec<_> = longer.collect();
            choices.extend(longer);
            if choices.len() > MAX_ALTERNATIVES {
                return Err(self.too_many());
            }
        }
        choices.retain(|chosen| chosen.len() == count);
        Ok(Holds::Any(choices.into_iter().map(Holds::All).collect()))
    }

    pub(super) fn refuse(&self, what: &str, instead: &str) -> Vec<Diagnostic> {
        let message = format!("no plan finds {what} exactly yet");
        vec![refuse(self.span, message).help(format!("what works: {instead}"))]
    }

    fn too_many(&self) -> Vec<Diagnostic> {
        let message = format!("the condition unfolds to more than {MAX_ALTERNATIVES} alternatives");
        vec![Diagnostic::new(Code::OverLimit, self.span, message)]
    }
}

/// The choices none of which contains another.
fn minimal(mut choices: Vec<Vec<Holds>>) -> Vec<Holds> {
    choices.sort_by_key(Vec::len);
    let mut kept: Vec<Vec<Holds>> = Vec::new();
    for choice in choices {
        let implied = |smaller: &Vec<Holds>| smaller.iter().all(|atom| choice.contains(atom));
        if !kept.iter().any(implied) {
            kept.push(choice);
        }
    }
    kept.into_iter().map(Holds::All).collect()
}

/// All sets of patterns that overlap pairwise, single patterns included, by number.
fn masks(
    patterns: usize,
    overlaps: &[(PatternId, PatternId)],
    span: Span,
) -> Result<Vec<Mask>, Diagnostic> {
    let overlap = |one: PatternId, other: PatternId| overlaps.contains(&(one, other));
    let mut masks: Vec<Mask> = Vec::new();
    for pattern in (0..patterns).map(PatternId) {
        let extended: Vec<Mask> = masks
            .iter()
            .filter(|mask| mask.0.iter().all(|member| overlap(*member, pattern)))
            .map(|mask| Mask(mask.0.iter().copied().chain([pattern]).collect()))
            .collect();
        masks.push(Mask(vec![pattern]));
        masks.extend(extended);
        if masks.len() > MAX_MASKS {
            let message = "too many of the patterns may match the same event";
            return Err(Diagnostic::new(Code::OverLimit, span, message)
                .help("add tests by which the patterns exclude each other"));
        }
    }
    masks.sort_by_key(Mask::number);
    Ok(masks)
}

/// The masks that hold any of the patterns.
pub(super) fn masks_of(masks: &[Mask], patterns: &[PatternId]) -> Vec<usize> {
    let holds = |mask: &Mask| mask.0.iter().any(|member| patterns.contains(member));
    masks.iter().enumerate().filter(|(_, mask)| holds(mask)).map(|(index, _)| index).collect()
}
