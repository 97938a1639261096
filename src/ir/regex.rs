//! `\d`, `\w`, `\s` and `\b` of a rule mean ASCII, as they do in the languages of the targets; in Rust's
//! `regex` they would mean Unicode. This spells them out.
//!
//! `^\w+\.[\d-]\b` → `^[0-9A-Za-z_]+\.[0-9-](?-u:\b)`.

use std::convert::Infallible;

use regex_syntax::ast::{self, Ast, ClassPerl, ClassPerlKind, ClassSetItem};

use super::Regex;

impl Regex {
    /// The pattern with its classes and word boundaries spelt out as those of ASCII, for readers
    /// that take them for Unicode ones. What does not parse stays as it is.
    #[must_use]
    pub fn ascii(&self) -> String {
        let parsed =
            self.pattern.contains('\\').then(|| ast::parse::Parser::new().parse(&self.pattern));
        let Some(Ok(parsed)) = parsed else { return self.pattern.clone() };
        let Ok(edits) = ast::visit(&parsed, Edits::default());
        spliced(&self.pattern, &edits).unwrap_or_else(|| self.pattern.clone())
    }
}

/// What stands where instead: first byte, one past the last byte, text.
type Edit = (usize, usize, &'static str);

#[derive(Default)]
struct Edits {
    found: Vec<Edit>,
}

impl ast::Visitor for Edits {
    type Output = Vec<Edit>;
    type Err = Infallible;

    fn finish(mut self) -> Result<Vec<Edit>, Infallible> {
        self.found.sort_unstable();
        Ok(self.found)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Infallible> {
        let edit = match ast {
            Ast::ClassPerl(class) => Some((class.span, alone(class))),
            Ast::Assertion(assertion) => match assertion.kind {
                ast::AssertionKind::WordBoundary => Some((assertion.span, r"(?-u:\b)")),
                ast::AssertionKind::NotWordBoundary => Some((assertion.span, r"(?-u:\B)")),
                ast::AssertionKind::WordBoundaryStart
                | ast::AssertionKind::WordBoundaryEnd
                | ast::AssertionKind::WordBoundaryStartAngle
                | ast::AssertionKind::WordBoundaryEndAngle
                | ast::AssertionKind::WordBoundaryStartHalf
                | ast::AssertionKind::WordBoundaryEndHalf
                | ast::AssertionKind::StartLine
                | ast::AssertionKind::EndLine
                | ast::AssertionKind::StartText
                | ast::AssertionKind::EndText => None,
            },
            Ast::Empty(_)
            | Ast::Flags(_)
            | Ast::Literal(_)
            | Ast::Dot(_)
            | Ast::ClassUnicode(_)
            | Ast::ClassBracketed(_)
            | Ast::Repetition(_)
            | Ast::Group(_)
            | Ast::Alternation(_)
            | Ast::Concat(_) => None,
        };
        self.found.extend(edit.map(|(span, text)| (span.start.offset, span.end.offset, text)));
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Infallible> {
        if let ClassSetItem::Perl(class) = item {
            self.found.push((class.span.start.offset, class.span.end.offset, inside(class)));
        }
        Ok(())
    }
}

/// A class by itself.
fn alone(class: &ClassPerl) -> &'static str {
    match (&class.kind, class.negated) {
        (ClassPerlKind::Digit, false) => "[0-9]",
        (ClassPerlKind::Digit, true) => "[^0-9]",
        (ClassPerlKind::Space, false) => "[[:space:]]",
        (ClassPerlKind::Space, true) => "[[:^space:]]",
        (ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
        (ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
    }
}

/// A class among the items of another.
fn inside(class: &ClassPerl) -> &'static str {
    match (&class.kind, class.negated) {
        (ClassPerlKind::Digit, false) => "0-9",
        (ClassPerlKind::Space, false) => "[:space:]",
        (ClassPerlKind::Word, false) => "0-9A-Za-z_",
        (ClassPerlKind::Digit | ClassPerlKind::Space | ClassPerlKind::Word, true) => alone(class),
    }
}

fn spliced(pattern: &str, edits: &[Edit]) -> Option<String> {
    let (mut out, mut done) = (String::with_capacity(pattern.len()), 0);
    for (start, end, text) in edits {
        out.push_str(pattern.get(done..*start)?);
        out.push_str(text);
        done = *end;
    }
    out.push_str(pattern.get(done..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascii(pattern: &str) -> String {
        let pattern = pattern.to_owned();
        Regex { pattern, ignore_case: false, multiline: false, dotall: false }.ascii()
    }

    #[test]
    fn classes_are_spelt_out_and_all_else_stays() {
        let cases = [
            (r"^\w+\.[\d-]\b", r"^[0-9A-Za-z_]+\.[0-9-](?-u:\b)"),
            (r"é\D[^\W\s]", "é[^0-9][^[^0-9A-Za-z_][:space:]]"),
            (r"\\d\\\d", r"\\d\\[0-9]"),
            (r"a\B(\S)", r"a(?-u:\B)([[:^space:]])"),
            (r"[\d&&[^5]]", r"[0-9&&[^5]]"),
            ("no class", "no class"),
            (r"\d(", r"\d("),
        ];
        for (pattern, spelt) in cases {
            assert_eq!(ascii(pattern), spelt);
        }
    }

    #[test]
    fn spelt_out_patterns_compile_and_are_those_of_ascii() {
        let matches =
            |pattern: &str, text: &str| regex::Regex::new(&ascii(pattern)).unwrap().is_match(text);
        assert!(matches(r"^\w$", "a") && !matches(r"^\w$", "é"));
        assert!(matches(r"^[\W]$", "é") && !matches(r"^\d$", "٣"));
        assert!(matches(r"é\ba", "éa") && matches(r"a\Bb", "ab") && !matches(r"a\Bé", "aé"));
        assert!(matches(r"^\s$", "\u{b}") && !matches(r"^\s$", "\u{a0}"));
    }
}
