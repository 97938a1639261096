//! Weave text → tokens, every byte in one of them: blanks and comments are tokens, too.
//!
//! `a = 'x' # why` → `Word a`, `Blank`, `Mark =`, `Blank`, `Raw 'x'`, `Blank`, `Comment # why`.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{anychar, char, multispace1, not_line_ending, satisfy};
use nom::combinator::{opt, peek, recognize, value};
use nom::multi::many0_count;
use nom::sequence::{pair, preceded, terminated};
use nom::{IResult, Parser};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};

/// Bytes of one literal (E0106).
pub(super) const LITERAL_BYTES: usize = 64 << 10;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name, a keyword or a log source.
    Word,
    /// Begins with a digit: a number, a duration, a date.
    Number,
    /// `'text'`
    Raw,
    /// `"text"`
    Escaped,
    /// `/expression/flags`
    Regex,
    /// `$name`
    Parameter,
    /// A field name in backticks.
    Quoted,
    /// Brackets, operators, separators.
    Mark,
    /// `# …` up to the end of the line.
    Comment,
    /// Blanks and line breaks.
    Blank,
    /// What belongs to no other; reported.
    Unknown,
}

impl Kind {
    /// Whether the grammar does not see it.
    #[must_use]
    pub fn is_trivia(self) -> bool {
        match self {
            Self::Comment | Self::Blank | Self::Unknown => true,
            Self::Word
            | Self::Number
            | Self::Raw
            | Self::Escaped
            | Self::Regex
            | Self::Parameter
            | Self::Quoted
            | Self::Mark => false,
        }
    }
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// As written.
    pub text: &'a str,
    /// Where.
    pub span: Span,
    /// Whether it is the first of its line, blanks aside.
    pub leads: bool,
}

/// All tokens of a text; joined they are the text again. What is no token is reported.
pub fn tokens<'a>(
    source: SourceId,
    text: &'a str,
    diagnostics: &mut Diagnostics,
) -> Vec<Token<'a>> {
    let mut found = Vec::new();
    let (mut rest, mut at, mut leads) = (text, 0, true);
    while let Ok((after, (kind, piece))) = token(rest) {
        let span = Span::new(source, at, at + piece.len());
        let token = Token { kind, text: piece, span, leads };
        diagnostics.extend(problem(&token));
        found.push(token);
        leads = kind == Kind::Blank && (leads || piece.contains('\n'));
        at += piece.len();
        rest = after;
    }
    found
}

type Piece<'a> = IResult<&'a str, (Kind, &'a str)>;

fn token(input: &str) -> Piece<'_> {
    let of = |kind: Kind| move |text| (kind, text);
    alt((
        multispace1.map(of(Kind::Blank)),
        recognize(pair(char('#'), not_line_ending)).map(of(Kind::Comment)),
        word.map(of(Kind::Word)),
        number.map(of(Kind::Number)),
        recognize(pair(char('$'), name)).map(of(Kind::Parameter)),
        raw.map(of(Kind::Raw)),
        escaped.map(of(Kind::Escaped)),
        regex.map(of(Kind::Regex)),
        recognize((char('`'), take_while(|c| c != '`' && c != '\n'), opt(char('`'))))
            .map(of(Kind::Quoted)),
        mark.map(of(Kind::Mark)),
        recognize(anychar).map(of(Kind::Unknown)),
    ))
    .parse(input)
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@')
}

/// A name: letters, digits, `_ . - @`; begins with a letter, `_` or `@`.
fn name(input: &str) -> IResult<&str, &str> {
    let first = satisfy(|c| c.is_ascii_alphabetic() || c == '_' || c == '@');
    recognize(pair(first, take_while(in_name))).parse(input)
}

/// A name or a log source: names joined by `/`, with `service:` or `category:` before them.
fn word(input: &str) -> IResult<&str, &str> {
    let label = alt((tag("service:"), tag("category:")));
    let part = || recognize(pair(opt(terminated(label, peek(satisfy(in_name)))), name));
    recognize(pair(part(), many0_count(preceded(char('/'), part2)))).parse(input)
}

/// A later part of a log source.
fn part2(input: &str) -> IResult<&str, &str> {
    let label = alt((tag("service:"), tag("category:")));
    recognize(pair(opt(label), take_while1(in_name))).parse(input)
}

/// Begins with a digit, or a sign and a digit.
fn number(input: &str) -> IResult<&str, &str> {
    let digit = satisfy(|c| c.is_ascii_digit());
    let rest = take_while(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    recognize((opt(char('-')), digit, rest)).parse(input)
}

/// Up to the next `'` of the line; nothing in it has a meaning.
fn raw(input: &str) -> IResult<&str, &str> {
    recognize((char('\''), take_while(|c| c != '\'' && c != '\n'), opt(char('\'')))).parse(input)
}

/// Up to the next `"` of the line that no `\` precedes.
fn escaped(input: &str) -> IResult<&str, &str> {
    delimited_by('"', input)
}

/// Up to the next `/` of the line that no `\` precedes, with the flags behind it.
fn regex(input: &str) -> IResult<&str, &str> {
    let flags = take_while(|c: char| c.is_ascii_alphabetic());
    recognize(pair(|input| delimited_by('/', input), flags)).parse(input)
}

fn delimited_by(mark: char, input: &str) -> IResult<&str, &str> {
    let step = alt((
        value((), pair(char('\\'), satisfy(|c| c != '\n'))),
        value((), satisfy(move |c| c != mark && c != '\n')),
    ));
    recognize((char(mark), many0_count(step), opt(char(mark)))).parse(input)
}

fn mark(input: &str) -> IResult<&str, &str> {
    let two = alt((tag("=="), tag("!="), tag("<="), tag(">=")));
    let one = recognize(satisfy(|c| "=<>()[]{},:|".contains(c)));
    alt((two, one)).parse(input)
}

/// What is wrong with a token by itself.
fn problem(token: &Token<'_>) -> Option<Diagnostic> {
    let text = token.text;
    let syntax = |message: String, help: &str| {
        Some(Diagnostic::new(Code::WeaveSyntax, token.span, message).help(help))
    };
    let closed = |mark: char| text.len() > 1 && text.ends_with(mark);
    if text.len() > LITERAL_BYTES && token.kind != Kind::Blank {
        let message = format!("a literal has more than {} KiB", LITERAL_BYTES >> 10);
        return Some(Diagnostic::new(Code::YamlTooLarge, token.span.head(), message));
    }
    match token.kind {
        Kind::Raw if !closed('\'') => syntax(
            "the text has no closing `'` on its line".to_owned(),
            "close it; a text that holds a `'` or a line break stands in `\"…\"`",
        ),
        Kind::Escaped if !closes_quotes(text, '"') => syntax(
            "the text has no closing `\"` on its line".to_owned(),
            "close it; a line break in it is `\\n`, a backslash `\\\\`",
        ),
        Kind::Regex if !closes_quotes(text.trim_end_matches(|c: char| c != '/'), '/') => syntax(
            "the regular expression has no closing `/` on its line".to_owned(),
            "close it; a `/` in it is written `\\/`",
        ),
        Kind::Quoted if !closed('`') => {
            syntax("the field name has no closing backtick".to_owned(), "close it")
        }
        Kind::Unknown => syntax(
            format!("`{}` has no meaning here", text.escape_debug()),
            "remove it, or put text in quotes",
        ),
        Kind::Raw
        | Kind::Escaped
        | Kind::Regex
        | Kind::Quoted
        | Kind::Word
        | Kind::Number
        | Kind::Parameter
        | Kind::Mark
        | Kind::Comment
        | Kind::Blank => None,
    }
}

/// Whether the last mark is not escaped.
fn closes_quotes(text: &str, mark: char) -> bool {
    let Some(inner) = text.strip_suffix(mark).filter(|inner| !inner.is_empty()) else {
        return false;
    };
    let slashes = inner.chars().rev().take_while(|c| *c == '\\').count();
    slashes % 2 == 0
}

/// The text of a literal token and where its unknown escapes are (byte range in the token).
pub(super) fn decode(token: &Token<'_>) -> (String, Vec<(usize, usize)>) {
    let inner = |mark: char| {
        let open = token.text.strip_prefix(mark).unwrap_or(token.text);
        open.strip_suffix(mark).unwrap_or(open)
    };
    match token.kind {
        Kind::Raw => (inner('\'').to_owned(), Vec::new()),
        Kind::Quoted => (inner('`').to_owned(), Vec::new()),
        Kind::Escaped => unescape(inner('"')),
        Kind::Regex => {
            let (pattern, _) = token.text.rsplit_once('/').unwrap_or((token.text, ""));
            let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
            (unslash(pattern), Vec::new())
        }
        Kind::Word
        | Kind::Number
        | Kind::Parameter
        | Kind::Mark
        | Kind::Comment
        | Kind::Blank
        | Kind::Unknown => (token.text.to_owned(), Vec::new()),
    }
}

/// `\n \t \\ \"`; others are reported by the caller and kept.
fn unescape(text: &str) -> (String, Vec<(usize, usize)>) {
    let (mut out, mut wrong) = (String::new(), Vec::new());
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => out.push('\n'),
            Some((_, 't')) => out.push('\t'),
            Some((_, c @ ('\\' | '"'))) => out.push(c),
            Some((_, c)) => {
                // One for the opening quote.
                wrong.push((at + 1, at + 2 + c.len_utf8()));
                out.push('\\');
                out.push(c);
            }
            None => out.push('\\'),
        }
    }
    (out, wrong)
}

/// A regular expression without the `\` before `/`, which only Weave needs.
fn unslash(pattern: &str) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('/')) => {}
            ('\\', Some(_)) => {
                out.push(c);
                out.extend(chars.next());
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> (Vec<String>, usize) {
        let mut diagnostics = Diagnostics::default();
        let found = tokens(SourceId::default(), text, &mut diagnostics);
        assert_eq!(found.iter().map(|token| token.text).collect::<String>(), text);
        let shown = found.iter().filter(|token| token.kind != Kind::Blank);
        (shown.map(|token| format!("{:?} {}", token.kind, token.text)).collect(), diagnostics.len())
    }

    #[test]
    fn texts_fall_into_tokens() {
        let cases: [(&str, &[&str]); 10] = [
            ("a.b-c = 24h", &["Word a.b-c", "Mark =", "Number 24h"]),
            ("windows/service:security", &["Word windows/service:security"]),
            ("category:proxy meta:", &["Word category:proxy", "Word meta", "Mark :"]),
            (r"'C:\a\' 'b'", &[r"Raw 'C:\a\'", "Raw 'b'"]),
            (r#""a\"b" "\\""#, &[r#"Escaped "a\"b""#, r#"Escaped "\\""#]),
            (r"/a\/b/i,", &[r"Regex /a\/b/i", "Mark ,"]),
            ("a>=-5 # b\n$c", &["Word a", "Mark >=", "Number -5", "Comment # b", "Parameter $c"]),
            ("`a b`(", &["Quoted `a b`", "Mark ("]),
            (
                "score(a: 40|b: 20)",
                &[
                    "Word score",
                    "Mark (",
                    "Word a",
                    "Mark :",
                    "Number 40",
                    "Mark |",
                    "Word b",
                    "Mark :",
                    "Number 20",
                    "Mark )",
                ],
            ),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(kinds(text), (expected.iter().map(|s| (*s).to_owned()).collect(), 0));
        }
    }

    #[test]
    fn what_is_not_closed_ends_at_its_line() {
        for text in ["'a\nb", "\"a\\\"\nb", "/a\nb", "`a\nb", "\u{1f}", ";", "\"a\\", "'", "/"] {
            assert_eq!(kinds(text).1, 1, "{text:?}");
        }
    }

    #[test]
    fn literals_mean_what_they_say() {
        let cases = [
            (r"'a\n'", r"a\n", 0),
            (r#""a\n\t\\\"""#, "a\n\t\\\"", 0),
            (r#""\x""#, r"\x", 1),
            (r"/a\/b\\c\d/is", r"a/b\\c\d", 0),
        ];
        for (text, expected, wrong) in cases {
            let found = tokens(SourceId::default(), text, &mut Diagnostics::default());
            let (decoded, problems) = decode(&found[0]);
            assert_eq!((decoded.as_str(), problems.len()), (expected, wrong), "{text}");
        }
    }
}
