//! What a template of the user's may hold: text, `{{ value }}`, `for`, `if` and comments; of the
//! variables those that the shipped template reads, and of a query's skeleton all of them.
//!
//! `{{ querry }}` in `kql/sentinel.yml.j2` → E0704 at that word, with the nearest name.
//!
//! What is left out of minijinja's language is what could take long or grow: assignments, recursive
//! loops, macros, arithmetic. So a template is bounded by its own length, its loops and what it is
//! given.

use std::collections::BTreeSet;

use minijinja::Error;

use super::{Template, environment};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceId, Span};

/// The longest template, in bytes.
const MOST_BYTES: usize = 256 * 1024;

/// Tags that a template may hold.
const TAGS: [&str; 6] = ["for", "endfor", "if", "elif", "else", "endif"];

/// Which variables of the shipped template one of the user's has to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// All: each says a part of what a query means.
    All,
    /// The query: of the rest an artifact says what its product requires, which is looked for in its
    /// output.
    Query,
}

impl Needs {
    fn holds(self, variable: &str) -> bool {
        match self {
            Self::All => true,
            Self::Query => matches!(variable, "query" | "search"),
        }
    }
}

/// What is wrong with a text that is to replace the template.
///
/// # Errors
/// E0704 for variables, E0721 for what is no template, E0722 for one that is too long.
pub fn check(
    template: &Template,
    needs: Needs,
    source: SourceId,
    text: &str,
) -> Result<(), Vec<Diagnostic>> {
    let whole = Span::new(source, 0, 0);
    let name = template.name;
    if text.len() > MOST_BYTES {
        let message = format!("the template `{name}` is longer than {} KiB", MOST_BYTES >> 10);
        return Err(vec![Diagnostic::new(Code::TemplateLimit, whole, message)]);
    }
    let words = words(source, text).map_err(|problem| vec![problem])?;
    let read = variables(name, text).map_err(|error| {
        let problem = error.detail().unwrap_or("it cannot be read").to_owned();
        let message = format!("`{name}` is no template: {problem}");
        vec![Diagnostic::new(Code::TemplateSyntax, place(source, text, &error), message)]
    })?;
    let shipped = variables(name, template.text).unwrap_or_default();
    let own_parts = parts(text, &words);
    let shipped_words = self::words(source, template.text).unwrap_or_default();
    let shipped_parts = parts(template.text, &shipped_words);
    let unknown = read.difference(&shipped).map(|variable| {
        let word = words.iter().find(|(word, _)| word == variable);
        let message = format!("`{name}` is not given a variable `{variable}`");
        let known = shipped.iter().map(String::as_str);
        let found =
            Diagnostic::new(Code::TemplateContract, word.map_or(whole, |one| one.1), message);
        let all: Vec<&str> = known.clone().collect();
        let found = found.help(format!("there are: {}", all.join(", ")));
        found.nearest(variable, known)
    });
    let missing = shipped.difference(&read).filter(|variable| needs.holds(variable));
    let left_out = shipped_parts.difference(&own_parts).filter(|_| needs == Needs::All);
    let missing = missing.chain(left_out);
    let missing = missing.map(|variable| {
        let message = format!("the template `{name}` does not read `{variable}`");
        let found = Diagnostic::new(Code::TemplateContract, whole, message);
        found.help(match needs {
            Needs::All => {
                "each value says a part of what the query means; if this one is left out on \
                 purpose, read it in an `{% if … %}{% endif %}` that prints nothing"
            }
            Needs::Query => "an artifact without its query finds nothing",
        })
    });
    let found: Vec<Diagnostic> = unknown.chain(missing).collect();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The parts of values that a template asks for, such as `stages` of `source.stages`.
fn parts(text: &str, words: &[(String, Span)]) -> BTreeSet<String> {
    let part = |pair: &[(String, Span)]| match pair {
        [(owner, at), (part, then)] => {
            let between = text.get(at.range().end..then.range().start);
            (between == Some(".") && owner != "loop").then(|| part.clone())
        }
        _ => None,
    };
    words.windows(2).filter_map(part).collect()
}

/// The place of an error in a template, else of its line.
pub(super) fn place(source: SourceId, text: &str, error: &Error) -> Span {
    let range = error.range().filter(|range| range.end > range.start && range.end <= text.len());
    if let Some(range) = range {
        return Span::new(source, range.start, range.end);
    }
    let lines = text.split_inclusive('\n').take(error.line().unwrap_or(1).saturating_sub(1));
    let start = lines.map(str::len).sum();
    Span::new(source, start, start)
}

/// The variables that a template reads.
fn variables(name: &str, text: &str) -> Result<BTreeSet<String>, Error> {
    let mut environment = environment()?;
    environment.set_debug(true);
    environment.add_template(name, text)?;
    Ok(environment.get_template(name)?.undeclared_variables(false).into_iter().collect())
}

/// The names in the tags of a template, with their places; E0721 for what a tag may not hold.
fn words(source: SourceId, text: &str) -> Result<Vec<(String, Span)>, Diagnostic> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some((start, tag)) = next_tag(text, at) {
        let Some(inside) = text.get(start + 2..) else { break };
        if tag == Tag::Comment {
            at = inside.find("#}").map_or(text.len(), |end| start + 2 + end + 2);
            continue;
        }
        let (found, end) = tag_words(source, inside, start + 2)?;
        if let (Tag::Block, Some((first, span))) = (tag, found.first())
            && !TAGS.contains(&first.as_str())
        {
            let message = format!("a template holds no tag `{first}`");
            let help = "there are `for` and `if`, `{{ value }}` and `{# comment #}`";
            return Err(Diagnostic::new(Code::TemplateSyntax, *span, message).help(help));
        }
        words.extend(found);
        at = end;
    }
    Ok(words)
}

/// What begins with a brace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    Block,
    Print,
    Comment,
}

/// The first tag at or after a place.
fn next_tag(text: &str, from: usize) -> Option<(usize, Tag)> {
    let rest = text.get(from..)?.as_bytes();
    let tag = |pair: &[u8]| match pair {
        b"{%" => Some(Tag::Block),
        b"{{" => Some(Tag::Print),
        b"{#" => Some(Tag::Comment),
        _ => None,
    };
    rest.windows(2).enumerate().find_map(|(at, pair)| Some((from + at, tag(pair)?)))
}

/// The words up to the end of a tag whose inside begins at `start`, and the place after it.
fn tag_words(
    source: SourceId,
    inside: &str,
    start: usize,
) -> Result<(Vec<(String, Span)>, usize), Diagnostic> {
    let mut words: Vec<(String, Span)> = Vec::new();
    let mut chars = inside.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let here = Span::new(source, start + at, start + at + c.len_utf8());
        match c {
            '%' | '}' if chars.peek().is_some_and(|(_, next)| *next == '}') => {
                return Ok((words, start + at + 2));
            }
            '"' | '\'' => {
                while let Some((_, inner)) = chars.next() {
                    match inner {
                        '\\' => drop(chars.next()),
                        inner if inner == c => break,
                        _ => {}
                    }
                }
            }
            '~' | '*' | '+' | '/' | '|' | '{' | '}' => {
                let message = format!("a template does not compute: `{c}` has no place in a tag");
                let help = "values are printed as they come; they are put together in the text";
                return Err(Diagnostic::new(Code::TemplateSyntax, here, message).help(help));
            }
            c if c.is_alphanumeric() || c == '_' => {
                let rest = inside.get(at..).unwrap_or_default();
                let word = |c: char| c.is_alphanumeric() || c == '_';
                let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
                let name = rest.get(..length).unwrap_or_default().to_owned();
                let span = Span::new(source, start + at, start + at + length);
                if name == "recursive" {
                    let message = "a loop does not call itself";
                    return Err(Diagnostic::new(Code::TemplateSyntax, span, message));
                }
                words.push((name, span));
                while chars.peek().is_some_and(|(_, next)| word(*next)) {
                    chars.next();
                }
            }
            _ => {}
        }
    }
    Ok((words, start + inside.len()))
}
