//! Names that conditions give to selections and rules: `1 of filter_*`, `all of them`.

use crate::syntax::ast::Pattern;

/// The names that a pattern means, in order.
pub(super) fn matching<'a>(
    pattern: &Pattern,
    names: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let fits = |name: &&str| match pattern {
        Pattern::Them => !name.starts_with('_'),
        Pattern::Glob(glob) => matches(glob, name),
    };
    names.into_iter().filter(fits).collect()
}

/// Whether a name fits a pattern, in which `*` is any text.
fn matches(glob: &str, name: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return glob == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return left.ends_with(piece);
        }
        let Some(at) = left.find(piece) else { return false };
        left = left.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

/// What messages call a pattern.
pub(super) fn shown(pattern: &Pattern) -> &str {
    match pattern {
        Pattern::Them => "them",
        Pattern::Glob(glob) => glob,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        let cases = [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("*", "", true),
            ("ab*ba", "aba", false),
            ("x*", "ax", false),
        ];
        for (glob, name, expected) in cases {
            assert_eq!(matches(glob, name), expected, "{glob} {name}");
        }
        assert_eq!(matching(&Pattern::Them, ["a", "_b", "c"]), ["a", "c"]);
        assert_eq!(matching(&Pattern::Glob("_*".into()), ["a", "_b"]), ["_b"]);
    }
}
