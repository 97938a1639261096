//! Names that conditions give to selections and rules: `1 of filter_*`, `all of them`.

use crate::syntax::ast::Pattern;

/// The names that a pattern means, in order.
pub(super) fn matching<'a>(
    pattern: &Pattern,
    names: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    names.into_iter().filter(|name| pattern.means(name)).collect()
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
            assert_eq!(Pattern::Glob(glob.into()).means(name), expected, "{glob} {name}");
        }
        assert_eq!(matching(&Pattern::Them, ["a", "_b", "c"]), ["a", "c"]);
        assert_eq!(matching(&Pattern::Glob("_*".into()), ["a", "_b"]), ["_b"]);
    }
}
