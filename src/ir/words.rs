//! Predicates and conditions in words: as Weave would write them, for people who read a plan.
//!
//! `All([Test(Image, EndsWith("\a.exe")), Not(…)])` → `Image endswith '\a.exe' and not …`. Long
//! lists end in `… 92 more`, so this is for reading only.

use std::fmt::{self, Display};

use super::{
    Aggregate, Anchor, Class, Cmp, Cond, FieldRef, Op, Part, PatternId, Predicate, Regex, Step,
    Test, TextCmp, TextTest, TimePart, Transform,
};

/// Values of a list that are shown.
const MOST_VALUES: usize = 12;

/// What a test is about, by its name.
pub trait Named {
    /// The name.
    fn name(&self) -> &str;
}

impl Named for FieldRef {
    fn name(&self) -> &str {
        &self.name
    }
}

impl<F: Named> Display for Predicate<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&predicate(self, Within::Nothing))
    }
}

impl<F: Named> Display for Test<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&format!("{} {}", subject(self), test(&self.op)))
    }
}

/// The predicate, a line for each of the parts that must all hold.
#[must_use]
pub fn lines<F: Named>(whole: &Predicate<F>) -> Vec<String> {
    let Predicate::All(parts) = whole else { return vec![whole.to_string()] };
    if parts.is_empty() {
        return vec![whole.to_string()];
    }
    let line = |(at, part): (usize, &Predicate<F>)| {
        let and = if at == 0 { "" } else { "and " };
        format!("{and}{}", predicate(part, Within::All))
    };
    parts.iter().enumerate().map(line).collect()
}

/// What surrounds a predicate or a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Any,
    All,
    Not,
}

/// In parentheses where `or` inside `and`, or anything inside `not`, would be misread.
fn wrapped(text: String, inside: Within, of: Within) -> String {
    let needed = match (inside, of) {
        (Within::Any, Within::All) | (Within::Any | Within::All, Within::Not) => true,
        (Within::Nothing | Within::Not | Within::All | Within::Any, _) => false,
    };
    if needed { format!("({text})") } else { text }
}

fn predicate<F: Named>(whole: &Predicate<F>, of: Within) -> String {
    match whole {
        Predicate::All(parts) if parts.is_empty() => "always".to_owned(),
        Predicate::Any(parts) if parts.is_empty() => "never".to_owned(),
        Predicate::All(parts) => list(parts, Within::All, of),
        Predicate::Any(parts) => list(parts, Within::Any, of),
        Predicate::Not(inner) => format!("not {}", predicate(inner, Within::Not)),
        Predicate::Test(test) => test.to_string(),
        Predicate::Keyword(text) => {
            let (operator, value) = text_test(text);
            format!("any field {operator} {value}")
        }
        Predicate::KeywordRegex(expression) => format!("any field matches {}", regex(expression)),
    }
}

/// Parts with `and` or `or` between them; neighbours that only differ in their value are a list.
fn list<F: Named>(parts: &[Predicate<F>], inside: Within, of: Within) -> String {
    let (word, all) = match inside {
        Within::Any => (" or ", " any "),
        Within::All | Within::Nothing | Within::Not => (" and ", " all "),
    };
    let mut said = Vec::new();
    for alike in parts.chunk_by(|one, other| kind(one).is_some() && kind(one) == kind(other)) {
        match alike {
            [part] => said.push(predicate(part, inside)),
            alike => said.extend(grouped(alike, all)),
        }
    }
    match said.len() {
        1 => said.concat(),
        _ => wrapped(said.join(word), inside, of),
    }
}

/// Field and operator of a test that has a value.
fn kind<F: Named>(part: &Predicate<F>) -> Option<(&str, String)> {
    let Predicate::Test(test) = part else { return None };
    let (operator, _) = operator(&test.op)?;
    Some((test.field.name(), operator))
}

/// Tests of one field by one operator as a list: `Image endswith any ('\a.exe', '\b.exe')`.
fn grouped<F: Named>(parts: &[Predicate<F>], word: &str) -> Option<String> {
    let (field, operator) = kind(parts.first()?)?;
    let value = |part: &Predicate<F>| match part {
        Predicate::Test(test) => self::operator(&test.op).map(|(_, value)| value),
        Predicate::All(_)
        | Predicate::Any(_)
        | Predicate::Not(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => None,
    };
    let values: Vec<String> = parts.iter().filter_map(value).collect();
    let joined = shown(&values);
    Some(match operator == "==" && word == " any " {
        true => format!("{field} in ({joined})"),
        false => format!("{field} {operator}{word}({joined})"),
    })
}

/// The first values, and how many there are beyond.
#[must_use]
pub fn shown(values: &[String]) -> String {
    let mut shown: Vec<String> = values.iter().take(MOST_VALUES).cloned().collect();
    if let Some(more) = values.len().checked_sub(MOST_VALUES).filter(|more| *more > 0) {
        shown.push(format!("… {more} more"));
    }
    shown.join(", ")
}

/// The operator and the value of a test that has one value.
#[must_use]
pub fn operator<F>(op: &Op<F>) -> Option<(String, String)> {
    Some(match op {
        Op::Text { test, cased } => {
            let (operator, value) = text_test(test);
            let cased = if *cased { "cased " } else { "" };
            (format!("{cased}{operator}"), value)
        }
        Op::Number { cmp, value } => (comparison(*cmp).to_owned(), value.to_string()),
        Op::Cidr(net) => ("cidr".to_owned(), net.to_string()),
        Op::Regex(expression) => ("matches".to_owned(), regex(expression)),
        Op::TimePart { .. }
        | Op::Boolean(_)
        | Op::Exists
        | Op::Null
        | Op::Field { .. }
        | Op::Listed { .. } => return None,
    })
}

/// The field, or the part of its time that is tested.
fn subject<F: Named>(test: &Test<F>) -> String {
    match &test.op {
        Op::TimePart { part, .. } => format!("{}({})", time_part(*part), test.field.name()),
        Op::Text { .. }
        | Op::Number { .. }
        | Op::Boolean(_)
        | Op::Regex(_)
        | Op::Cidr(_)
        | Op::Exists
        | Op::Null
        | Op::Listed { .. }
        | Op::Field { .. } => test.field.name().to_owned(),
    }
}

/// What is tested, without the field: `endswith '\a.exe'`.
#[must_use]
pub fn test<F: Named>(op: &Op<F>) -> String {
    if let Some((operator, value)) = operator(op) {
        return format!("{operator} {value}");
    }
    match op {
        Op::Boolean(value) => format!("== {value}"),
        Op::Exists => "exists".to_owned(),
        Op::Null => "is null".to_owned(),
        Op::Field { cmp, other, cased } => {
            let cased = if *cased { "cased " } else { "" };
            format!("{cased}{} {}", text_comparison(*cmp), other.name())
        }
        Op::Listed { list, cased } => {
            let cased = if *cased { "cased " } else { "" };
            format!("{cased}in the list `{}`", list.name)
        }
        Op::TimePart { cmp, value, .. } => format!("{} {value}", comparison(*cmp)),
        Op::Text { .. } | Op::Number { .. } | Op::Regex(_) | Op::Cidr(_) => String::new(),
    }
}

fn text_test(test: &TextTest) -> (&'static str, String) {
    match test {
        TextTest::Equals(text) => ("==", quoted(text)),
        TextTest::StartsWith(text) => ("startswith", quoted(text)),
        TextTest::EndsWith(text) => ("endswith", quoted(text)),
        TextTest::Contains(text) => ("contains", quoted(text)),
        TextTest::Like(parts) => {
            let part = |part: &Part| match part {
                Part::Literal(text) => text.replace('*', "\\*").replace('?', "\\?"),
                Part::Any => "*".to_owned(),
                Part::One => "?".to_owned(),
            };
            ("like", quoted(&parts.iter().map(part).collect::<String>()))
        }
    }
}

/// A text in quotes on one line.
#[must_use]
pub fn quoted(text: &str) -> String {
    if !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    format!("{text:?}")
}

fn regex(expression: &Regex) -> String {
    let flags =
        [(expression.ignore_case, 'i'), (expression.multiline, 'm'), (expression.dotall, 's')];
    let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
    format!("/{}/{flags}", expression.pattern)
}

/// `>=`
#[must_use]
pub fn comparison(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Eq => "==",
        Cmp::Neq => "!=",
        Cmp::Lt => "<",
        Cmp::Lte => "<=",
        Cmp::Gt => ">",
        Cmp::Gte => ">=",
    }
}

fn text_comparison(cmp: TextCmp) -> &'static str {
    match cmp {
        TextCmp::Equals => "==",
        TextCmp::StartsWith => "startswith",
        TextCmp::EndsWith => "endswith",
        TextCmp::Contains => "contains",
    }
}

fn time_part(part: TimePart) -> &'static str {
    match part {
        TimePart::Minute => "minute",
        TimePart::Hour => "hour",
        TimePart::Day => "day",
        TimePart::Week => "week",
        TimePart::Month => "month",
        TimePart::Year => "year",
    }
}

/// What is done to a key, as a function; none where nothing is.
#[must_use]
pub fn transform(transform: Transform) -> Option<&'static str> {
    Some(match transform {
        Transform::None => return None,
        Transform::Lower => "lower",
        Transform::Basename => "basename",
        Transform::Dirname => "dirname",
        Transform::Unquote => "unquote",
        Transform::Hex40 => "hex40",
        Transform::Hostname => "hostname",
    })
}

/// A length of time by its largest exact unit: `90s`, `1h`, `2d`.
#[must_use]
pub fn span(milliseconds: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let fits =
        |(length, _): &&(u64, &str)| milliseconds > 0 && milliseconds.is_multiple_of(*length);
    let (length, unit) = units.iter().find(fits).unwrap_or(&(1, "ms"));
    format!("{}{unit}", milliseconds / length)
}

/// A condition over events with these names.
#[must_use]
pub fn condition(whole: &Cond, name: &dyn Fn(PatternId) -> String) -> String {
    cond(whole, name, Within::Nothing)
}

fn cond(whole: &Cond, name: &dyn Fn(PatternId) -> String, of: Within) -> String {
    let each = |parts: &[Cond], inside: Within, word: &str| {
        let parts: Vec<String> = parts.iter().map(|part| cond(part, name, inside)).collect();
        parts.join(word)
    };
    match whole {
        Cond::Seen(pattern) => name(*pattern),
        Cond::Count { of, cmp, value } => {
            let of: Vec<String> = of.iter().map(|pattern| name(*pattern)).collect();
            format!("count({}) {} {value}", of.join(", "), comparison(*cmp))
        }
        Cond::Aggregate { function, of, cmp, value } => {
            format!("{} {} {value}", aggregate(*function, of, name), comparison(*cmp))
        }
        Cond::Chain(steps) => chain(steps, name),
        Cond::Absent { pattern, span: length, anchor, of } => {
            let of = of.map(|of| format!(" {}", name(of))).unwrap_or_default();
            let side = match anchor {
                Anchor::Before => "before",
                Anchor::After => "after",
                Anchor::Around => "around",
            };
            format!("not {} within {} {side}{of}", name(*pattern), span(*length))
        }
        Cond::Score { classes, threshold } => score(classes, *threshold, name),
        Cond::AtLeast(least, parts) => {
            format!("{least} of ({})", each(parts, Within::Nothing, ", "))
        }
        Cond::All(parts) => {
            let inside = if parts.len() > 1 { Within::All } else { of };
            wrapped(each(parts, inside, " and "), inside, of)
        }
        Cond::Any(parts) => {
            let inside = if parts.len() > 1 { Within::Any } else { of };
            wrapped(each(parts, inside, " or "), inside, of)
        }
        Cond::Not(inner) if matches!(**inner, Cond::Chain(_)) => {
            format!("not ({})", cond(inner, name, Within::Nothing))
        }
        Cond::Not(inner) => format!("not {}", cond(inner, name, Within::Not)),
    }
}

fn aggregate(
    function: Aggregate,
    of: &[(PatternId, Vec<FieldRef>)],
    name: &dyn Fn(PatternId) -> String,
) -> String {
    let field = |(pattern, fields): &(PatternId, Vec<FieldRef>)| -> Vec<String> {
        fields.iter().map(|field| format!("{}.{}", name(*pattern), field.name)).collect()
    };
    let mut arguments: Vec<String> = of.iter().flat_map(field).collect();
    let function = match function {
        Aggregate::Distinct => "distinct",
        Aggregate::Sum => "sum",
        Aggregate::Avg => "avg",
        Aggregate::Min => "min",
        Aggregate::Max => "max",
        Aggregate::Percentile(rank) => {
            arguments.push(rank.to_string());
            "percentile"
        }
    };
    format!("{function}({})", arguments.join(", "))
}

fn chain(steps: &[Step], name: &dyn Fn(PatternId) -> String) -> String {
    let step = |(at, step): (usize, &Step)| {
        let without: String =
            step.without.iter().map(|absent| format!(" then not {}", name(*absent))).collect();
        let then = if at == 0 { "" } else { " then " };
        let within = step.within.map(|length| format!(" within {}", span(length)));
        format!("{without}{then}{}{}", name(step.pattern), within.unwrap_or_default())
    };
    steps.iter().enumerate().map(step).collect()
}

fn score(classes: &[Class], threshold: f64, name: &dyn Fn(PatternId) -> String) -> String {
    let class = |class: &Class| {
        let weights = class.weights.iter();
        let weights = weights.map(|(pattern, weight)| format!("{}: {weight}", name(*pattern)));
        weights.collect::<Vec<_>>().join(" | ")
    };
    let classes: Vec<String> = classes.iter().map(class).collect();
    format!("score({}) >= {threshold}", classes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;
    use crate::taxonomy::Type;

    fn text(name: &str, test: TextTest) -> Predicate {
        let field = FieldRef { name: name.to_owned(), ty: Type::Text };
        Predicate::Test(Test { field, op: Op::Text { test, cased: false }, span: Span::default() })
    }

    #[test]
    fn predicates_read_like_weave() {
        let ends = |value: &str| text("Image", TextTest::EndsWith(value.to_owned()));
        let either = Predicate::any([ends(r"\a.exe"), text("User", TextTest::Equals("x".into()))]);
        let list = Predicate::any([ends(r"\a.exe"), ends(r"\b.exe")]);
        let whole = Predicate::all([list, either.clone().negate(), either]);
        let lines = lines(&whole);
        assert_eq!(lines[0], r"Image endswith any ('\a.exe', '\b.exe')");
        assert_eq!(lines[1], r"and not (Image endswith '\a.exe' or User == 'x')");
        assert_eq!(lines[2], r"and (Image endswith '\a.exe' or User == 'x')");
        assert_eq!(whole.to_string(), lines.join(" "));
    }

    #[test]
    fn lists_are_cut_and_quotes_are_kept() {
        let values = (0..20).map(|at| text("User", TextTest::Equals(at.to_string())));
        assert!(Predicate::any(values).to_string().ends_with("'11', … 8 more)"));
        let odd = text("User", TextTest::Contains("it's\n".into()));
        assert_eq!(odd.to_string(), r#"User contains "it's\n""#);
    }

    #[test]
    fn conditions_read_like_weave() {
        let name = |pattern: PatternId| ["a", "b", "x"][pattern.0].to_owned();
        let seen = |pattern| Cond::Seen(PatternId(pattern));
        let steps = vec![
            Step { pattern: PatternId(0), within: None, without: vec![] },
            Step { pattern: PatternId(1), within: Some(300_000), without: vec![PatternId(2)] },
        ];
        let either = Cond::Any(vec![seen(0), Cond::Not(Box::new(seen(1)))]);
        let whole = Cond::All(vec![Cond::Chain(steps), either]);
        let said = "a then not x then b within 5m and (a or not b)";
        assert_eq!(condition(&whole, &name), said);
        let count = Cond::Count { of: vec![PatternId(0), PatternId(1)], cmp: Cmp::Gte, value: 10 };
        assert_eq!(
            condition(&Cond::AtLeast(1, vec![count, seen(2)]), &name),
            "1 of (count(a, b) >= 10, x)"
        );
        assert_eq!([span(90_000), span(86_400_000), span(1_500)], ["90s", "1d", "1500ms"]);
    }
}
