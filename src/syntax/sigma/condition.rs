//! The condition language (specification: "Condition"): text → expression, with recovery.
//!
//! ```text
//! or       = and { "or" and }
//! and      = not { "and" not }
//! not      = { "not" } operand
//! operand  = "(" or ")" | quantity "of" pattern | name
//! quantity = "all" | "any" | digits         pattern = "them" | name with "*"
//! ```
//! Keywords in any case. A mistake is reported and the rest is still read.
//!
//! `a or not (b and 1 of c*` → one finding at the `(`, and the tree it would be with a `)` at its end.

use std::cell::{Cell, RefCell};
use std::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::multispace0;
use nom::combinator::verify;
use nom::error::{Error, ErrorKind};
use nom::multi::{many0, separated_list1};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest_word};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Condition, Pattern, Quantifier};
use crate::yaml::Places;

/// Parentheses and `not`s within each other (E0202); real conditions have two.
const DEPTH: usize = 64;

/// Mistakes reported per condition; after these it is given up.
const MISTAKES: usize = 20;

/// Reads a condition. `places` says where the text stands, see [`Places::of`] for a scalar of a
/// YAML file and [`Places::verbatim`] for any other text. What cannot be read is reported and
/// becomes [`Condition::Error`].
pub fn parse_condition(
    text: &str,
    places: &Places,
    diagnostics: &mut Diagnostics,
) -> Spanned<Condition> {
    let grammar = Grammar {
        text,
        places,
        found: RefCell::default(),
        depth: Cell::new(0),
        reported: Cell::new(None),
        stopped: Cell::new(false),
    };
    let condition = grammar.whole();
    diagnostics.extend(grammar.found.into_inner());
    condition
}

type Parsed<'a> = IResult<&'a str, Spanned<Condition>>;

struct Grammar<'a> {
    text: &'a str,
    places: &'a Places,
    found: RefCell<Vec<Diagnostic>>,
    depth: Cell<usize>,
    /// Where the last mistake ends; what follows directly is not reported again.
    reported: Cell<Option<usize>>,
    stopped: Cell<bool>,
}

impl<'a> Grammar<'a> {
    /// The whole text; what is left after an expression is reported and skipped.
    fn whole(&self) -> Spanned<Condition> {
        let mut rest = self.text;
        let mut parts = Vec::new();
        while let Ok((after, part)) = self.or(rest) {
            parts.push(part);
            rest = after.trim_start();
            if rest.is_empty() || self.stopped.get() {
                break;
            }
            rest = self.leftover(rest);
            if rest.trim_start().is_empty() {
                break;
            }
        }
        self.all(parts)
    }

    /// Reports what cannot follow an expression, and returns what is behind it.
    fn leftover(&self, rest: &'a str) -> &'a str {
        if rest.starts_with('|') {
            self.aggregation(rest);
            return skip(rest, rest.len());
        }
        self.mistake(lexeme(rest), "`)` has no `(`", "remove it, or add the `(`");
        skip(rest, lexeme(rest).len())
    }

    fn aggregation(&self, rest: &'a str) {
        let message = "counting and correlating are not part of a rule's condition any more";
        let help = "put the rule's `name` under `rules` of a `correlation`, such as one of \
                    `type: event_count`";
        let finding = Diagnostic::new(Code::AggregationInCondition, self.place(rest), message);
        self.push(finding.help(help), rest);
        self.stopped.set(true);
    }

    fn or(&self, input: &'a str) -> Parsed<'a> {
        let operator = self.operator("or", "||");
        let (rest, parts) = separated_list1(operator, |i| self.and(i)).parse(input)?;
        Ok((rest, self.any(parts)))
    }

    fn and(&self, input: &'a str) -> Parsed<'a> {
        let operator = alt((self.operator("and", "&&"), |i| self.no_operator(i)));
        let (rest, first) = self.not(input)?;
        let (rest, mut parts) = many0(preceded(operator, |i| self.not(i))).parse(rest)?;
        parts.insert(0, first);
        Ok((rest, self.all(parts)))
    }

    /// `not`s are counted, not nested in calls: a thousand of them is one mistake.
    fn not(&self, input: &'a str) -> Parsed<'a> {
        let mut rest = input;
        let mut places = Vec::new();
        let mut keyword = self.operator("not", "!");
        while let Ok((after, found)) = keyword(rest) {
            if self.depth.get() + places.len() >= DEPTH {
                return self.too_deep(found);
            }
            places.push(self.place(found));
            rest = after;
        }
        self.depth.set(self.depth.get() + places.len());
        let (rest, operand) = self.operand(rest)?;
        self.depth.set(self.depth.get() - places.len());
        let negated = places.into_iter().rev().fold(operand, |inner, place| {
            let span = place.to(inner.span);
            Spanned::new(Condition::Not(Box::new(inner)), span)
        });
        Ok((rest, negated))
    }

    fn operand(&self, input: &'a str) -> Parsed<'a> {
        alt((|i| self.group(i), |i| self.quantified(i), |i| self.name(i), |i| self.missing(i)))
            .parse(input)
    }

    fn group(&self, input: &'a str) -> Parsed<'a> {
        let (inside, open) = symbol("(")(input)?;
        if self.depth.get() >= DEPTH {
            return self.too_deep(open);
        }
        self.depth.set(self.depth.get() + 1);
        let (rest, inner) = self.or(inside)?;
        self.depth.set(self.depth.get() - 1);
        let place = self.place(open);
        match symbol(")")(rest) {
            Ok((after, close)) => {
                Ok((after, Spanned::new(inner.node, place.to(self.place(close)))))
            }
            Err(_) => {
                if !self.stopped.get() {
                    let message = "this `(` is not closed";
                    let finding = Diagnostic::new(Code::ConditionSyntax, place, message);
                    self.push(finding.help("add a `)`"), open);
                }
                Ok((rest, inner))
            }
        }
    }

    /// `1 of x_*`: after `of` there is no way back.
    fn quantified(&self, input: &'a str) -> Parsed<'a> {
        let (behind, quantity) = token(is_name)(input)?;
        let Ok((rest, _)) = word("of")(behind) else {
            return self.without_of(input, quantity, behind);
        };
        let (rest, pattern) = match token(is_pattern)(rest) {
            Ok((after, pattern)) if !is_operator(pattern) => (after, pattern),
            Ok(_) | Err(_) => {
                let found = lexeme(rest.trim_start());
                if found == "(" {
                    return Ok((self.listed(rest.trim_start()), self.error(quantity)));
                }
                let message = format!("expected `them` or a pattern after `of`, {}", Found(found));
                self.mistake(found, message, "write, for instance, `1 of selection_*`");
                return Ok((rest, self.error(quantity)));
            }
        };
        let Some(quantifier) = self.quantifier(quantity) else {
            return Ok((rest, self.error(quantity)));
        };
        let place = self.place(pattern);
        let names = if pattern.eq_ignore_ascii_case("them") {
            Pattern::Them
        } else {
            Pattern::Glob(pattern.to_owned())
        };
        let condition = Condition::Of(quantifier, Spanned::new(names, place));
        Ok((rest, Spanned::new(condition, self.place(quantity).to(place))))
    }

    /// Reports a list of names after `of`, and returns what is behind it.
    fn listed(&self, rest: &'a str) -> &'a str {
        let end = rest.find(')').map_or(rest.len(), |at| at + 1);
        let (list, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let message = "expected `them` or a pattern after `of`, found a list";
        let help = "give the selections names that begin alike, and write, for instance, \
                    `2 of sel_*`";
        self.mistake(list, message, help);
        after
    }

    /// `all` and `any` are no names, so the `of` was forgotten.
    fn without_of(&self, input: &'a str, quantity: &'a str, rest: &'a str) -> Parsed<'a> {
        if !["all", "any"].iter().any(|word| quantity.eq_ignore_ascii_case(word)) {
            return Err(failed(input));
        }
        let found = lexeme(rest.trim_start());
        let message = format!("expected `of` after `{quantity}`, {}", Found(found));
        self.mistake(quantity, message, "write, for instance, `all of selection_*`");
        let names = verify(token(is_pattern), |name: &str| !is_operator(name)).parse(rest);
        let rest = names.map_or(rest, |(after, _)| after);
        Ok((rest, self.error(quantity)))
    }

    fn quantifier(&self, quantity: &'a str) -> Option<Quantifier> {
        if quantity.eq_ignore_ascii_case("all") {
            return Some(Quantifier::All);
        }
        if quantity.eq_ignore_ascii_case("any") {
            return Some(Quantifier::AtLeast(1));
        }
        match quantity.parse() {
            Ok(0) => {
                let help = "it would hold for every event; ask for at least 1";
                self.mistake(quantity, "`0 of` asks for nothing", help);
                None
            }
            Ok(count) => Some(Quantifier::AtLeast(count)),
            Err(_) => {
                let message =
                    format!("expected a number, `all` or `any` before `of`, found `{quantity}`");
                self.mistake(quantity, message, "write, for instance, `1 of selection_*`");
                None
            }
        }
    }

    fn name(&self, input: &'a str) -> Parsed<'a> {
        let named = verify(token(is_pattern), |name: &str| !is_keyword(name)).parse(input);
        let (rest, name) = named?;
        if name.contains('*') {
            let message = format!("`{name}` may name several selections");
            let help = format!("write `1 of {name}` or `all of {name}`");
            self.mistake(name, message, help);
            return Ok((rest, self.error(name)));
        }
        let span = self.place(name);
        Ok((rest, Spanned::new(Condition::Name(Spanned::new(name.to_owned(), span)), span)))
    }

    /// There is no operand where one must be. What may follow an operand is left for the callers.
    fn missing(&self, input: &'a str) -> Parsed<'a> {
        let rest = input.trim_start();
        let found = lexeme(rest);
        let message = format!("expected a selection, {}", Found(found));
        self.mistake(found, message, "name a selection here, or remove the operator");
        let stays = found.starts_with([')', '|', '&']) || is_operator(found);
        let after = if stays { rest } else { skip(rest, found.len()) };
        Ok((after, self.error(found)))
    }

    /// Two operands without an operator between them: reported, and read as `and`.
    fn no_operator(&self, input: &'a str) -> IResult<&'a str, &'a str> {
        let rest = input.trim_start();
        let found = lexeme(rest);
        let ends = found.is_empty() || found.starts_with([')', '|']);
        if ends || found.eq_ignore_ascii_case("or") || self.stopped.get() {
            return Err(failed(input));
        }
        let message = format!("expected `and` or `or`, {}", Found(found));
        let (before, _) = self.text.split_at_checked(self.offset(rest)).unwrap_or_default();
        let last = before.trim_end().rsplit(|c| !is_pattern(c)).next().unwrap_or_default();
        let between = nearest_word(found, &["and", "or"]).map(|near| (found, near));
        let near = between.or_else(|| nearest_word(last, &["not"]).map(|near| (last, near)));
        match near.filter(|(word, _)| !is_keyword(word)) {
            Some((word, near)) => {
                let help = format!("the nearest word to `{word}` is `{near}`");
                self.mistake(found, message, help);
            }
            None => self.mistake(found, message, "put an operator between the two"),
        }
        let begins = matches!(found, "(" | "!") || found.chars().all(is_pattern);
        Ok((if begins { rest } else { skip(rest, found.len()) }, found))
    }

    /// An operator; as other languages spell it, with a finding.
    fn operator(
        &self,
        keyword: &'static str,
        foreign: &'static str,
    ) -> impl FnMut(&'a str) -> IResult<&'a str, &'a str> {
        move |input| {
            if self.stopped.get() {
                return Err(failed(input));
            }
            if let Ok(found) = word(keyword)(input) {
                return Ok(found);
            }
            let (rest, found) = symbol(foreign)(input)?;
            let message = format!("`{found}` is not an operator of Sigma");
            self.mistake(found, message, format!("write `{keyword}`"));
            Ok((rest, found))
        }
    }

    fn too_deep(&self, at: &'a str) -> Parsed<'a> {
        let message = format!("the condition nests more than {DEPTH} levels deep");
        let finding = Diagnostic::new(Code::ConditionTooDeep, self.place(at), message)
            .help("say parts of it as a selection of their own: a list of mappings");
        self.push(finding, at);
        self.stopped.set(true);
        Ok((skip(self.text, self.text.len()), self.error(at)))
    }

    /// Reports a mistake, unless it is a consequence of the one right before it.
    fn mistake(&self, at: &'a str, message: impl Into<String>, help: impl Into<String>) {
        let start = self.offset(at);
        let follows = self.reported.get().is_some_and(|end| {
            let between = self.text.get(end..start).unwrap_or("");
            start < end || between.trim().is_empty()
        });
        if !follows && !self.stopped.get() {
            let finding = Diagnostic::new(Code::ConditionSyntax, self.place(at), message);
            self.push(finding.help(help), at);
        }
    }

    fn push(&self, finding: Diagnostic, at: &'a str) {
        let end = self.offset(at) + at.len();
        self.reported.set(Some(self.reported.get().map_or(end, |before| before.max(end))));
        let mut found = self.found.borrow_mut();
        found.push(finding);
        if found.len() >= MISTAKES {
            self.stopped.set(true);
        }
    }

    fn error(&self, at: &'a str) -> Spanned<Condition> {
        Spanned::new(Condition::Error, self.place(at))
    }

    /// Where a part of the text stands.
    fn place(&self, part: &'a str) -> Span {
        let start = self.offset(part);
        self.places.span(start..start + part.len())
    }

    /// The offset of a part of the text in the text.
    fn offset(&self, part: &'a str) -> usize {
        let start = self.text.as_ptr() as usize;
        (part.as_ptr() as usize).saturating_sub(start).min(self.text.len())
    }

    /// All of the parts; the parts of a part that asks for all of its own are its own.
    fn all(&self, parts: Vec<Spanned<Condition>>) -> Spanned<Condition> {
        self.join(parts, Condition::And, |part| match part {
            Condition::And(inner) => Ok(inner),
            other @ (Condition::Name(_)
            | Condition::Of(..)
            | Condition::Not(_)
            | Condition::Or(_)
            | Condition::Error) => Err(other),
        })
    }

    fn any(&self, parts: Vec<Spanned<Condition>>) -> Spanned<Condition> {
        self.join(parts, Condition::Or, |part| match part {
            Condition::Or(inner) => Ok(inner),
            other @ (Condition::Name(_)
            | Condition::Of(..)
            | Condition::Not(_)
            | Condition::And(_)
            | Condition::Error) => Err(other),
        })
    }

    fn join(
        &self,
        mut parts: Vec<Spanned<Condition>>,
        make: fn(Vec<Spanned<Condition>>) -> Condition,
        open: fn(Condition) -> Result<Vec<Spanned<Condition>>, Condition>,
    ) -> Spanned<Condition> {
        let span = parts.iter().map(|part| part.span).reduce(Span::to);
        if parts.len() == 1 {
            return parts.remove(0);
        }
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match open(part.node) {
                Ok(inner) => flat.extend(inner),
                Err(node) => flat.push(Spanned::new(node, part.span)),
            }
        }
        Spanned::new(make(flat), span.unwrap_or(self.places.whole()))
    }
}

/// What was found, for messages.
struct Found<'a>(&'a str);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("found the end of the condition"),
            word if is_keyword(word) => write!(f, "found the keyword `{word}`"),
            other => write!(f, "found `{other}`"),
        }
    }
}

fn failed(input: &str) -> nom::Err<Error<&str>> {
    nom::Err::Error(Error::new(input, ErrorKind::Alt))
}

/// A keyword, in any case, as a word of its own.
fn word<'a>(keyword: &'static str) -> impl FnMut(&'a str) -> IResult<&'a str, &'a str> {
    move |input| {
        verify(token(is_pattern), |found: &str| found.eq_ignore_ascii_case(keyword)).parse(input)
    }
}

fn symbol<'a>(symbol: &'static str) -> impl FnMut(&'a str) -> IResult<&'a str, &'a str> {
    move |input| preceded(multispace0, tag(symbol)).parse(input)
}

fn token<'a>(fits: fn(char) -> bool) -> impl FnMut(&'a str) -> IResult<&'a str, &'a str> {
    move |input| preceded(multispace0, take_while1(fits)).parse(input)
}

/// The word, quoted text or sign at the beginning of a text; empty at its end.
fn lexeme(rest: &str) -> &str {
    let word = rest.len() - rest.trim_start_matches(is_pattern).len();
    let quoted = || {
        let quote = rest.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
        rest.get(1..)?.find(quote).map(|end| end + 2)
    };
    let sign = || rest.starts_with("&&").then_some(2).or(rest.starts_with("||").then_some(2));
    let one = || rest.chars().next().map_or(0, char::len_utf8);
    let length = if word > 0 { word } else { quoted().or_else(sign).unwrap_or_else(one) };
    rest.split_at_checked(length).map_or(rest, |(found, _)| found)
}

/// What follows the first bytes of a text.
fn skip(rest: &str, bytes: usize) -> &str {
    rest.split_at_checked(bytes).map_or(rest, |(_, after)| after)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn is_pattern(c: char) -> bool {
    is_name(c) || c == '*'
}

fn is_operator(word: &str) -> bool {
    ["and", "or", "not"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

fn is_keyword(word: &str) -> bool {
    is_operator(word) || ["of", "them"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

#[cfg(test)]
mod tests;
