//! Regular expressions of the `regex` crate → those of Lucene.
//!
//! Lucene matches whole values, knows no anchors, lazy repetitions, flags or Unicode classes, and
//! its `.` matches line breaks: `(?i)^powershell.*-e(nc)?\b` has to be said with other means.
//! `foo\d+$` → `.*foo[0-9]+`. Both accept the same language or the expression is refused.
//!
//! `\d`, `\w`, `\s` and `\b` mean ASCII here, as on the other targets. Where case does not count,
//! the Kelvin sign and the long s, which Unicode folds to `k` and `s`, are left out.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};

use crate::ir::{Part, Regex};

/// Elasticsearch's `index.max_regex_length`, in UTF-16 units.
const MAX_LENGTH: usize = 1000;

/// Alternatives that anchors may be distributed over.
const MAX_BRANCHES: usize = 64;

/// Repetitions beyond this make automata that Lucene refuses to build.
const MAX_REPEAT: u32 = 1000;

/// A Lucene expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lucene {
    /// Its text.
    pub(super) pattern: String,
    /// Whether it has to be matched without regard to the case of ASCII letters.
    pub(super) folded: bool,
}

/// Why an expression has no counterpart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// It has this construct.
    Construct(&'static str),
    /// Its counterpart would be so long.
    Length(usize),
}

/// The expression for Lucene, to be matched without regard to case if it allows that.
pub(super) fn translate(regex: &Regex) -> Result<Lucene, Problem> {
    let hir = parse(regex).ok_or(Problem::Construct("what the parser does not read"))?;
    printed(&hir, is_closed_under_case(&hir) && has_letters(&hir))
}

/// The expression for Lucene, with both cases spelt out where case does not count.
pub(super) fn spelt(regex: &Regex) -> Result<Lucene, Problem> {
    let hir = parse(regex).ok_or(Problem::Construct("what the parser does not read"))?;
    printed(&hir, false)
}

/// The expression for whole values that fit the parts.
pub(super) fn of_parts(parts: &[Part], ignore_case: bool) -> Regex {
    let body = parts.iter().map(|part| match part {
        Part::Literal(text) => regex_syntax::escape(text),
        Part::Any => ".*".to_owned(),
        Part::One => ".".to_owned(),
    });
    let pattern = format!("^{}$", body.collect::<String>());
    Regex { pattern, ignore_case, multiline: false, dotall: true }
}

fn printed(hir: &Hir, folded: bool) -> Result<Lucene, Problem> {
    let branches = branches(hir)?;
    let printer = Printer { folded };
    let parts: Vec<String> =
        branches.iter().map(|branch| printer.whole(branch)).collect::<Result<_, _>>()?;
    let pattern = parts.join("|");
    match pattern.encode_utf16().count() {
        length if length > MAX_LENGTH => Err(Problem::Length(length)),
        _ => Ok(Lucene { pattern, folded }),
    }
}

/// Whether the case of the text needs more than the folding of ASCII letters.
pub(super) fn folds_beyond_ascii(text: &str) -> bool {
    text.chars().filter(|c| !c.is_ascii()).any(|c| {
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
        class.case_fold_simple();
        class.iter().map(ClassUnicodeRange::len).sum::<usize>() > 1
    })
}

fn parse(regex: &Regex) -> Option<Hir> {
    regex_syntax::ParserBuilder::new()
        .case_insensitive(regex.ignore_case)
        .multi_line(regex.multiline)
        .dot_matches_new_line(regex.dotall)
        .build()
        .parse(&regex.ascii())
        .ok()
}

/// The alternatives of the expression, as sequences in which anchors stand on their own.
fn branches(hir: &Hir) -> Result<Vec<Vec<Hir>>, Problem> {
    if hir.properties().look_set().is_empty() {
        return Ok(vec![sequence(hir)]);
    }
    match hir.kind() {
        HirKind::Capture(capture) => branches(&capture.sub),
        HirKind::Alternation(parts) => {
            let all = parts.iter().map(branches).collect::<Result<Vec<_>, _>>()?;
            bounded(all.concat())
        }
        HirKind::Concat(parts) => parts.iter().try_fold(vec![Vec::new()], |before, part| {
            let after = branches(part)?;
            let joined = before.iter().flat_map(|head| {
                after.iter().map(move |tail| [head.as_slice(), tail.as_slice()].concat())
            });
            bounded(joined.take(MAX_BRANCHES + 1).collect())
        }),
        HirKind::Repetition(_) => Err(Problem::Construct("a repeated anchor")),
        HirKind::Look(_) | HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => {
            Ok(vec![vec![hir.clone()]])
        }
    }
}

fn sequence(hir: &Hir) -> Vec<Hir> {
    match plain(hir).kind() {
        HirKind::Concat(parts) => parts.clone(),
        HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Repetition(_)
        | HirKind::Capture(_)
        | HirKind::Alternation(_) => vec![hir.clone()],
    }
}

fn bounded(branches: Vec<Vec<Hir>>) -> Result<Vec<Vec<Hir>>, Problem> {
    match branches.len() {
        0..=MAX_BRANCHES => Ok(branches),
        _ => Err(Problem::Construct("anchors in too many alternatives")),
    }
}

/// Whether nothing changes if the case of ASCII letters does not count.
fn is_closed_under_case(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => !literal.0.iter().any(u8::is_ascii_alphabetic),
        HirKind::Class(class) => ranges(class).is_some_and(|class| {
            let has = |c: u8| contains(&class, char::from(c));
            (b'a'..=b'z').all(|c| has(c) == has(c.to_ascii_uppercase()))
        }),
        kind @ (HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Capture(_)
        | HirKind::Concat(_)
        | HirKind::Alternation(_)) => kind.subs().iter().all(is_closed_under_case),
    }
}

/// Whether a letter occurs whose case does not count.
fn has_letters(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(class) => ranges(class).as_ref().and_then(letter).is_some(),
        kind @ (HirKind::Literal(_)
        | HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Capture(_)
        | HirKind::Concat(_)
        | HirKind::Alternation(_)) => kind.subs().iter().any(has_letters),
    }
}

/// The class, without the characters beyond ASCII that case folding adds to `k` and `s`.
fn ranges(class: &Class) -> Option<ClassUnicode> {
    let mut class = match class {
        Class::Unicode(class) => class.clone(),
        Class::Bytes(class) => class.to_unicode_class()?,
    };
    let odd = [('\u{212a}', 'k'), ('\u{17f}', 's')];
    let odd = odd.into_iter().filter(|(_, letter)| contains(&class, *letter));
    let odd = ClassUnicode::new(odd.map(|(c, _)| ClassUnicodeRange::new(c, c)));
    let mut rest = class.clone();
    rest.difference(&odd);
    if rest.is_ascii() {
        class = rest;
    }
    Some(class)
}

fn contains(class: &ClassUnicode, c: char) -> bool {
    class.iter().any(|range| range.start() <= c && c <= range.end())
}

/// The lower-case letter of a class that holds both cases of one ASCII letter.
fn letter(class: &ClassUnicode) -> Option<char> {
    match class.ranges() {
        [upper, lower] if upper.len() == 1 && lower.len() == 1 => {
            let (upper, lower) = (upper.start(), lower.start());
            let pair = upper.is_ascii_uppercase() && upper.to_ascii_lowercase() == lower;
            pair.then_some(lower)
        }
        _ => None,
    }
}

/// Prints expressions; `folded`: they will be matched without regard to case.
struct Printer {
    folded: bool,
}

impl Printer {
    /// The expression for whole values of a branch that may match anywhere in a value.
    fn whole(&self, branch: &[Hir]) -> Result<String, Problem> {
        let (start, rest) = edge(branch, End::Front)?;
        let (end, rest) = edge(rest, End::Back)?;
        let mut out = start.to_owned();
        let alone = rest.len() == 1 && start.is_empty() && end.is_empty();
        for part in rest {
            out.push_str(&if alone { self.print(part) } else { self.beside(part) }?);
        }
        if !(start == ".*" && rest.is_empty()) {
            out.push_str(end);
        }
        Ok(if out.is_empty() { "()".to_owned() } else { out })
    }

    /// An expression that stands beside others.
    fn beside(&self, hir: &Hir) -> Result<String, Problem> {
        let text = self.print(hir)?;
        let loose = matches!(plain(hir).kind(), HirKind::Alternation(parts) if !has_empty(parts));
        Ok(if loose { format!("({text})") } else { text })
    }

    fn print(&self, hir: &Hir) -> Result<String, Problem> {
        match hir.kind() {
            HirKind::Empty => Ok("()".to_owned()),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0);
                let text = text.map_err(|_| Problem::Construct("bytes that are no text"))?;
                Ok(text.chars().map(escaped).collect())
            }
            HirKind::Class(class) => {
                let class = ranges(class).ok_or(Problem::Construct("bytes that are no text"))?;
                self.class(&class)
            }
            HirKind::Look(look) => Err(Problem::Construct(look_name(*look))),
            HirKind::Capture(capture) => self.print(&capture.sub),
            HirKind::Repetition(repetition) => self.repetition(repetition),
            HirKind::Concat(parts) => parts.iter().map(|part| self.beside(part)).collect(),
            HirKind::Alternation(parts) => self.alternation(parts),
        }
    }

    fn alternation(&self, parts: &[Hir]) -> Result<String, Problem> {
        let full = parts.iter().filter(|part| !matches!(plain(part).kind(), HirKind::Empty));
        let texts = full.map(|part| self.print(part)).collect::<Result<Vec<_>, _>>()?;
        let text = texts.join("|");
        Ok(match has_empty(parts) {
            true if text.chars().count() == 1 => format!("{text}?"),
            true => format!("({text})?"),
            false => text,
        })
    }

    fn repetition(&self, repetition: &Repetition) -> Result<String, Problem> {
        let sub = self.print(&repetition.sub)?;
        let single = match plain(&repetition.sub).kind() {
            HirKind::Class(_) => true,
            HirKind::Literal(literal) => {
                std::str::from_utf8(&literal.0).is_ok_and(|text| text.chars().count() == 1)
            }
            HirKind::Empty
            | HirKind::Look(_)
            | HirKind::Repetition(_)
            | HirKind::Capture(_)
            | HirKind::Concat(_)
            | HirKind::Alternation(_) => false,
        };
        let sub = if single { sub } else { format!("({sub})") };
        let (min, max) = (repetition.min, repetition.max);
        if min.max(max.unwrap_or(0)) > MAX_REPEAT {
            return Err(Problem::Construct("a repetition of more than 1000 times"));
        }
        Ok(match (min, max) {
            (0, None) => format!("{sub}*"),
            (1, None) => format!("{sub}+"),
            (0, Some(1)) => format!("{sub}?"),
            (min, None) => format!("{sub}{{{min},}}"),
            (min, Some(max)) if min == max => format!("{sub}{{{min}}}"),
            (min, Some(max)) => format!("{sub}{{{min},{max}}}"),
        })
    }

    fn class(&self, class: &ClassUnicode) -> Result<String, Problem> {
        if let (true, Some(letter)) = (self.folded, letter(class)) {
            return Ok(letter.to_string());
        }
        if let [range] = class.ranges()
            && range.len() == 1
        {
            return Ok(escaped(range.start()));
        }
        let mut shown = class.clone();
        let negated = contains(class, char::MAX);
        if negated {
            shown.negate();
        }
        match (negated, shown.ranges()) {
            (true, []) => Ok(".".to_owned()),
            (false, []) => Err(Problem::Construct("a class without characters")),
            (_, ranges) => {
                let items: String = ranges.iter().map(class_item).collect();
                Ok(format!("[{}{items}]", if negated { "^" } else { "" }))
            }
        }
    }
}

/// An end of a branch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Front,
    Back,
}

/// What to print at an end of a branch, and the branch without what that makes superfluous.
fn edge(branch: &[Hir], end: End) -> Result<(&'static str, &[Hir]), Problem> {
    let (mut rest, mut anchored, mut border) = (branch, false, false);
    while let Some((part, others)) = split(rest, end) {
        match (part.kind(), end) {
            (HirKind::Look(Look::Start), End::Front) | (HirKind::Look(Look::End), End::Back) => {
                anchored = true;
            }
            (HirKind::Look(Look::WordAscii | Look::WordUnicode), _) => border = true,
            // At an end that is open, what may be empty says nothing.
            _ if !anchored && !border && says_nothing(part) => {}
            _ => break,
        }
        rest = others;
    }
    if border && !split(rest, end).is_some_and(|(part, _)| is_word_at(part, end)) {
        return Err(Problem::Construct("a word boundary beside what may be no word"));
    }
    Ok(match (anchored, border, end) {
        (true, ..) => ("", rest),
        (false, true, End::Front) => ("(.*[^0-9A-Z_a-z])?", rest),
        (false, true, End::Back) => ("([^0-9A-Z_a-z].*)?", rest),
        (false, false, _) => (".*", rest),
    })
}

fn split(branch: &[Hir], end: End) -> Option<(&Hir, &[Hir])> {
    match end {
        End::Front => branch.split_first(),
        End::Back => branch.split_last(),
    }
}

fn says_nothing(part: &Hir) -> bool {
    let properties = part.properties();
    properties.look_set().is_empty() && properties.minimum_len() == Some(0)
}

/// Whether every match has a word character at that end.
fn is_word_at(part: &Hir, end: End) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match part.kind() {
        HirKind::Literal(literal) => {
            let byte = match end {
                End::Front => literal.0.first(),
                End::Back => literal.0.last(),
            };
            byte.is_some_and(|byte| word(char::from(*byte)))
        }
        HirKind::Class(class) => ranges(class).is_some_and(|class| {
            let within = |range: &ClassUnicodeRange| {
                range.end().is_ascii() && (range.start()..=range.end()).all(word)
            };
            class.iter().all(within)
        }),
        HirKind::Capture(capture) => is_word_at(&capture.sub, end),
        HirKind::Alternation(parts) => parts.iter().all(|part| is_word_at(part, end)),
        HirKind::Concat(parts) => split(parts, end).is_some_and(|(part, _)| is_word_at(part, end)),
        HirKind::Repetition(repetition) => repetition.min > 0 && is_word_at(&repetition.sub, end),
        HirKind::Empty | HirKind::Look(_) => false,
    }
}

/// The expression without the groups around it.
fn plain(hir: &Hir) -> &Hir {
    match hir.kind() {
        HirKind::Capture(capture) => plain(&capture.sub),
        HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Repetition(_)
        | HirKind::Concat(_)
        | HirKind::Alternation(_) => hir,
    }
}

fn has_empty(parts: &[Hir]) -> bool {
    parts.iter().any(|part| matches!(plain(part).kind(), HirKind::Empty))
}

/// A character outside a class. Lucene reads any escaped punctuation as itself.
fn escaped(c: char) -> String {
    if ".?+*|{}[]()\"\\#@&<>~^$".contains(c) { format!("\\{c}") } else { c.to_string() }
}

fn class_item(range: &ClassUnicodeRange) -> String {
    let shown = |c: char| {
        if "[]^-\\\"&~".contains(c) { format!("\\{c}") } else { c.to_string() }
    };
    match range.len() {
        1 => shown(range.start()),
        2 => shown(range.start()) + &shown(range.end()),
        _ => format!("{}-{}", shown(range.start()), shown(range.end())),
    }
}

fn look_name(look: Look) -> &'static str {
    match look {
        Look::Start | Look::End => "an anchor inside the expression",
        Look::StartLF | Look::EndLF | Look::StartCRLF | Look::EndCRLF => "an anchor at lines",
        Look::WordAscii
        | Look::WordAsciiNegate
        | Look::WordUnicode
        | Look::WordUnicodeNegate
        | Look::WordStartAscii
        | Look::WordEndAscii
        | Look::WordStartUnicode
        | Look::WordEndUnicode
        | Look::WordStartHalfAscii
        | Look::WordEndHalfAscii
        | Look::WordStartHalfUnicode
        | Look::WordEndHalfUnicode => "a word boundary",
    }
}

#[cfg(test)]
mod tests;
