//! A test on a list that platforms keep → the same test where the platform keeps it, else one test
//! for each of the values that the project knows.
//!
//! `User|expand: '%AdminAccounts%'` on `sentinel`, where the list is a watchlist → as it is; on
//! `defender-xdr` → `User == 'a'` or `User == 'b'`; E0409 where there are no values.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{List, Op, Test, TextTest};
use crate::platform::Platform;

/// Tests of which one has to hold; `None`: the test stays as it is.
///
/// # Errors
/// E0409 where the platform cannot ask the list, or the rule and the platform compare otherwise.
pub(super) fn entries(
    test: &Test,
    platform: &Platform,
) -> Result<Option<Vec<Test>>, Box<Diagnostic>> {
    let Op::Listed { list, cased } = &test.op else { return Ok(None) };
    if let Some(table) = list.kept.get(&platform.name) {
        return match kept(list, table, platform) {
            None => Ok(None),
            Some((message, help)) => Err(refused(test, message, &help)),
        };
    }
    let Some(values) = &list.values else {
        let message = format!("`{}` does not keep the list `{}`", platform.name, list.name);
        let help = "give it values in `[parameters]`, which are written into the query, or say \
                    under `[lookups]` what it is called there";
        return Err(refused(test, message, help));
    };
    let equal = |value: &String| {
        let text = TextTest::Equals(value.clone());
        Test { op: Op::Text { test: text, cased: *cased }, ..test.clone() }
    };
    Ok(Some(values.iter().map(equal).collect()))
}

/// Why the platform cannot ask the list, and the way out; `None`: it can.
fn kept(list: &Arc<List>, table: &str, platform: &Platform) -> Option<(String, String)> {
    (!platform.lookups).then(|| {
        let message = format!("queries of `{}` cannot ask the list `{table}`", platform.name);
        let help = format!(
            "take `{}` out of `[lookups.{}]` and give values in `[parameters]`",
            platform.name, list.name
        );
        (message, help)
    })
}

fn refused(test: &Test, message: String, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code::ListNotKept, test.span, message).help(help))
}
