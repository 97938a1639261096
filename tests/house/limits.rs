//! `docs/limits.md` says what the program's constants say, and what it names is there.

use super::{CODES, read, root};

/// A row: its limit, the file and the constant that it is, its code, and what shows it.
struct Row<'a> {
    line: &'a str,
    limit: u64,
    file: &'a str,
    constant: &'a str,
    code: &'a str,
    shown: &'a str,
}

fn rows(page: &str) -> Vec<Row<'_>> {
    let cells = |line: &'_ str| -> Vec<String> {
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let is_row = |line: &&str| line.starts_with("| ") && cells(line)[3].starts_with("`src/");
    let row = |line| {
        let cell = |number: usize| str::split(line, '|').nth(number).unwrap().trim();
        let mut place = cell(3).split('`').filter(|part| !part.trim().is_empty());
        Row {
            line,
            limit: cell(2).replace(',', "").parse().unwrap(),
            file: place.next().unwrap(),
            constant: place.next().unwrap(),
            code: cell(4),
            shown: cell(5).trim_matches('`'),
        }
    };
    page.lines().filter(is_row).map(row).collect()
}

/// What `64 << 10`, `64 * 1024` or `10_000` is.
fn value(expression: &str) -> u64 {
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().unwrap();
    if let Some((number_of, bits)) = expression.split_once("<<") {
        return number(number_of) << number(bits);
    }
    expression.split('*').map(number).product()
}

#[test]
fn the_page_of_limits_says_what_the_program_does() {
    let page = read(&root().join("docs/limits.md"));
    let hostile = read(&root().join("tests/tools/hostile/run"));
    let rows = rows(&page);
    assert!(rows.len() > 30);
    for Row { line, limit, file, constant, code, shown } in rows {
        let source = read(&root().join(file));
        let found =
            source.split_once(&format!("const {constant}: ")).unwrap_or_else(|| panic!("{line}"));
        let (_, rest) = found.1.split_once(" = ").unwrap();
        assert_eq!(value(rest.split_once(';').unwrap().0), limit, "{line}");
        assert!(code.is_empty() || CODES.iter().any(|entry| entry.id == code), "{line}");
        let is_case = shown.starts_with("tests/") && root().join(shown).is_dir();
        let is_input = hostile.contains(&format!("(\"{shown}\""));
        assert!(shown.is_empty() || is_case || is_input, "{line}");
    }
}

#[test]
fn the_cases_of_known_defects_are_there() {
    let page = read(&root().join("docs/from-sigma-cli.md"));
    let (_, table) = page.split_once("## Defects that are cases here").unwrap();
    let mut cases = 0;
    for place in
        table.split('`').filter(|part| part.starts_with("tests/") || part.starts_with("src/"))
    {
        let (file, name) = place.split_once("::").unwrap_or((place, ""));
        let path = root().join(file);
        assert!(path.exists(), "{place}");
        assert!(name.is_empty() || read(&path).contains(&format!("fn {name}")), "{place}");
        cases += 1;
    }
    assert!(cases > 30, "{cases}");
}
