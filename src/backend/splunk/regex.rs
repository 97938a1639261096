//! Regular expressions for Splunk (PCRE behind a layer of SPL quotes).
//!
//! Text tests and the expressions of rules become PCRE text that reads the same whether a reader
//! takes the SPL layer of escapes or not: backslash is `\x5c`, a quote `\x22`, a bar `\x7c`. The
//! expressions of rules are printed from their syntax tree, since PCRE reads several constructs of
//! Rust's `regex` differently (`$`, `a++`, `[a&&b]`, `\v`).
//!
//! `EndsWith('\a.exe')` → `(?i)\x5ca\.exe\z`; `^x$` → `^x\z`.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassAsciiKind, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet,
    ClassSetItem, ClassUnicode, ClassUnicodeKind, Flag, Flags, FlagsItemKind, Group, GroupKind,
    Repetition, RepetitionKind, RepetitionRange,
};

use super::syntax::{breaks_lines, case_variants};
use crate::ir::{Part, Regex, TextTest};

/// An expression that holds if any of the tests does. Without flags if `cased`.
pub(super) fn of_texts<'a>(tests: impl IntoIterator<Item = &'a TextTest>, cased: bool) -> String {
    let mut flags = Flagged::default();
    let bodies: Vec<String> = tests
        .into_iter()
        .map(|test| {
            flags = flags.with(test, cased);
            body(test, cased)
        })
        .collect();
    format!("{}{}", flags.text(), bodies.join("|"))
}

/// An expression that holds of a whole event if the text of the test occurs in it.
pub(super) fn of_keyword(test: &TextTest) -> String {
    let text = match test {
        TextTest::Equals(text)
        | TextTest::StartsWith(text)
        | TextTest::EndsWith(text)
        | TextTest::Contains(text) => literal(text, false),
        TextTest::Like(parts) => parts.iter().map(|found| part(found, false)).collect(),
    };
    format!("{}{text}", Flagged::default().with(test, false).text())
}

/// The expression in Splunk's syntax, or the construct that it lacks.
pub(super) fn portable(regex: &Regex) -> Result<String, String> {
    let ast = Parser::new().parse(&regex.pattern).map_err(|_| regex.pattern.clone())?;
    let mut printer = Printer { source: &regex.pattern, multiline: regex.multiline };
    let body = printer.print(&ast)?;
    let flags: String = [(regex.ignore_case, 'i'), (regex.multiline, 'm'), (regex.dotall, 's')]
        .iter()
        .filter_map(|(set, flag)| set.then_some(*flag))
        .collect();
    Ok(if flags.is_empty() { body } else { format!("(?{flags}){body}") })
}

/// The flags that the bodies of some tests need.
#[derive(Clone, Copy, Default)]
struct Flagged {
    /// A letter's case does not count.
    folds: bool,
    /// `.` matches line breaks.
    across: bool,
}

impl Flagged {
    /// With this test, too.
    fn with(self, test: &TextTest, cased: bool) -> Self {
        let letters = |text: &String| !cased && text.chars().any(|c| c.is_ascii_alphabetic());
        match test {
            TextTest::Equals(text)
            | TextTest::StartsWith(text)
            | TextTest::EndsWith(text)
            | TextTest::Contains(text) => Self { folds: self.folds || letters(text), ..self },
            TextTest::Like(parts) => parts.iter().fold(self, |flags, part| match part {
                Part::Literal(text) => Self { folds: flags.folds || letters(text), ..flags },
                Part::Any | Part::One => Self { across: true, ..flags },
            }),
        }
    }

    fn text(self) -> &'static str {
        match (self.folds, self.across) {
            (false, false) => "",
            (false, true) => "(?s)",
            (true, false) => "(?i)",
            (true, true) => "(?is)",
        }
    }
}

fn body(test: &TextTest, cased: bool) -> String {
    match test {
        TextTest::Equals(text) => format!("^{}\\z", literal(text, cased)),
        TextTest::StartsWith(text) => format!("^{}", literal(text, cased)),
        TextTest::EndsWith(text) => format!("{}\\z", literal(text, cased)),
        TextTest::Contains(text) => literal(text, cased),
        TextTest::Like(parts) => like(parts, cased),
    }
}

/// `*` at the ends is left out, since expressions are not anchored.
fn like(parts: &[Part], cased: bool) -> String {
    let (start, parts) = match parts {
        [Part::Any, rest @ ..] => ("", rest),
        other => ("^", other),
    };
    let (end, parts) = match parts {
        [rest @ .., Part::Any] => ("", rest),
        other => ("\\z", other),
    };
    let middle: String = parts.iter().map(|found| part(found, cased)).collect();
    format!("{start}{middle}{end}")
}

fn part(part: &Part, cased: bool) -> String {
    match part {
        Part::Literal(text) => literal(text, cased),
        Part::Any => ".*".to_owned(),
        Part::One => ".".to_owned(),
    }
}

/// The text as an expression. Case variants beyond ASCII are written out, so that nothing depends
/// on how the reader folds them.
fn literal(text: &str, cased: bool) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        let variants = if cased || c.is_ascii() { Vec::new() } else { case_variants(c) };
        if variants.is_empty() {
            out.push_str(&escaped(c));
        } else {
            let all: Vec<String> = std::iter::once(c).chain(variants).map(escaped).collect();
            out.push_str(&format!("(?:{})", all.join("|")));
        }
        out
    })
}

/// The character as a literal that means itself with and without the SPL layer.
fn escaped(c: char) -> String {
    match c {
        '\\' | '"' | '|' | '`' => format!("\\x{:02x}", u32::from(c)),
        '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' => format!("\\{c}"),
        c if breaks_lines(c) && c.is_ascii() => format!("\\x{:02x}", u32::from(c)),
        c if breaks_lines(c) => format!("\\x{{{:x}}}", u32::from(c)),
        c => c.to_string(),
    }
}

/// Prints a syntax tree as PCRE.
struct Printer<'a> {
    /// The expression as written, to quote from.
    source: &'a str,
    /// Whether `$` matches at lines here.
    multiline: bool,
}

impl Printer<'_> {
    fn print(&mut self, ast: &Ast) -> Result<String, String> {
        match ast {
            Ast::Empty(_) => Ok(String::new()),
            Ast::Flags(set) => Ok(match self.flags(&set.flags)? {
                flags if flags.is_empty() => flags,
                flags => format!("(?{flags})"),
            }),
            Ast::Literal(literal) => Ok(escaped(literal.c)),
            Ast::Dot(_) => Ok(".".to_owned()),
            Ast::Assertion(assertion) => Ok(self.assertion(&assertion.kind).to_owned()),
            Ast::ClassUnicode(class) => self.property(class),
            Ast::ClassPerl(class) => Ok(perl(class).to_owned()),
            Ast::ClassBracketed(class) => self.class(class),
            Ast::Repetition(repetition) => self.repetition(repetition),
            Ast::Group(group) => self.group(group),
            Ast::Alternation(of) => Ok(self.each(&of.asts)?.join("|")),
            Ast::Concat(of) => Ok(self.each(&of.asts)?.concat()),
        }
    }

    fn each(&mut self, asts: &[Ast]) -> Result<Vec<String>, String> {
        asts.iter().map(|ast| self.print(ast)).collect()
    }

    /// What stands at these bytes of the expression.
    fn refuse(&self, span: regex_syntax::ast::Span) -> String {
        self.source.get(span.start.offset..span.end.offset).unwrap_or(self.source).to_owned()
    }

    fn assertion(&self, kind: &AssertionKind) -> &'static str {
        match kind {
            AssertionKind::StartLine => "^",
            AssertionKind::EndLine if self.multiline => "$",
            AssertionKind::EndLine | AssertionKind::EndText => "\\z",
            AssertionKind::StartText => "\\A",
            AssertionKind::WordBoundary => "\\b",
            AssertionKind::NotWordBoundary => "\\B",
            AssertionKind::WordBoundaryStart | AssertionKind::WordBoundaryStartAngle => {
                "\\b(?=\\w)"
            }
            AssertionKind::WordBoundaryEnd | AssertionKind::WordBoundaryEndAngle => "\\b(?<=\\w)",
            AssertionKind::WordBoundaryStartHalf => "(?<!\\w)",
            AssertionKind::WordBoundaryEndHalf => "(?!\\w)",
        }
    }

    fn repetition(&mut self, repetition: &Repetition) -> Result<String, String> {
        let inner = self.print(&repetition.ast)?;
        let inner = match *repetition.ast {
            Ast::Literal(_)
            | Ast::Dot(_)
            | Ast::ClassUnicode(_)
            | Ast::ClassPerl(_)
            | Ast::ClassBracketed(_)
            | Ast::Group(_) => inner,
            Ast::Empty(_)
            | Ast::Flags(_)
            | Ast::Assertion(_)
            | Ast::Repetition(_)
            | Ast::Alternation(_)
            | Ast::Concat(_) => format!("(?:{inner})"),
        };
        let operator = match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => "?".to_owned(),
            RepetitionKind::ZeroOrMore => "*".to_owned(),
            RepetitionKind::OneOrMore => "+".to_owned(),
            RepetitionKind::Range(range) => match range {
                RepetitionRange::Exactly(n) if *n <= MAX_REPEAT => format!("{{{n}}}"),
                RepetitionRange::AtLeast(n) if *n <= MAX_REPEAT => format!("{{{n},}}"),
                RepetitionRange::Bounded(n, m) if *m <= MAX_REPEAT => format!("{{{n},{m}}}"),
                RepetitionRange::Exactly(_)
                | RepetitionRange::AtLeast(_)
                | RepetitionRange::Bounded(..) => return Err(self.refuse(repetition.op.span)),
            },
        };
        Ok(format!("{inner}{operator}{}", if repetition.greedy { "" } else { "?" }))
    }

    /// Flags hold until the end of the group they stand in.
    fn group(&mut self, group: &Group) -> Result<String, String> {
        let before = self.multiline;
        let open = match &group.kind {
            GroupKind::CaptureIndex(_) | GroupKind::CaptureName { .. } => "(".to_owned(),
            GroupKind::NonCapturing(flags) => format!("(?{}:", self.flags(flags)?),
        };
        let inner = self.print(&group.ast)?;
        self.multiline = before;
        Ok(format!("{open}{inner})"))
    }

    /// `x` has done its work in the parser; `u` is how the rule reads already.
    fn flags(&mut self, flags: &Flags) -> Result<String, String> {
        let (mut on, mut off, mut negated) = (String::new(), String::new(), false);
        for item in &flags.items {
            let letter = match &item.kind {
                FlagsItemKind::Negation => {
                    negated = true;
                    continue;
                }
                FlagsItemKind::Flag(Flag::IgnoreWhitespace) => continue,
                FlagsItemKind::Flag(Flag::Unicode) if !negated => continue,
                FlagsItemKind::Flag(Flag::Unicode | Flag::CRLF) => {
                    return Err(self.refuse(flags.span));
                }
                FlagsItemKind::Flag(Flag::CaseInsensitive) => 'i',
                FlagsItemKind::Flag(Flag::MultiLine) => {
                    self.multiline = !negated;
                    'm'
                }
                FlagsItemKind::Flag(Flag::DotMatchesNewLine) => 's',
                FlagsItemKind::Flag(Flag::SwapGreed) => 'U',
            };
            if negated { off.push(letter) } else { on.push(letter) }
        }
        Ok(if off.is_empty() { on } else { format!("{on}-{off}") })
    }

    /// One letter and two-letter categories are common to both; longer names are not.
    fn property(&self, class: &ClassUnicode) -> Result<String, String> {
        let letter = if class.negated { 'P' } else { 'p' };
        match &class.kind {
            ClassUnicodeKind::OneLetter(c) => Ok(format!("\\{letter}{c}")),
            ClassUnicodeKind::Named(name) if CATEGORIES.contains(&name.as_str()) => {
                Ok(format!("\\{letter}{{{name}}}"))
            }
            ClassUnicodeKind::Named(_) | ClassUnicodeKind::NamedValue { .. } => {
                Err(self.refuse(class.span))
            }
        }
    }

    fn class(&self, class: &ClassBracketed) -> Result<String, String> {
        let items = match &class.kind {
            ClassSet::Item(item) => self.class_item(item)?,
            ClassSet::BinaryOp(operation) => return Err(self.refuse(operation.span)),
        };
        Ok(format!("[{}{items}]", if class.negated { "^" } else { "" }))
    }

    fn class_item(&self, item: &ClassSetItem) -> Result<String, String> {
        match item {
            ClassSetItem::Empty(_) => Ok(String::new()),
            ClassSetItem::Literal(literal) => Ok(class_char(literal.c)),
            ClassSetItem::Range(range) => {
                Ok(format!("{}-{}", class_char(range.start.c), class_char(range.end.c)))
            }
            ClassSetItem::Ascii(class) => {
                let not = if class.negated { "^" } else { "" };
                Ok(format!("[:{not}{}:]", ascii_class(&class.kind)))
            }
            ClassSetItem::Unicode(class) => self.property(class),
            ClassSetItem::Perl(class) => Ok(perl(class).to_owned()),
            ClassSetItem::Bracketed(inner) => match &inner.kind {
                ClassSet::Item(item) if !inner.negated => self.class_item(item),
                ClassSet::Item(_) | ClassSet::BinaryOp(_) => Err(self.refuse(inner.span)),
            },
            ClassSetItem::Union(union) => {
                union.items.iter().map(|item| self.class_item(item)).collect()
            }
        }
    }
}

/// The largest count of a repetition in PCRE.
const MAX_REPEAT: u32 = 65_535;

/// General categories with two letters.
const CATEGORIES: &[&str] = &[
    "Cc", "Cf", "Cn", "Co", "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc",
    "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs",
];

fn perl(class: &ClassPerl) -> &'static str {
    match (&class.kind, class.negated) {
        (ClassPerlKind::Digit, false) => "\\d",
        (ClassPerlKind::Digit, true) => "\\D",
        (ClassPerlKind::Space, false) => "\\s",
        (ClassPerlKind::Space, true) => "\\S",
        (ClassPerlKind::Word, false) => "\\w",
        (ClassPerlKind::Word, true) => "\\W",
    }
}

/// Within brackets everything but letters and digits is written by number, except what is never
/// special there.
fn class_char(c: char) -> String {
    match c {
        c if c.is_ascii_alphanumeric() || "_ ./:,;=%#@!<>(){}+*?$'".contains(c) => c.to_string(),
        c if c.is_ascii() => format!("\\x{:02x}", u32::from(c)),
        c => format!("\\x{{{:x}}}", u32::from(c)),
    }
}

fn ascii_class(kind: &ClassAsciiKind) -> &'static str {
    match kind {
        ClassAsciiKind::Alnum => "alnum",
        ClassAsciiKind::Alpha => "alpha",
        ClassAsciiKind::Ascii => "ascii",
        ClassAsciiKind::Blank => "blank",
        ClassAsciiKind::Cntrl => "cntrl",
        ClassAsciiKind::Digit => "digit",
        ClassAsciiKind::Graph => "graph",
        ClassAsciiKind::Lower => "lower",
        ClassAsciiKind::Print => "print",
        ClassAsciiKind::Punct => "punct",
        ClassAsciiKind::Space => "space",
        ClassAsciiKind::Upper => "upper",
        ClassAsciiKind::Word => "word",
        ClassAsciiKind::Xdigit => "xdigit",
    }
}
