//! A Weave file in its one style.
//!
//! Sections are indented by two blanks, entries by four; the `=` of a section stand below each
//! other; a predicate or condition that does not fit on a line has an operand per line. Tokens stay
//! as they are (but for a comma behind the last of several lines), comments stay at their tokens,
//! single empty lines between entries stay.

use super::layout::{Doc, render};
use crate::source::{Span, Spanned};
use crate::syntax::weave::token::{Kind, Token};
use crate::syntax::weave::tree::{
    Body, Event, EventSource, Expr, Item, MatchEntry, Predicate, RuleTree, Script, Section,
};

/// Names longer than this do not push the `=` of their neighbours away.
const ALIGNED: usize = 12;

/// The text of a file in its one style. The script has to be complete.
#[must_use]
pub fn weave(script: &Script<'_>) -> String {
    let mut printer = Printer { tokens: &script.tokens, at: 0 };
    let mut docs = Vec::new();
    let mut before = None;
    for item in &script.items {
        let list = matches!(item, Item::List(_));
        docs.push(if list && before == Some(true) { Doc::Hard } else { Doc::Empty });
        let blanks = if before.is_some() { Blanks::Keep } else { Blanks::Drop };
        printer.lead(blanks, &mut docs);
        match item {
            Item::List(list) => docs.push(Doc::Group(printer.flow(list.span))),
            Item::Rule(rule) => printer.rule(rule, &mut docs),
        }
        before = Some(list);
    }
    docs.push(Doc::Hard);
    let blanks = if before.is_some() { Blanks::Keep } else { Blanks::Drop };
    printer.lead(blanks, &mut docs);
    render(&docs)
}

/// What becomes of empty lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blanks {
    Keep,
    Drop,
}

/// The tokens that are still to be printed.
struct Printer<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Printer<'a> {
    /// The next token that the grammar sees.
    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.iter().skip(self.at).find(|token| !token.kind.is_trivia())
    }

    /// Comments before the next token.
    fn lead(&mut self, blanks: Blanks, docs: &mut Vec<Doc>) {
        let mut first = true;
        while let Some(token) = self.tokens.get(self.at) {
            let breaks = token.text.matches('\n').count();
            let text = token.text.trim_end().to_owned();
            match token.kind {
                Kind::Blank if breaks > 1 && (blanks == Blanks::Keep || !first) => {
                    docs.push(Doc::Empty);
                }
                Kind::Blank | Kind::Unknown => {}
                Kind::Comment if token.leads => {
                    docs.push(Doc::Comment(text));
                    first = blanks == Blanks::Drop;
                }
                Kind::Comment => docs.push(Doc::Trailing(text)),
                Kind::Word
                | Kind::Number
                | Kind::Raw
                | Kind::Escaped
                | Kind::Regex
                | Kind::Parameter
                | Kind::Quoted
                | Kind::Mark => break,
            }
            self.at += 1;
        }
    }

    /// The next token with the comments before it.
    fn take(&mut self, docs: &mut Vec<Doc>) -> Option<&'a Token<'a>> {
        self.comments(docs);
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        docs.push(Doc::text(token.text));
        Some(token)
    }

    /// The comments before the next token, without empty lines.
    fn comments(&mut self, docs: &mut Vec<Doc>) {
        let mut found = Vec::new();
        self.lead(Blanks::Drop, &mut found);
        docs.extend(found.into_iter().filter(|doc| !matches!(doc, Doc::Empty)));
    }

    /// Whether the next token ends before the end of `span`.
    fn within(&self, span: Span) -> bool {
        self.peek().is_some_and(|token| token.span.start < span.end)
    }

    fn rule(&mut self, rule: &RuleTree, docs: &mut Vec<Doc>) {
        // `rule name {`
        for separator in ["", " ", " "] {
            docs.push(Doc::text(separator));
            self.take(docs);
        }
        let mut inner = Vec::new();
        for (at, section) in rule.sections.iter().enumerate() {
            inner.push(if at == 0 { Doc::Hard } else { Doc::Empty });
            self.section(section, &mut inner);
        }
        inner.push(Doc::Hard);
        self.comments(&mut inner);
        docs.push(Doc::Nest(inner));
        docs.push(Doc::Hard);
        self.take(docs);
    }

    fn section(&mut self, section: &Section, docs: &mut Vec<Doc>) {
        self.comments(docs);
        let head = self.flow(section.head);
        docs.extend(head);
        match &section.body {
            Body::Meta(entries) => {
                let names = entries.iter().map(|entry| (entry.span, Some(&entry.key)));
                self.entries(names.collect(), docs, Self::flow);
            }
            Body::Params(params) => {
                self.entries(
                    params.iter().map(|param| (param.span, None)).collect(),
                    docs,
                    Self::flow,
                );
            }
            Body::Events(events) => {
                let names = events.iter().map(|event| (event.span, Some(&event.name)));
                self.entries(names.collect(), docs, |printer, span| {
                    match events.iter().find(|event| event.span == span) {
                        Some(event) => printer.event(event),
                        None => printer.flow(span),
                    }
                });
            }
            Body::Match(entries) => {
                let places = entries.iter().map(place).collect();
                self.entries(places, docs, Self::flow);
            }
            Body::Condition(conditions) => {
                let spans = conditions.iter().map(|condition| (condition.span, None)).collect();
                self.entries(spans, docs, |printer, span| {
                    match conditions.iter().find(|condition| condition.span == span) {
                        Some(condition) => printer.condition(condition),
                        None => printer.flow(span),
                    }
                });
            }
            Body::Show(fields) => {
                if let (Some(first), Some(last)) = (fields.first(), fields.last()) {
                    self.beside(first.span.to(last.span), docs);
                }
            }
            Body::Alert(entries) => {
                if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
                    self.beside(first.span.to(last.span), docs);
                }
            }
        }
    }

    /// Behind the head of the section, if it fits.
    fn beside(&mut self, span: Span, docs: &mut Vec<Doc>) {
        let mut inner = vec![Doc::Space];
        inner.extend(self.flow(span));
        docs.push(Doc::Group(vec![Doc::Nest(inner)]));
    }

    /// A line for each entry; names are padded so that what follows stands below each other.
    fn entries(
        &mut self,
        entries: Vec<(Span, Option<&Spanned<String>>)>,
        docs: &mut Vec<Doc>,
        mut print: impl FnMut(&mut Self, Span) -> Vec<Doc>,
    ) {
        let length = |name: &Spanned<String>| name.span.range().len();
        let lengths = entries.iter().filter_map(|(_, name)| name.map(length));
        let width = lengths.filter(|length| *length <= ALIGNED).max().unwrap_or(0);
        let mut lines = Vec::new();
        for (at, (span, name)) in entries.into_iter().enumerate() {
            lines.push(Doc::Hard);
            self.lead(if at == 0 { Blanks::Drop } else { Blanks::Keep }, &mut lines);
            if let Some(name) = name {
                self.take(&mut lines);
                lines.push(Doc::text(" ".repeat(width.saturating_sub(length(name)) + 1)));
            }
            lines.push(Doc::Group(print(self, span)));
        }
        docs.push(Doc::Nest(lines));
    }

    /// `= windows/image_load where …`, behind the name.
    fn event(&mut self, event: &Event) -> Vec<Doc> {
        let EventSource::Inline { predicate: Some(predicate), .. } = &event.source else {
            return self.flow(event.span);
        };
        let before = Span { end: predicate.span.start, ..event.span };
        let opening = |token: &&Token<'_>| token.text != "(";
        let mut docs = Vec::new();
        let mut separator = "";
        while self.within(before) && self.peek().filter(opening).is_some() {
            docs.push(Doc::text(separator));
            self.take(&mut docs);
            separator = " ";
        }
        let mut inner = self.predicate(predicate);
        // Parentheses around all of it.
        inner.extend(self.flow(event.span));
        docs.push(Doc::Nest(vec![Doc::Space, Doc::Group(inner)]));
        docs
    }

    /// A predicate with the parentheses around it.
    fn predicate(&mut self, predicate: &Spanned<Predicate>) -> Vec<Doc> {
        self.enclosed(predicate.span, |printer| match &predicate.node {
            Predicate::And(parts) | Predicate::Or(parts) => printer.joined(parts, Self::predicate),
            Predicate::Not(inner) => {
                let mut docs = Vec::new();
                printer.take(&mut docs);
                docs.push(Doc::text(" "));
                docs.extend(printer.predicate(inner));
                docs
            }
            Predicate::Test(_) | Predicate::Rows { .. } => printer.flow(predicate.span),
        })
    }

    /// A condition with the parentheses around it.
    fn condition(&mut self, condition: &Spanned<Expr>) -> Vec<Doc> {
        self.enclosed(condition.span, |printer| match &condition.node {
            Expr::And(parts) | Expr::Or(parts) => printer.joined(parts, Self::condition),
            Expr::Not(inner) => {
                let mut docs = Vec::new();
                printer.take(&mut docs);
                docs.push(Doc::text(" "));
                docs.extend(printer.condition(inner));
                docs
            }
            Expr::Name(_)
            | Expr::Of(..)
            | Expr::Chain(_)
            | Expr::Compare(_)
            | Expr::Score { .. }
            | Expr::Absent { .. } => printer.flow(condition.span),
        })
    }

    /// Operands, each behind its operator.
    fn joined<T>(
        &mut self,
        parts: &[Spanned<T>],
        operand: impl Fn(&mut Self, &Spanned<T>) -> Vec<Doc>,
    ) -> Vec<Doc> {
        let mut docs = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                docs.push(Doc::Space);
                self.take(&mut docs);
                docs.push(Doc::text(" "));
            }
            docs.push(Doc::Group(operand(self, part)));
        }
        docs
    }

    /// What `inner` prints, in the parentheses that stand before `span`.
    fn enclosed(&mut self, span: Span, inner: impl FnOnce(&mut Self) -> Vec<Doc>) -> Vec<Doc> {
        let mut docs = Vec::new();
        let mut open = 0;
        while self.peek().is_some_and(|token| token.span.start < span.start) {
            self.take(&mut docs);
            open += 1;
        }
        if open == 0 {
            return inner(self);
        }
        let mut nested = vec![Doc::Soft];
        nested.extend(inner(self));
        docs.push(Doc::Nest(nested));
        docs.push(Doc::Soft);
        for _ in 0..open {
            self.take(&mut docs);
        }
        vec![Doc::Group(docs)]
    }

    /// The tokens up to the end of `span`, one after the other; lists in brackets may break.
    fn flow(&mut self, span: Span) -> Vec<Doc> {
        let mut docs = Vec::new();
        let mut before: Option<&Token<'_>> = None;
        while let Some(next) = self.peek().filter(|_| self.within(span)) {
            if let Some(before) = before {
                docs.push(between(before, next));
            }
            before = if closing(next).is_some() {
                docs.push(self.bracketed());
                // What stands behind a closing bracket is spaced as behind a word.
                Some(next)
                    .filter(|token| token.text != "(" && token.text != "[")
                    .or_else(|| self.tokens.get(self.at.saturating_sub(1)))
            } else {
                self.take(&mut docs)
            };
        }
        docs
    }

    /// A bracket, what is listed in it, and its end.
    fn bracketed(&mut self) -> Doc {
        let mut docs = Vec::new();
        let Some(open) = self.take(&mut docs) else { return Doc::Group(docs) };
        let close = closing(open).unwrap_or_default();
        let edge = if open.text == "{" { Doc::Space } else { Doc::Soft };
        let mut inner = vec![edge.clone()];
        let mut before: Option<&Token<'_>> = None;
        let (mut empty, mut several) = (true, false);
        while let Some(next) = self.peek().filter(|next| next.text != close) {
            if next.text == "," && next.kind == Kind::Mark {
                several = true;
                self.comma(close, &mut inner);
                before = None;
                continue;
            }
            if let Some(before) = before {
                inner.push(between(before, next));
            }
            empty = false;
            if closing(next).is_some() {
                inner.push(self.bracketed());
                before = self.tokens.get(self.at.saturating_sub(1));
            } else {
                before = self.take(&mut inner);
            }
        }
        // A call of one value takes no comma.
        if before.is_some() && several {
            inner.push(Doc::IfBroken(","));
        }
        if empty {
            inner.clear();
        }
        self.comments(&mut inner);
        docs.push(Doc::Nest(inner));
        if !empty {
            docs.push(edge);
        }
        self.take(&mut docs);
        Doc::Group(docs)
    }

    /// A comma; the last one only where lines break.
    fn comma(&mut self, close: &str, docs: &mut Vec<Doc>) {
        self.comments(docs);
        self.at += 1;
        if self.peek().is_some_and(|next| next.text == close) {
            docs.push(Doc::IfBroken(","));
        } else {
            docs.push(Doc::text(","));
            docs.push(Doc::Space);
        }
    }
}

/// The end of a bracket.
fn closing(token: &Token<'_>) -> Option<&'static str> {
    match token.text {
        "(" => Some(")"),
        "[" => Some("]"),
        "{" => Some("}"),
        _ => None,
    }
}

/// What stands between two tokens.
fn between(before: &Token<'_>, next: &Token<'_>) -> Doc {
    let joined = match next.text {
        "," | ":" => true,
        "(" => called(before),
        _ => next.kind == Kind::Quoted && before.text.ends_with('.'),
    };
    if joined {
        return Doc::text("");
    }
    match (before.text, next.text) {
        (",", _) | (_, "then") => Doc::Space,
        _ => Doc::text(" "),
    }
}

/// Whether a word is a function, not an operator.
fn called(word: &Token<'_>) -> bool {
    let operators = ["any", "all", "of", "in", "and", "or", "not", "where"];
    word.kind == Kind::Word && !operators.contains(&word.text)
}

/// Where an entry of `match` stands, and the name that it gives.
fn place(entry: &MatchEntry) -> (Span, Option<&Spanned<String>>) {
    match entry {
        MatchEntry::Key(key) => (key.span, Some(&key.name)),
        MatchEntry::Binding(span, ..) => (*span, None),
        // The keyword stands before the value.
        MatchEntry::Over(span) | MatchEntry::Skew(span) => (span.span, None),
    }
}

#[cfg(test)]
mod tests;
