//! Tokens as input of nom's combinators, and the small parsers on which the grammar stands.
//!
//! `mark("(")` reads one token; what it says when another stands there is put together from all
//! alternatives that were tried at the furthest place: "expected `(` or a value, found `and`".

use std::iter::{Copied, Enumerate};
use std::slice::Iter;

use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult, Input, Needed, Parser};

use super::token::{Kind, Token, decode};
use super::tree::Value;
use crate::diagnostic::{Code, Diagnostic, nearest_word};
use crate::source::{Span, Spanned};

/// Parentheses, brackets, calls and `not`s within each other (E0202).
const DEPTH: usize = 64;

/// Words that are no names of events, keys or fields.
pub(super) const RESERVED: &[&str] = &[
    "and", "or", "not", "then", "within", "of", "any", "all", "before", "after", "around", "where",
    "over", "skew", "cased", "true", "false", "null",
];

/// The sections of a rule.
pub(super) const SECTIONS: &[&str] =
    &["meta", "params", "events", "match", "condition", "show", "alert"];

/// What is left to read: no blanks, no comments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens<'a> {
    left: &'a [Token<'a>],
    /// Behind the last token.
    end: Span,
    depth: usize,
}

/// What a parser returns.
pub(super) type Parsed<'a, T> = IResult<Tokens<'a>, T, Mistake>;

/// Why something cannot be read.
#[derive(Debug, Clone)]
pub(super) struct Mistake {
    /// Tokens from the place to the end: fewer is further.
    pub(super) left: usize,
    span: Span,
    found: String,
    expected: Vec<&'static str>,
    /// Says it all, instead of what was expected.
    message: Option<(Code, String)>,
    help: Option<String>,
}

impl<'a> Tokens<'a> {
    /// The tokens of a text of which the last byte is that of `end`.
    pub(super) fn new(tokens: &'a [Token<'a>], end: Span) -> Self {
        Self { left: tokens, end, depth: 0 }
    }

    /// The next token.
    pub(super) fn first(self) -> Option<&'a Token<'a>> {
        self.left.first()
    }

    /// The one behind it.
    pub(super) fn second(self) -> Option<&'a Token<'a>> {
        self.left.get(1)
    }

    /// All of them.
    pub(super) fn all(self) -> &'a [Token<'a>] {
        self.left
    }

    /// Whether the next token is this word or mark.
    pub(super) fn at(self, text: &str) -> bool {
        self.first().is_some_and(|token| is(token, text))
    }

    /// Whether the next tokens are the name of a section and a colon.
    pub(super) fn begins_section(self) -> bool {
        let named = self.first().is_some_and(|token| SECTIONS.contains(&token.text));
        named && self.second().is_some_and(|next| is(next, ":"))
    }

    /// Without the next token.
    pub(super) fn rest(self) -> Self {
        self.from(1)
    }

    /// Without so many tokens.
    pub(super) fn from(self, index: usize) -> Self {
        Self { left: self.left.get(index..).unwrap_or_default(), ..self }
    }

    /// Where the next token stands.
    pub(super) fn span(self) -> Span {
        self.first().map_or(self.end, |token| token.span)
    }

    /// From the next token to the last one before `rest`.
    pub(super) fn span_to(self, rest: Self) -> Span {
        let count = self.left.len().saturating_sub(rest.left.len());
        let last = count.checked_sub(1).and_then(|last| self.left.get(last));
        last.map_or(self.span(), |last| self.span().to(last.span))
    }

    /// One level deeper, unless that is too deep.
    pub(super) fn deeper(self) -> Result<Self, Err<Mistake>> {
        if self.depth < DEPTH {
            return Ok(Self { depth: self.depth + 1, ..self });
        }
        let message = format!("this nests more than {DEPTH} levels deep");
        let found = Mistake::saying(self, Code::ConditionTooDeep, message, "split the rule");
        Err(Err::Failure(found))
    }

    /// As deep as `other`.
    pub(super) fn as_deep_as(self, other: Self) -> Self {
        Self { depth: other.depth, ..self }
    }
}

/// Whether a token is this word or mark.
pub(super) fn is(token: &Token<'_>, text: &str) -> bool {
    matches!(token.kind, Kind::Word | Kind::Mark) && token.text == text
}

impl Mistake {
    /// Something else was expected.
    pub(super) fn expected(at: Tokens<'_>, what: &'static str) -> Self {
        Self { expected: vec![what], ..Self::new(at) }
    }

    /// A message of its own.
    pub(super) fn saying(at: Tokens<'_>, code: Code, message: String, help: &str) -> Self {
        let help = Some(help.to_owned());
        Self { message: Some((code, message)), help, ..Self::new(at) }
    }

    fn new(at: Tokens<'_>) -> Self {
        let found = match at.first() {
            Some(token) => format!("`{}`", shortened(token.text)),
            None => "the end of the file".to_owned(),
        };
        let (left, span) = (at.left.len(), at.span());
        Self { left, span, found, expected: Vec::new(), message: None, help: None }
    }

    /// What to do about it.
    pub(super) fn helped(self, help: impl Into<String>) -> Self {
        Self { help: self.help.or(Some(help.into())), ..self }
    }

    /// As a finding.
    pub(super) fn into_diagnostic(self) -> Diagnostic {
        let (code, message) = self.message.unwrap_or_else(|| {
            let mut expected = self.expected;
            expected.dedup();
            let last = expected.pop().unwrap_or("something else");
            let list = match expected.as_slice() {
                [] => last.to_owned(),
                others => format!("{} or {last}", others.join(", ")),
            };
            (Code::WeaveSyntax, format!("expected {list}, found {}", self.found))
        });
        let found = Diagnostic::new(code, self.span, message);
        found.help(self.help.unwrap_or_else(|| "docs/weave.md shows every form".to_owned()))
    }
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    }
}

impl<'a> ParseError<Tokens<'a>> for Mistake {
    fn from_error_kind(input: Tokens<'a>, _: ErrorKind) -> Self {
        Self::new(input)
    }

    fn append(_: Tokens<'a>, _: ErrorKind, other: Self) -> Self {
        other
    }

    fn or(mut self, mut other: Self) -> Self {
        if self.left != other.left {
            return if self.left < other.left { self } else { other };
        }
        if self.message.is_some() {
            return self;
        }
        other.expected.splice(0..0, std::mem::take(&mut self.expected));
        other.help = other.help.or(self.help);
        other
    }
}

impl<'a> Input for Tokens<'a> {
    type Item = Token<'a>;
    type Iter = Copied<Iter<'a, Token<'a>>>;
    type IterIndices = Enumerate<Self::Iter>;

    fn input_len(&self) -> usize {
        self.left.len()
    }

    fn take(&self, index: usize) -> Self {
        Self { left: self.left.get(..index).unwrap_or(self.left), ..*self }
    }

    fn take_from(&self, index: usize) -> Self {
        self.from(index)
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        (self.take_from(index), self.take(index))
    }

    fn position<P: Fn(Self::Item) -> bool>(&self, predicate: P) -> Option<usize> {
        self.left.iter().position(|token| predicate(*token))
    }

    fn iter_elements(&self) -> Self::Iter {
        self.left.iter().copied()
    }

    fn iter_indices(&self) -> Self::IterIndices {
        self.iter_elements().enumerate()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        match count.checked_sub(self.left.len()) {
            None | Some(0) => Ok(count),
            Some(missing) => Err(Needed::new(missing)),
        }
    }
}

/// A word or mark; `shown` is what messages call it, such as "`and`".
pub(super) fn fixed<'a>(
    text: &'static str,
    shown: &'static str,
) -> impl Fn(Tokens<'a>) -> Parsed<'a, Span> {
    move |input| match input.first().filter(|token| is(token, text)) {
        Some(token) => Ok((input.rest(), token.span)),
        None => Err(Err::Error(Mistake::expected(input, shown))),
    }
}

/// A token of a kind.
pub(super) fn kind<'a>(
    kind: Kind,
    shown: &'static str,
) -> impl Fn(Tokens<'a>) -> Parsed<'a, &'a Token<'a>> {
    move |input| match input.first().filter(|token| token.kind == kind) {
        Some(token) => Ok((input.rest(), token)),
        None => Err(Err::Error(Mistake::expected(input, shown))),
    }
}

/// A word that is not reserved.
pub(super) fn name<'a>(shown: &'static str) -> impl Fn(Tokens<'a>) -> Parsed<'a, Spanned<String>> {
    move |input| {
        let free = |token: &&Token<'_>| {
            let word = token.kind == Kind::Word && !RESERVED.contains(&token.text);
            word && !input.begins_section()
        };
        match input.first().filter(free) {
            Some(token) => Ok((input.rest(), Spanned::new(token.text.to_owned(), token.span))),
            None => Err(Err::Error(Mistake::expected(input, shown))),
        }
    }
}

/// A name without `.`, `/` or `:`, which have a meaning where it is used.
pub(super) fn plain_name<'a>(
    shown: &'static str,
) -> impl Fn(Tokens<'a>) -> Parsed<'a, Spanned<String>> {
    move |input| {
        let (rest, found) = name(shown)(input)?;
        if found.node.contains(['.', '/', ':', '@']) {
            return Err(Err::Error(Mistake::expected(input, shown)));
        }
        Ok((rest, found))
    }
}

/// A field: a word, or anything in backticks.
pub(super) fn field<'a>(shown: &'static str) -> impl Fn(Tokens<'a>) -> Parsed<'a, Spanned<String>> {
    move |input| match input.first().filter(|token| token.kind == Kind::Quoted) {
        Some(token) => Ok((input.rest(), Spanned::new(decode(token).0, token.span))),
        None => name(shown)(input),
    }
}

/// A text literal.
pub(super) fn text(input: Tokens<'_>) -> Parsed<'_, Spanned<String>> {
    let literal = |token: &&Token<'_>| matches!(token.kind, Kind::Raw | Kind::Escaped);
    match input.first().filter(literal) {
        Some(token) => {
            let (text, _) = decode(token);
            Ok((input.rest(), Spanned::new(text, token.span)))
        }
        None => Err(Err::Error(Mistake::expected(input, "text in quotes"))),
    }
}

/// One token that is a value by itself.
pub(super) fn literal(input: Tokens<'_>) -> Parsed<'_, Spanned<Value>> {
    let refused = || Err(Err::Error(Mistake::expected(input, "a value")));
    let Some(token) = input.first() else { return refused() };
    let value = match token.kind {
        Kind::Raw | Kind::Escaped => Value::Text(decode(token).0),
        Kind::Number => Value::Number(token.text.to_owned()),
        Kind::Word => Value::Word(token.text.to_owned()),
        Kind::Quoted => Value::Word(decode(token).0),
        Kind::Parameter => {
            Value::Parameter(token.text.strip_prefix('$').unwrap_or_default().to_owned())
        }
        Kind::Regex => {
            let (_, flags) = token.text.rsplit_once('/').unwrap_or_default();
            Value::Regex { pattern: decode(token).0, flags: flags.to_owned() }
        }
        Kind::Mark | Kind::Comment | Kind::Blank | Kind::Unknown => return refused(),
    };
    Ok((input.rest(), Spanned::new(value, token.span)))
}

/// A number, a duration or a parameter.
pub(super) fn quantity<'a>(
    shown: &'static str,
) -> impl Fn(Tokens<'a>) -> Parsed<'a, Spanned<Value>> {
    move |input| match input.first().map(|token| token.kind) {
        Some(Kind::Number | Kind::Parameter) => literal(input),
        _ => Err(Err::Error(Mistake::expected(input, shown))),
    }
}

/// Reports a word that is nearly one of those that may stand here, if it is nothing else.
pub(super) fn misspelt(input: Tokens<'_>, words: &[&str]) -> Result<(), Err<Mistake>> {
    let free = |token: &&Token<'_>| token.kind == Kind::Word && !RESERVED.contains(&token.text);
    let Some(token) = input.first().filter(free) else { return Ok(()) };
    let Some(near) = nearest_word(token.text, words) else { return Ok(()) };
    let message = format!("expected `{}`, found `{}`", words.join("`, `"), token.text);
    let help = format!("the nearest word is `{near}`");
    let found = Mistake::saying(input, Code::WeaveSyntax, message, &help);
    // What follows belongs to it.
    Err(Err::Failure(Mistake { left: input.rest().left.len(), ..found }))
}

/// Items between brackets, separated by commas; a comma may stand behind the last.
pub(super) fn listed<'a, T>(
    (open, open_shown): (&'static str, &'static str),
    (close, close_shown): (&'static str, &'static str),
    mut item: impl Parser<Tokens<'a>, Output = T, Error = Mistake>,
) -> impl FnMut(Tokens<'a>) -> Parsed<'a, Vec<T>> {
    move |input| {
        let (mut rest, _) = fixed(open, open_shown)(input)?;
        let mut items = Vec::new();
        while !rest.at(close) {
            let (after, found) = item.parse(rest).map_err(failure)?;
            items.push(found);
            rest = after;
            match fixed(",", "`,`")(rest) {
                Ok((after, _)) => rest = after,
                Err(comma) => {
                    let end = fixed(close, close_shown)(rest);
                    let (after, _) = end.map_err(|end| failure(both(comma, end)))?;
                    return Ok((after, items));
                }
            }
        }
        Ok((rest.rest(), items))
    }
}

/// No other alternative is tried.
pub(super) fn failure(error: Err<Mistake>) -> Err<Mistake> {
    match error {
        Err::Error(mistake) => Err::Failure(mistake),
        other @ (Err::Failure(_) | Err::Incomplete(_)) => other,
    }
}

fn both(one: Err<Mistake>, other: Err<Mistake>) -> Err<Mistake> {
    match (one, other) {
        (Err::Error(one), Err::Error(other)) => Err::Error(one.or(other)),
        (_, other) => other,
    }
}

/// The mistake of an error.
pub(super) fn mistake(error: Err<Mistake>, at: Tokens<'_>) -> Mistake {
    match error {
        Err::Error(mistake) | Err::Failure(mistake) => mistake,
        Err::Incomplete(_) => Mistake::expected(at, "more"),
    }
}

/// What a parser reads, with its place.
pub(super) fn spanned<'a, T>(
    mut parser: impl Parser<Tokens<'a>, Output = T, Error = Mistake>,
) -> impl FnMut(Tokens<'a>) -> Parsed<'a, Spanned<T>> {
    move |input| {
        let (rest, found) = parser.parse(input)?;
        Ok((rest, Spanned::new(found, input.span_to(rest))))
    }
}
