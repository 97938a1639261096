//! Text tests as patterns of characters, and what remains of a pattern after a beginning.
//!
//! `startswith 'HKLM\Soft'` is `H K L M \ S o f t *`; after the text `HKLM\` remains `S o f t *`.
//! Case does not count.

use std::collections::BTreeSet;

use crate::ir::{Op, Part, Regex, TextTest};
use crate::platform::token::{Token, Tokens, covered, within};

/// Where one may stand in a pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct States {
    /// Sorted, each once.
    at: Vec<usize>,
    /// The last `Any` among them: what fits from an earlier place on fits from there on, too.
    last: Option<usize>,
}

impl States {
    fn new(tokens: &[Token], mut at: Vec<usize>) -> Self {
        at.sort_unstable();
        at.dedup();
        let last = at.iter().copied().rfind(|at| is_any(tokens, *at));
        if let Some(last) = last {
            at.retain(|at| *at >= last);
        }
        Self { at, last }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &usize> {
        self.at.iter()
    }

    /// Whether what fits from this place on fits from one of these places on.
    pub(super) fn covers(&self, at: usize) -> bool {
        self.at.contains(&at) || self.last.is_some_and(|last| at <= last)
    }

    /// Whether nothing has to follow.
    pub(super) fn accepts(&self, tokens: &[Token]) -> bool {
        let rest = |at: &usize| tokens.get(*at..).unwrap_or_default();
        self.at.iter().any(|at| rest(at).iter().all(|token| *token == Token::Any))
    }
}

/// Whether values that fit a pattern begin with an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    Always,
    Sometimes,
}

/// The pattern of a test.
pub(super) fn tokens(test: &TextTest) -> Tokens {
    let chars = |text: &str| text.chars().map(Token::Char).collect::<Tokens>();
    let any = [Token::Any];
    match test {
        TextTest::Equals(text) => chars(text),
        TextTest::StartsWith(text) => chars(text).into_iter().chain(any).collect(),
        TextTest::EndsWith(text) => any.into_iter().chain(chars(text)).collect(),
        TextTest::Contains(text) => any.clone().into_iter().chain(chars(text)).chain(any).collect(),
        TextTest::Like(parts) => parts
            .iter()
            .flat_map(|part| match part {
                Part::Literal(text) => chars(text),
                Part::Any => vec![Token::Any],
                Part::One => vec![Token::One],
            })
            .collect(),
    }
}

/// Texts that lead to different places are followed apart, at most so many ways.
const MAX_WAYS: usize = 64;

/// Where one stands after every text that fits `text`; `None`: it depends on the text.
pub(super) fn after(tokens: &[Token], text: &[Token]) -> Option<States> {
    let mut states = States::new(tokens, open(tokens, 0).collect());
    for token in text {
        let mut next = Vec::new();
        for at in states.iter().flat_map(|at| open(tokens, *at)) {
            match tokens.get(at) {
                Some(Token::Any) => next.push(at),
                Some(wanted) => match within(token, wanted) {
                    Some(true) => next.push(at + 1),
                    Some(false) => {}
                    None => return after_all_ways(tokens, text),
                },
                None => {}
            }
        }
        states = States::new(tokens, next);
    }
    Some(states)
}

/// The same where some character is and is not among those that a place wants: both ways are followed, and have to
/// meet again.
fn after_all_ways(tokens: &[Token], text: &[Token]) -> Option<States> {
    let start: Vec<usize> =
        States::new(tokens, open(tokens, 0).collect()).iter().copied().collect();
    let mut ways = BTreeSet::from([start]);
    for token in text {
        let mut next = BTreeSet::new();
        for at in &ways {
            next.extend(step(tokens, at, token)?);
        }
        ways = next;
        if ways.len() > MAX_WAYS {
            return None;
        }
    }
    let mut ways = ways.into_iter();
    let only = ways.next()?;
    ways.next().is_none().then(|| States::new(tokens, only))
}

/// Where one may stand after one more character. Each place is decided for itself: no way that there is is missed.
fn step(tokens: &[Token], at: &[usize], token: &Token) -> Option<BTreeSet<Vec<usize>>> {
    let mut ways = vec![Vec::new()];
    for at in at.iter().flat_map(|at| open(tokens, *at)).collect::<BTreeSet<_>>() {
        let Some(wanted) = tokens.get(at) else { continue };
        let (to, is_within) = match wanted {
            Token::Any => (at, Some(true)),
            Token::Char(_) | Token::One | Token::Class(_) => (at + 1, within(token, wanted)),
        };
        if is_within == Some(false) {
            continue;
        }
        let moved = ways.iter().map(|way: &Vec<usize>| way.iter().copied().chain([to]).collect());
        let moved: Vec<Vec<usize>> = moved.collect();
        match is_within {
            Some(_) => ways = moved,
            None => ways.extend(moved),
        }
        if ways.len() > MAX_WAYS {
            return None;
        }
    }
    let places = |way| States::new(tokens, way).iter().copied().collect();
    Some(ways.into_iter().map(places).collect())
}

/// How often values that fit the pattern begin with `end`; `None`: unknown.
pub(super) fn begins(tokens: &[Token], end: &[Token]) -> Option<Begins> {
    for (at, wanted) in end.iter().enumerate() {
        match tokens.get(at) {
            Some(Token::Any) | None => return Some(Begins::Sometimes),
            Some(token) => {
                if !covered(token, wanted) {
                    return Some(Begins::Sometimes);
                }
            }
        }
    }
    Some(Begins::Always)
}

/// The test that a pattern is.
pub(super) fn op(tokens: &[Token]) -> Op {
    if tokens.iter().any(|token| matches!(token, Token::Class(_))) {
        return Op::Regex(regex(tokens));
    }
    let mut parts: Vec<Part> = Vec::new();
    for token in tokens {
        match (token, parts.last_mut()) {
            (Token::Char(next), Some(Part::Literal(text))) => text.push(*next),
            (Token::Char(next), _) => parts.push(Part::Literal(next.to_string())),
            (Token::Any, Some(Part::Any)) => {}
            (Token::Any, _) => parts.push(Part::Any),
            (Token::One | Token::Class(_), _) => parts.push(Part::One),
        }
    }
    let test = match parts.as_slice() {
        [] => TextTest::Equals(String::new()),
        [Part::Literal(text)] => TextTest::Equals(text.clone()),
        [Part::Literal(text), Part::Any] => TextTest::StartsWith(text.clone()),
        [Part::Any, Part::Literal(text)] => TextTest::EndsWith(text.clone()),
        [Part::Any, Part::Literal(text), Part::Any] => TextTest::Contains(text.clone()),
        _ => TextTest::Like(parts),
    };
    Op::Text { test, cased: false }
}

/// Whether any text may stand at the place.
fn is_any(tokens: &[Token], at: usize) -> bool {
    matches!(tokens.get(at), Some(Token::Any))
}

/// The place and, where any text may stand, the places after it.
fn open(tokens: &[Token], at: usize) -> impl Iterator<Item = usize> {
    let skipped = (at..).take_while(|at| is_any(tokens, *at)).count();
    at..=at + skipped
}

fn regex(tokens: &[Token]) -> Regex {
    let mut pattern = String::new();
    let (first, last) = (tokens.first(), tokens.last());
    let inner = tokens.get(usize::from(first == Some(&Token::Any))..).unwrap_or_default();
    let ends = usize::from(last == Some(&Token::Any));
    let inner = inner.get(..inner.len().saturating_sub(ends)).unwrap_or_default();
    if first != Some(&Token::Any) {
        pattern.push('^');
    }
    for run in inner.chunk_by(|one, next| one == next && matches!(one, Token::Class(_))) {
        if let Some(token) = run.first() {
            pattern.push_str(&expression(token));
        }
        if run.len() > 1 {
            pattern.push_str(&format!("{{{}}}", run.len()));
        }
    }
    if last != Some(&Token::Any) {
        pattern.push('$');
    }
    Regex { pattern, ignore_case: true, multiline: false, dotall: true }
}

fn expression(token: &Token) -> String {
    let escaped = |one: char| regex_syntax::escape(one.encode_utf8(&mut [0; 4]));
    match token {
        Token::Char(one) => escaped(*one),
        Token::One => ".".to_owned(),
        Token::Any => ".*".to_owned(),
        Token::Class(class) => {
            let ranges = class.iter().map(|range| match range.start() == range.end() {
                true => escaped(range.start()),
                false => format!("{}-{}", escaped(range.start()), escaped(range.end())),
            });
            format!("[{}]", ranges.collect::<String>())
        }
    }
}
