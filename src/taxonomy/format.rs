//! The line format of `rules/taxonomy/*.fields` → blocks of fields with types.
//!
//! A block begins with its name and the groups it includes: `[key]` is a log source, `{name}` a
//! group of fields that log sources of the same file share. Each line gives a type and its fields;
//! a line that begins with two blanks continues the one before; `#` begins a comment line.
//!
//! ```text
//! {process} event
//! path: Image
//! [windows/registry_set] process
//! registry_path: TargetObject
//! ```

use super::Type;

/// A block, its fields not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block<'a> {
    /// Key of the log source or name of the group.
    pub(super) name: &'a str,
    /// Whether it is a log source.
    pub(super) source: bool,
    /// Names of the groups it includes, separated by blanks.
    pub(super) includes: &'a str,
    /// Its lines.
    body: &'a str,
}

/// The blocks of a file; lines before the first one are skipped.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut heading = None;
    let mut rest = text;
    while let Some(end) = block_end(rest) {
        let (block, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        found.extend(heading.and_then(|head| self::block(head, block)));
        let (head, body) = after.split_once('\n').unwrap_or((after, ""));
        heading = Some(head);
        rest = body;
    }
    found.extend(heading.and_then(|head| block(head, rest)));
    found
}

/// Where the next heading begins: the first line that opens with a bracket.
fn block_end(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with(['[', '{']) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// The block with this heading.
fn block<'a>(head: &'a str, body: &'a str) -> Option<Block<'a>> {
    let source = head.starts_with('[');
    let (name, includes) = head.get(1..)?.split_once(if source { ']' } else { '}' })?;
    Some(Block { name, source, includes: includes.trim(), body })
}

impl<'a> Block<'a> {
    /// Its own fields with their types, in order; fields of an unknown type are left out.
    pub(super) fn fields(&self) -> Vec<(&'a str, Type)> {
        let mut ty = None;
        let mut fields = Vec::new();
        for line in self.body.lines().filter(|line| !line.starts_with('#')) {
            let names = match line.strip_prefix("  ") {
                Some(names) => names,
                None => {
                    let (name, names) = line.split_once(':').unwrap_or((line, ""));
                    ty = Type::parse(name);
                    names
                }
            };
            let Some(ty) = &ty else { continue };
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            fields.extend(names.map(|name| (name, ty.clone())));
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_their_fields_and_continuations() {
        let text = "# top\n\n{g}\nip: A\n[p/c] g h\n# why\ntext: B, C d,\n  E\nnope: F\nport: G\n";
        let blocks = blocks(text);
        let names: Vec<_> = blocks.iter().map(|block| (block.name, block.source)).collect();
        assert_eq!(names, [("g", false), ("p/c", true)]);
        assert_eq!(blocks[0].fields(), [("A", Type::Ip)]);
        assert_eq!(blocks[1].includes, "g h");
        let expected =
            [("B", Type::Text), ("C d", Type::Text), ("E", Type::Text), ("G", Type::Port)];
        assert_eq!(blocks[1].fields(), expected);
    }

    #[test]
    fn a_text_without_blocks_has_none() {
        for text in ["", "# nothing\n", "[open\n", "[\n"] {
            assert!(blocks(text).is_empty(), "{text:?}");
        }
    }
}
