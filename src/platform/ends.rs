//! A rewriting → the ends of values that it replaces, each with what it puts there.
//!
//! `^(TCP|UDP)V[46]` by `$1` → `TCPV[46]` by `TCP`, and `UDPV[46]` by `UDP`.

use std::collections::BTreeMap;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::Piece;
use super::token::{self, Token, Tokens};

/// At most so many ends and tokens of an end.
const MAX_ENDS: usize = 16;
const MAX_TOKENS: usize = 256;

/// What a rewriting replaces, where it replaces ends of values.
#[derive(Debug, PartialEq, Eq)]
pub struct Ends {
    /// Where it is bound.
    pub bound: Bound,
    /// The ends.
    pub each: Vec<End>,
}

/// Where a rewriting is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// `^…`.
    Front,
    /// `…$`; the tokens are in reverse order.
    Back,
    /// `^…$`.
    Both,
}

/// An end that is replaced. No value has two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// What values have.
    pub old: Tokens,
    /// What they get; never empty.
    pub new: Tokens,
}

/// One way to match an expression: what it matches, and where its groups are in it.
#[derive(Debug, Clone, Default)]
struct Way {
    tokens: Tokens,
    groups: BTreeMap<u32, (usize, usize)>,
    front: Option<Look>,
    back: Option<Look>,
}

/// The ends that an expression matches and what the replacement makes of them; `None` if it matches
/// something else.
pub(super) fn read(pattern: &str, replacement: &[Piece]) -> Option<Ends> {
    let hir = ParserBuilder::new().build().parse(pattern).ok()?;
    let mut ways = extend(vec![Way::default()], &hir)?;
    let (front, back) = ways.first().map(|way| (way.front, way.back))?;
    let bound = match (front, back) {
        (Some(_), None) => Bound::Front,
        (None, Some(_)) => Bound::Back,
        (Some(_), Some(_)) => Bound::Both,
        (None, None) => return None,
    };
    if ways.iter().any(|way| (way.front, way.back) != (front, back)) {
        return None;
    }
    let each = ways.drain(..).map(|way| end(way, replacement, bound));
    let each = each.collect::<Option<Vec<_>>>()?;
    let apart = |(at, end): (usize, &End)| {
        let others = each.iter().skip(at + 1);
        others.into_iter().all(|other| token::apart(&end.old, &other.old))
    };
    each.iter().enumerate().all(apart).then_some(Ends { bound, each })
}

fn end(way: Way, replacement: &[Piece], bound: Bound) -> Option<End> {
    let mut new = Tokens::new();
    for piece in replacement {
        match piece {
            Piece::Text(text) => new.extend(text.chars().map(Token::Char)),
            Piece::Group(number) => {
                let (from, to) = way.groups.get(&u32::from(*number)).copied().unwrap_or_default();
                new.extend(way.tokens.get(from..to)?.iter().cloned());
            }
        }
    }
    if way.tokens.is_empty() || new.is_empty() {
        return None;
    }
    Some(match bound {
        Bound::Front | Bound::Both => End { old: way.tokens, new },
        Bound::Back => End { old: token::reversed(&way.tokens), new: token::reversed(&new) },
    })
}

/// The ways, each followed by each way to match the expression.
fn extend(mut ways: Vec<Way>, hir: &Hir) -> Option<Vec<Way>> {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            add(&mut ways, &text.chars().map(Token::Char).collect::<Tokens>())?;
        }
        HirKind::Class(Class::Unicode(class)) => add(&mut ways, &[Token::Class(class.clone())])?,
        HirKind::Class(Class::Bytes(_)) => return None,
        HirKind::Look(look) => assert_end(&mut ways, *look)?,
        HirKind::Repetition(repetition) => {
            let most = repetition.max?;
            let mut all = Vec::new();
            for times in 0..=most {
                if times >= repetition.min {
                    all.extend(ways.iter().cloned());
                }
                if times < most {
                    ways = extend(ways, &repetition.sub)?;
                }
            }
            ways = all;
        }
        HirKind::Capture(capture) => ways = group(ways, capture.index, &capture.sub)?,
        HirKind::Concat(parts) => {
            for part in parts {
                ways = extend(ways, part)?;
            }
        }
        HirKind::Alternation(parts) => {
            let each: Option<Vec<_>> =
                parts.iter().map(|part| extend(ways.clone(), part)).collect();
            ways = each?.concat();
        }
    }
    (ways.len() <= MAX_ENDS).then_some(ways)
}

fn add(ways: &mut [Way], tokens: &[Token]) -> Option<()> {
    for way in ways {
        way.tokens.extend(tokens.iter().cloned());
        if way.back.is_some() || way.tokens.len() > MAX_TOKENS {
            return None;
        }
    }
    Some(())
}

fn assert_end(ways: &mut [Way], look: Look) -> Option<()> {
    for way in ways {
        if look == Look::Start && way.tokens.is_empty() {
            way.front = Some(look);
        } else if look == Look::End {
            way.back = Some(look);
        } else {
            return None;
        }
    }
    Some(())
}

/// The ways followed by those of the group, whose places are noted.
fn group(ways: Vec<Way>, index: u32, sub: &Hir) -> Option<Vec<Way>> {
    let mut all = Vec::new();
    for way in ways {
        let from = way.tokens.len();
        let mut longer = extend(vec![way], sub)?;
        for way in &mut longer {
            way.groups.insert(index, (from, way.tokens.len()));
        }
        all.extend(longer);
    }
    Some(all)
}
