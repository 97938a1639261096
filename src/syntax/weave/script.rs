//! Lists, rules and their sections; after a mistake, reading goes on at the next entry.
//!
//! ```text
//! file    = { list | rule }
//! list    = "list" name "=" "[" [value { "," value }] "]"
//! rule    = "rule" name "{" { section } "}"
//! section = ("meta" | "params" | "events" | "match" | "condition" | "show" | "alert") ":" entries
//! ```

use std::cell::{Cell, RefCell};

use nom::Parser;
use nom::branch::alt;
use nom::combinator::cut;
use nom::multi::separated_list1;

use super::condition::{condition, event, event_field};
use super::input::{
    Mistake, Parsed, RESERVED, SECTIONS, Tokens, field, fixed, is, listed, literal, misspelt,
    mistake, name, plain_name, quantity, text,
};
use super::predicate::predicate;
use super::token::{Kind, Token};
use super::tree::{
    Body, Event, EventField, EventSource, Expr, Field, Item, Key, KeyField, List, MatchEntry,
    MetaEntry, Param, RuleTree, Section, Suppress, Value,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Spanned;

/// Mistakes reported per file; a file with more is not worth the reading.
const MISTAKES: usize = 100;

/// Reads what tokens say and collects what is wrong.
#[derive(Default)]
pub(super) struct Reader {
    found: RefCell<Vec<Diagnostic>>,
    count: Cell<usize>,
}

impl Reader {
    /// What was wrong.
    pub(super) fn into_findings(self) -> Vec<Diagnostic> {
        self.found.into_inner()
    }

    fn report(&self, mistake: Mistake) {
        self.count.set(self.count.get() + 1);
        if self.count.get() <= MISTAKES {
            self.found.borrow_mut().push(mistake.into_diagnostic());
        }
    }

    /// The whole file.
    pub(super) fn file(&self, input: Tokens<'_>) -> Vec<Item> {
        let (mut rest, mut items) = (input, Vec::new());
        while let Some(first) = rest.first() {
            if is(first, "rule") {
                let (after, rule) = self.rule(rest);
                items.extend(rule.map(Item::Rule));
                rest = after;
                continue;
            }
            match list(rest) {
                Ok((after, list)) => {
                    items.push(Item::List(list));
                    rest = after;
                }
                Err(error) => {
                    self.report(mistake(error, rest));
                    rest = skip(rest.rest(), begins_item);
                }
            }
        }
        items
    }

    /// A rule; what is missing in it is reported.
    fn rule<'a>(&self, input: Tokens<'a>) -> (Tokens<'a>, Option<RuleTree>) {
        let count = self.count.get();
        let (mut rest, name) = match plain_name("the name of the rule")(input.rest()) {
            Ok(found) => found,
            Err(error) => {
                self.report(mistake(error, input.rest()));
                return (skip(input.rest(), begins_item), None);
            }
        };
        match fixed("{", "`{`")(rest) {
            Ok((after, _)) => rest = after,
            Err(error) => self.report(mistake(error, rest)),
        }
        let mut sections: Vec<Section> = Vec::new();
        while !rest.at("}") && rest.first().is_some_and(|_| !begins_item(rest)) {
            let (after, section) = self.section(rest);
            if let Some(section) = section {
                self.check_twice(&section, &sections, rest);
                sections.push(section);
            }
            rest = after;
        }
        match fixed("}", "`}`")(rest) {
            Ok((after, _)) => rest = after,
            Err(error) => self.report(mistake(error, rest).helped("close the rule with `}`")),
        }
        let complete = self.count.get() == count;
        let span = input.span_to(rest);
        (rest, Some(RuleTree { span, name, sections, complete }))
    }

    fn check_twice(&self, section: &Section, before: &[Section], at: Tokens<'_>) {
        let same = |one: &Section| {
            std::mem::discriminant(&one.body) == std::mem::discriminant(&section.body)
        };
        if before.iter().any(same) {
            let message = "the rule has this section twice".to_owned();
            self.report(Mistake::saying(at, Code::WeaveSyntax, message, "join the two"));
        }
    }

    fn section<'a>(&self, input: Tokens<'a>) -> (Tokens<'a>, Option<Section>) {
        let skipped = |rest: Tokens<'a>| (skip(rest.rest(), ends_section), None);
        let Some(head) = input.first().filter(|_| is_header(input)) else {
            self.report(Mistake::expected(input, "a section such as `events:`").helped(
                "a rule consists of `meta:`, `params:`, `events:`, `match:`, `condition:`, \
                 `show:` and `alert:`",
            ));
            return skipped(input);
        };
        let rest = input.from(2);
        let span = input.span_to(rest);
        let (rest, body) = match head.text {
            "meta" => self.entries(rest, meta, Body::Meta),
            "params" => self.entries(rest, param, Body::Params),
            "events" => self.entries(rest, event_entry, Body::Events),
            "match" => self.entries(rest, match_entry, Body::Match),
            "condition" => self.entries(rest, whole_condition, Body::Condition),
            "show" => self.entries(rest, show, |lists: Vec<Vec<EventField>>| {
                Body::Show(lists.into_iter().flatten().collect())
            }),
            "alert" => self.entries(rest, alert, Body::Alert),
            other => {
                let message = format!("there is no section `{other}`");
                let near = crate::diagnostic::nearest(other, SECTIONS.iter().copied());
                let help = match near {
                    Some(near) => format!("the nearest name is `{near}`"),
                    None => format!("sections are `{}`", SECTIONS.join("`, `")),
                };
                self.report(Mistake::saying(input, Code::WeaveSyntax, message, &help));
                return skipped(input);
            }
        };
        (rest, Some(Section { head: span, body }))
    }

    /// The entries of a section.
    fn entries<'a, T>(
        &self,
        input: Tokens<'a>,
        entry: impl Fn(Tokens<'a>) -> Parsed<'a, T>,
        body: impl Fn(Vec<T>) -> Body,
    ) -> (Tokens<'a>, Body) {
        let (mut rest, mut entries) = (input, Vec::new());
        while !ends_section(rest) {
            match entry(rest) {
                Ok((after, found)) => {
                    entries.push(found);
                    rest = after;
                }
                Err(error) => {
                    let found = mistake(error, rest);
                    let at = rest.from(rest.all().len().saturating_sub(found.left));
                    self.report(found);
                    // An entry that could not even begin is left behind.
                    let begun = at.all().len() < rest.all().len();
                    let from = if begun { at } else { rest.rest() };
                    rest = skip(from, |at| ends_section(at) || begins_entry(at));
                }
            }
        }
        (rest, body(entries))
    }
}

/// Without the tokens up to the place that is looked for.
fn skip<'a>(input: Tokens<'a>, found: impl Fn(Tokens<'a>) -> bool) -> Tokens<'a> {
    let mut rest = input;
    while rest.first().is_some() && !found(rest) {
        rest = rest.rest();
    }
    rest
}

fn first_of_line(input: Tokens<'_>) -> Option<&Token<'_>> {
    input.first().filter(|token| token.leads)
}

/// A list or a rule begins here.
fn begins_item(input: Tokens<'_>) -> bool {
    let keyword = first_of_line(input).is_some_and(|token| is(token, "rule") || is(token, "list"));
    keyword && input.second().is_some_and(|next| next.kind == Kind::Word)
}

/// A name and a colon that begin a section, known or not.
fn is_header(input: Tokens<'_>) -> bool {
    let word = |token: &&Token<'_>| token.kind == Kind::Word;
    let Some(head) = input.first().filter(word) else { return false };
    if !input.second().is_some_and(|next| is(next, ":")) {
        return false;
    }
    let alone = input.all().get(2).is_none_or(|next| next.leads);
    input.begins_section() || (head.leads && alone)
}

/// The section ends before this.
fn ends_section(input: Tokens<'_>) -> bool {
    input.first().is_none() || input.at("}") || is_header(input) || begins_item(input)
}

/// An entry of a section begins here.
fn begins_entry(input: Tokens<'_>) -> bool {
    let Some(first) = first_of_line(input) else { return false };
    let named = matches!(first.kind, Kind::Word | Kind::Quoted);
    let assigned = input.second().is_some_and(|next| is(next, "=") || is(next, ":"));
    named && assigned && !RESERVED.contains(&first.text) || is(first, "over") || is(first, "skew")
}

fn list(input: Tokens<'_>) -> Parsed<'_, List> {
    let (rest, _) = fixed("list", "`rule` or `list`")(input)?;
    let (rest, name) = cut(plain_name("the name of the list")).parse(rest)?;
    let (rest, _) = cut(fixed("=", "`=`")).parse(rest)?;
    let (rest, values) = cut(listed(("[", "`[`"), ("]", "`]`"), literal)).parse(rest)?;
    Ok((rest, List { span: input.span_to(rest), name, values }))
}

/// A value, or a list of values.
fn value(input: Tokens<'_>) -> Parsed<'_, Spanned<Value>> {
    if !input.at("[") {
        return literal(input);
    }
    let (rest, values) = listed(("[", "`[`"), ("]", "`]`"), literal)(input)?;
    Ok((rest, Spanned::new(Value::List(values), input.span_to(rest))))
}

fn meta(input: Tokens<'_>) -> Parsed<'_, MetaEntry> {
    let (rest, key) = name("a key such as `title`")(input)?;
    let (rest, _) = cut(fixed("=", "`=`")).parse(rest)?;
    let (rest, value) = cut(value).parse(rest)?;
    Ok((rest, MetaEntry { span: input.span_to(rest), key, value }))
}

fn param(input: Tokens<'_>) -> Parsed<'_, Param> {
    let (rest, name) = plain_name("the name of a parameter")(input)?;
    let (rest, _) = cut(fixed(":", "`:` and a type")).parse(rest)?;
    let (rest, ty) = cut(plain_name("a type such as `duration`")).parse(rest)?;
    let (rest, _) = cut(fixed("=", "`=`")).parse(rest)?;
    let (rest, default) = cut(value).parse(rest)?;
    Ok((rest, Param { span: input.span_to(rest), name, ty, default }))
}

fn event_entry(input: Tokens<'_>) -> Parsed<'_, Event> {
    let (rest, name) = event(input)?;
    let (rest, _) = cut(fixed("=", "`=`")).parse(rest)?;
    let referred = rest.second().is_some_and(|next| matches!(next.kind, Kind::Raw | Kind::Escaped));
    let sigma = referred && rest.at("sigma");
    let (rest, source) = if sigma || referred && rest.at("weave") {
        let (rest, reference) = cut(text).parse(rest.rest())?;
        let source =
            if sigma { EventSource::Sigma(reference) } else { EventSource::Weave(reference) };
        (rest, source)
    } else {
        cut(inline).parse(rest)?
    };
    Ok((rest, Event { span: input.span_to(rest), name, source }))
}

fn inline(input: Tokens<'_>) -> Parsed<'_, EventSource> {
    let shown = "a log source such as `windows/registry_set`, `sigma \"…\"` or `weave \"…\"`";
    let (rest, logsource) = name(shown)(input)?;
    if !rest.at("where") {
        return Ok((rest, EventSource::Inline { logsource, predicate: None }));
    }
    let (rest, predicate) = cut(predicate).parse(rest.rest())?;
    if !rest.second().is_some_and(|next| is(next, "=") || is(next, ":")) {
        misspelt(rest, &["and", "or"])?;
    }
    Ok((rest, EventSource::Inline { logsource, predicate: Some(predicate) }))
}

/// A condition, and no word behind it that was meant to go on with it or to begin a section.
fn whole_condition(input: Tokens<'_>) -> Parsed<'_, Spanned<Expr>> {
    let (rest, found) = condition(input)?;
    if !ends_section(rest) {
        let begins_section = rest.second().is_some_and(|next| is(next, ":"));
        misspelt(rest, if begins_section { SECTIONS } else { &["and", "or", "then", "within"] })?;
    }
    Ok((rest, found))
}

fn match_entry(input: Tokens<'_>) -> Parsed<'_, MatchEntry> {
    let assigned = input.second().is_some_and(|next| is(next, "="));
    let duration = "a duration such as `24h`";
    if input.at("over") && !assigned {
        let (rest, span) = cut(quantity(duration)).parse(input.rest())?;
        return Ok((rest, MatchEntry::Over(span)));
    }
    if input.at("skew") && !assigned {
        let (rest, span) = cut(quantity(duration)).parse(input.rest())?;
        return Ok((rest, MatchEntry::Skew(span)));
    }
    if assigned {
        let (rest, name) = plain_name("the name of a key")(input)?;
        let (rest, field) = cut(key_field).parse(rest.rest())?;
        let span = input.span_to(rest);
        return Ok((rest, MatchEntry::Key(Key { span, name, field })));
    }
    let (rest, left) = event_field(input).map_err(|error| {
        let help = "`host = Computer`, `a.User == b.User`, `over 24h` or `skew 5s`";
        nom::Err::Error(mistake(error, input).helped(help))
    })?;
    let (rest, _) = cut(fixed("==", "`==`")).parse(rest)?;
    let (rest, right) = cut(event_field).parse(rest)?;
    Ok((rest, MatchEntry::Binding(input.span_to(rest), left, right)))
}

fn key_field(input: Tokens<'_>) -> Parsed<'_, KeyField> {
    if !input.at("{") {
        return transformed.map(KeyField::Same).parse(input);
    }
    let of_event = |input| {
        let (rest, event) = event(input)?;
        let (rest, _) = cut(fixed(":", "`:`")).parse(rest)?;
        let (rest, field) = cut(transformed).parse(rest)?;
        Ok((rest, (event, field)))
    };
    let mut fields = listed(("{", "`{`"), ("}", "`}`"), of_event);
    let (rest, fields) = fields(input)?;
    Ok((rest, KeyField::PerEvent(fields)))
}

/// A field, or a transform of it.
fn transformed(input: Tokens<'_>) -> Parsed<'_, Field> {
    if !input.second().is_some_and(|next| is(next, "(")) {
        let (rest, name) = field("a field")(input)?;
        return Ok((rest, Field { name, transform: None }));
    }
    let (rest, transform) = plain_name("a transform such as `lower`")(input)?;
    let (rest, name) = cut(field("a field")).parse(rest.rest())?;
    let (rest, _) = cut(fixed(")", "`)`")).parse(rest)?;
    Ok((rest, Field { name, transform: Some(transform) }))
}

fn show(input: Tokens<'_>) -> Parsed<'_, Vec<EventField>> {
    separated_list1(fixed(",", "`,`"), cut(event_field)).parse(input)
}

fn alert(input: Tokens<'_>) -> Parsed<'_, Suppress> {
    let (rest, _) = fixed("suppress", "`suppress`")(input)?;
    let (rest, by) = if rest.at("by") {
        let keys = separated_list1(fixed(",", "`,`"), plain_name("a part of the key"));
        cut(keys).parse(rest.rest())?
    } else {
        (rest, Vec::new())
    };
    let (rest, _) = cut(alt((fixed("for", "`for`"), fixed("by", "`by`")))).parse(rest)?;
    let (rest, span_of) = cut(quantity("a duration such as `24h`")).parse(rest)?;
    Ok((rest, Suppress { span: input.span_to(rest), by, span_of }))
}
