//! A predicate over fields, pushed through a platform's mappings to its columns.
//!
//! A test on a plain column stays a test on it. A test on a constant is decided. A test on a choice
//! becomes the cases that satisfy it. A test on a respelt value is pulled through the respelling where
//! that is exact (`respell`). Everything else is computed first, as a [`Let`], in the form
//! that the rule's author knows, so that every operator means what it means in the rule.
//!
//! `TargetObject endswith '\Dll'` on `defender-xdr` → let `TargetObject` = key + `\` + value name,
//! respelt; then the same test on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{FieldRef, Op, Predicate, Test, TextTest};
use crate::platform::{Column, ColumnType, Condition, Place, Platform, Resolved, Scalar, Source};
use crate::source::Span;

use super::undo::{Undone, undo};
use super::{Leg, Let, condition, constant, digests, listed, respell};

/// The columns of one leg in the making.
pub(super) struct Columns<'a> {
    platform: &'a Platform,
    /// Computed so far.
    pub(super) lets: Vec<Let>,
    /// Names that a computed column must not take.
    taken: BTreeSet<String>,
    /// What other legs compute.
    others: Vec<Let>,
}

/// A place of a log source.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    /// The log source.
    pub(super) logsource: &'a str,
    /// The place, and what its fields are.
    pub(super) source: &'a Source,
}

impl<'a> Columns<'a> {
    /// None yet.
    pub(super) fn new(platform: &'a Platform) -> Self {
        Self { platform, lets: Vec::new(), taken: BTreeSet::new(), others: Vec::new() }
    }

    /// None yet, at a place whose clock and identity no computed column may hide.
    pub(super) fn of(platform: &'a Platform, place: &Place) -> Self {
        let identity = place.identity.iter().chain([&place.time]);
        let taken = identity.map(|column| column.name.clone()).collect();
        Self { taken, ..Self::new(platform) }
    }

    /// The same, with names apart from those by which other legs of the table mean another value.
    pub(super) fn beside(self, legs: &[Leg], place: &Place) -> Self {
        let others = legs.iter().filter(|leg| leg.place.table == place.table);
        Self { others: others.flat_map(|leg| leg.lets.clone()).collect(), ..self }
    }

    /// The predicate over columns.
    pub(super) fn push(
        &mut self,
        predicate: &Predicate,
        at: At<'_>,
        found: &mut Vec<Diagnostic>,
    ) -> Predicate<Column> {
        match predicate {
            Predicate::All(parts) => Predicate::all(
                parts.iter().map(|part| self.push(part, at, found)).collect::<Vec<_>>(),
            ),
            Predicate::Any(parts) => Predicate::any(
                parts.iter().map(|part| self.push(part, at, found)).collect::<Vec<_>>(),
            ),
            Predicate::Not(inner) => self.push(inner, at, found).negate(),
            Predicate::Test(test) => match self.push_test(test, at) {
                Ok(pushed) => pushed,
                Err(diagnostic) => {
                    add_new(*diagnostic, found);
                    Predicate::always()
                }
            },
            Predicate::Keyword(text) => Predicate::Keyword(text.clone()),
            Predicate::KeywordRegex(regex) => Predicate::KeywordRegex(regex.clone()),
        }
    }

    /// The column that holds a field's value, computed if need be.
    pub(super) fn column(
        &mut self,
        field: &FieldRef,
        span: Span,
        at: At<'_>,
    ) -> Result<Column, Box<Diagnostic>> {
        let resolved = self.resolve(field, span, at)?;
        Ok(self.column_of(&field.name, &resolved.value))
    }

    /// What the field is here.
    pub(super) fn resolve<'s>(
        &self,
        field: &FieldRef,
        span: Span,
        at: At<'s>,
    ) -> Result<&'s Resolved, Box<Diagnostic>> {
        let platform = self.platform;
        at.source.fields.get(&field.name).ok_or_else(|| {
            let message =
                format!("`{}` has no column for the field `{}`", platform.name, field.name);
            let entry = platform.entry(at.logsource);
            Box::new(
                Diagnostic::new(Code::FieldNotHeld, span, message)
                    .label(entry, "what the log source is there")
                    .at(format!("not held for {}", at.logsource))
                    .help(
                        "leave the test out on this platform, or map the field in an overlay if \
                         your data has it",
                    ),
            )
        })
    }

    fn push_test(&mut self, test: &Test, at: At<'_>) -> Result<Predicate<Column>, Box<Diagnostic>> {
        if let Some(entries) = listed::entries(test, self.platform)? {
            let each = entries.iter().map(|entry| self.push_test(entry, at));
            return Ok(Predicate::any(each.collect::<Result<Vec<_>, _>>()?));
        }
        let resolved = self.resolve(&test.field, test.span, at)?;
        refuse_lacking(test, resolved, self.platform)?;
        if let Some(tests) = digests::decode(&test.op, resolved) {
            return self.push_any(tests, test.span, at);
        }
        let plain = self.push_value(test, &resolved.value, at)?;
        if resolved.null_values.is_empty() {
            return Ok(plain);
        }
        let nulls = resolved.null_values.iter().map(|text| {
            let op = Op::Text { test: TextTest::Equals(text.clone()), cased: false };
            let field = test.field.clone();
            self.push_value(&Test { field, op, span: test.span }, &resolved.value, at)
        });
        let nulls = nulls.collect::<Result<_, _>>()?;
        Ok(guard_nulls(plain, &test.op, resolved, nulls))
    }

    /// The test on what the value is made of.
    fn push_value(
        &mut self,
        test: &Test,
        value: &Scalar,
        at: At<'_>,
    ) -> Result<Predicate<Column>, Box<Diagnostic>> {
        if let Scalar::Constant(text) = value
            && let Some(holds) = constant::holds(&test.op, text)
        {
            return Ok(decided(holds));
        }
        if let Scalar::Case(cases) = value
            && cases.iter().all(|(_, value)| is_direct(value, &test.op))
        {
            return self.push_case(cases, test, at);
        }
        if let Scalar::Rewrite(inner, rewrites) = value
            && let Some(pulled) = respell::pull(test, rewrites)
        {
            return self.push_pulled(&pulled, inner, at);
        }
        match undo(&test.op, value) {
            Some(Undone::Always) => return Ok(decided(true)),
            Some(Undone::Any(tests)) => return self.push_any(tests, test.span, at),
            None => {}
        }
        let column = self.column_of(&test.field.name, value);
        let op = self.push_op(&test.op, test.span, at)?;
        Ok(Predicate::Test(Test { field: column, op, span: test.span }))
    }

    /// Tests on columns, of which one has to hold.
    fn push_any(
        &mut self,
        tests: Vec<(Op, &Column)>,
        span: Span,
        at: At<'_>,
    ) -> Result<Predicate<Column>, Box<Diagnostic>> {
        let mut each = Vec::new();
        for (op, column) in tests {
            self.taken.insert(column.name.clone());
            let op = self.push_op(&op, span, at)?;
            each.push(Predicate::Test(Test { field: column.clone(), op, span }));
        }
        Ok(Predicate::any(each))
    }

    /// The cases that satisfy the test; a case holds where none before it does.
    fn push_case(
        &mut self,
        cases: &[(Vec<Condition>, Scalar)],
        test: &Test,
        at: At<'_>,
    ) -> Result<Predicate<Column>, Box<Diagnostic>> {
        let mut before: Vec<Predicate<Column>> = Vec::new();
        let mut satisfied = Vec::new();
        for (conditions, value) in cases {
            let here = Predicate::all(conditions.iter().map(condition));
            let holds = self.push_value(test, value, at)?;
            if !holds.is_never() {
                let others = before.iter().cloned().map(Predicate::negate);
                let parts = std::iter::once(here.clone()).chain(others).chain([holds]);
                satisfied.push(Predicate::all(parts));
            }
            before.push(here);
        }
        if matches!(test.op, Op::Null) {
            satisfied.push(Predicate::any(before).negate());
        }
        Ok(Predicate::any(satisfied))
    }

    /// Tests of one field, on another value than it has.
    fn push_pulled(
        &mut self,
        predicate: &Predicate,
        value: &Scalar,
        at: At<'_>,
    ) -> Result<Predicate<Column>, Box<Diagnostic>> {
        let mut each = |parts: &[Predicate]| -> Result<Vec<_>, Box<Diagnostic>> {
            parts.iter().map(|part| self.push_pulled(part, value, at)).collect()
        };
        match predicate {
            Predicate::All(parts) => Ok(Predicate::all(each(parts)?)),
            Predicate::Any(parts) => Ok(Predicate::any(each(parts)?)),
            Predicate::Not(inner) => Ok(self.push_pulled(inner, value, at)?.negate()),
            Predicate::Test(test) => self.push_value(test, value, at),
            Predicate::Keyword(text) => Ok(Predicate::Keyword(text.clone())),
            Predicate::KeywordRegex(regex) => Ok(Predicate::KeywordRegex(regex.clone())),
        }
    }

    fn push_op(&mut self, op: &Op, span: Span, at: At<'_>) -> Result<Op<Column>, Box<Diagnostic>> {
        Ok(match op {
            Op::Text { test, cased } => Op::Text { test: test.clone(), cased: *cased },
            Op::Number { cmp, value } => Op::Number { cmp: *cmp, value: *value },
            Op::Boolean(value) => Op::Boolean(*value),
            Op::Regex(regex) => Op::Regex(regex.clone()),
            Op::Cidr(net) => Op::Cidr(*net),
            Op::Exists => Op::Exists,
            Op::Null => Op::Null,
            Op::Field { cmp, other, cased } => {
                Op::Field { cmp: *cmp, other: self.column(other, span, at)?, cased: *cased }
            }
            Op::Listed { list, cased } => {
                let list = Arc::new(list.on(&self.platform.name));
                Op::Listed { list, cased: *cased }
            }
            Op::TimePart { part, cmp, value } => {
                Op::TimePart { part: *part, cmp: *cmp, value: *value }
            }
        })
    }

    /// The column that holds a value, computed if need be; `field` is what it is named after.
    pub(super) fn column_of(&mut self, field: &str, value: &Scalar) -> Column {
        if let Scalar::Column(column) = value {
            if !self.taken.contains(&column.name) {
                self.taken.insert(column.name.clone());
            }
            return column.clone();
        }
        if let Some(known) = self.lets.iter().find(|known| known.value == *value) {
            return known.column.clone();
        }
        let column =
            Column { name: self.free_name(field, value), ty: ColumnType::Text, multi: false };
        self.taken.insert(column.name.clone());
        self.lets.push(Let { column: column.clone(), value: value.clone() });
        column
    }

    fn free_name(&self, field: &str, value: &Scalar) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let base: String = field.chars().map(plain).collect();
        let read = value.columns();
        let means_more = |name: &String| {
            self.others.iter().any(|of| of.column.name == *name && of.value != *value)
        };
        let free = |name: &String| {
            !self.taken.contains(name) && !read.contains(name.as_str()) && !means_more(name)
        };
        std::iter::once(base.clone())
            .chain((2..).map(|number| format!("{base}_{number}")))
            .find(free)
            .unwrap_or(base)
    }
}

/// Adds the finding unless the same was said about another value of the same rule.
fn add_new(diagnostic: Diagnostic, found: &mut Vec<Diagnostic>) {
    let told =
        |known: &Diagnostic| known.code == diagnostic.code && known.message == diagnostic.message;
    if !found.iter().any(told) {
        found.push(diagnostic);
    }
}

/// Whether a test on the value needs nothing computed.
fn is_direct(value: &Scalar, op: &Op) -> bool {
    match value {
        Scalar::Constant(text) => constant::holds(op, text).is_some(),
        Scalar::Column(_) => true,
        Scalar::Join(_) | Scalar::Hex(..) => undo(op, value).is_some(),
        Scalar::Default(..)
        | Scalar::Rewrite(..)
        | Scalar::Case(_)
        | Scalar::Member(..)
        | Scalar::Spelt(..)
        | Scalar::Without(..) => false,
    }
}

/// E0503 where a test asks for a part that the platform's value never has.
fn refuse_lacking(
    test: &Test,
    resolved: &Resolved,
    platform: &Platform,
) -> Result<(), Box<Diagnostic>> {
    let Op::Text { test: text, .. } = &test.op else { return Ok(()) };
    if resolved.lacks.is_empty() {
        return Ok(());
    }
    let asked = constant::literals(text);
    let lacking = resolved.lacks.iter().find(|lacking| {
        let lacking = lacking.to_lowercase();
        asked.iter().any(|literal| literal.to_lowercase().contains(&lacking))
    });
    lacking.map_or(Ok(()), |lacking| {
        let (name, platform_name) = (&test.field.name, &platform.name);
        let message = format!("`{name}` of `{platform_name}` never holds `{lacking}`");
        Err(Box::new(
            Diagnostic::new(Code::FieldNotHeld, test.span, message)
                .label(resolved.span, "what the field is there")
                .help("leave the value out on this platform: the test could never hold"),
        ))
    })
}

/// Always or never.
fn decided(holds: bool) -> Predicate<Column> {
    if holds { Predicate::always() } else { Predicate::any([]) }
}

/// The test, in which texts that stand for a missing value are missing.
fn guard_nulls(
    plain: Predicate<Column>,
    op: &Op,
    resolved: &Resolved,
    nulls: Vec<Predicate<Column>>,
) -> Predicate<Column> {
    if matches!(op, Op::Null) || asks_for_a_null(op, resolved) {
        return Predicate::any(std::iter::once(plain).chain(nulls));
    }
    let satisfying = resolved.null_values.iter().zip(nulls);
    let guards = satisfying
        .filter(|(text, _)| constant::holds(op, text).unwrap_or(true))
        .map(|(_, equal)| equal.negate());
    Predicate::all(std::iter::once(plain).chain(guards.collect::<Vec<_>>()))
}

/// Whether a test asks for the empty text, or for the very text that stands for a missing value:
/// where a platform tells neither from a missing value, all mean the same.
fn asks_for_a_null(op: &Op, resolved: &Resolved) -> bool {
    let Op::Text { test: TextTest::Equals(text), .. } = op else { return false };
    let stands_for_it = |null: &String| null.eq_ignore_ascii_case(text);
    !resolved.null_values.is_empty()
        && (text.is_empty() || resolved.null_values.iter().any(stands_for_it))
}
