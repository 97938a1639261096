//! The capability tables of `docs/targets`: made by compiling the probes of `tests/capabilities`.
//!
//! Each rule there is a probe, its title a row; rules called `base_…` only serve others. The pages
//! also say by which tests their borders are proven: every one of them has to exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sigweave::backend::{BACKENDS, Backend, Strategy};
use sigweave::diagnostic::{CODES, Code, Diagnostic};
use sigweave::ir::Rule;
use sigweave::platform::Platform;

use super::library::{compile, goals, rules};
use super::{folders, keep_current, root};

/// Probes that belong together.
struct Section {
    title: String,
    probes: Vec<std::sync::Arc<Rule>>,
}

fn sections() -> Vec<Section> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join("tests/capabilities"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    let mut sections: Vec<Section> = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let title = text.lines().next().unwrap().strip_prefix("# ").expect("a title").to_owned();
        let probes = rules(&[file]).into_iter().filter(|rule| !rule.name.starts_with("base_"));
        match sections.iter_mut().find(|section| section.title == title) {
            Some(section) => section.probes.extend(probes),
            None => sections.push(Section { title, probes: probes.collect() }),
        }
    }
    sections
}

/// What a language makes of a probe.
enum Outcome {
    Exact {
        plan: String,
    },
    Approximate {
        plan: String,
        codes: BTreeSet<Code>,
    },
    /// With the plan and the codes that make it possible to accept it.
    Refused {
        found: Vec<Diagnostic>,
        accepting: Option<(String, BTreeSet<Code>)>,
    },
}

fn outcome(
    rule: &Rule,
    backend: &dyn Backend,
    platform: &Platform,
    ways: &mut BTreeSet<Strategy>,
) -> Outcome {
    let mut tried = |accept: &[Code]| {
        let (plan, queries) = compile(rule, backend, platform, accept)?;
        let strategies = backend.strategies(&plan);
        ways.extend(strategies);
        let codes: BTreeSet<Code> =
            queries.iter().flat_map(|query| query.approximate.clone()).collect();
        Ok((backend.plan_name(&plan), codes))
    };
    let all: Vec<Code> =
        CODES.iter().map(|entry| entry.code).filter(|code| code.is_approximation()).collect();
    match tried(&[]) {
        Ok((plan, codes)) if codes.is_empty() => Outcome::Exact { plan },
        Ok((plan, codes)) => Outcome::Approximate { plan, codes },
        Err(found) => Outcome::Refused { found, accepting: tried(&all).ok() },
    }
}

fn link(code: Code) -> String {
    format!("[{0}](../errors/{0}.md)", code.id())
}

impl Outcome {
    /// As the cell of a page.
    fn cell(&self) -> String {
        match self {
            Self::Exact { plan } => format!("exact: {plan}"),
            Self::Approximate { plan, codes } => {
                let given_up =
                    codes.iter().map(|code| format!("{}: {}", link(*code), code.title()));
                format!("approximate: {plan}; {}", given_up.collect::<Vec<_>>().join("; "))
            }
            Self::Refused { found, accepting } => {
                let mut said = found
                    .iter()
                    .map(|found| {
                        let help = found.help.as_ref();
                        let help = help.map(|help| format!(". *{help}*")).unwrap_or_default();
                        format!("{}: {}{help}", link(found.code), found.message)
                    })
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect::<Vec<_>>()
                    .join("; ");
                if let Some((plan, codes)) = accepting {
                    let codes: Vec<String> = codes.iter().map(|code| link(*code)).collect();
                    said = format!("if {} is accepted: {plan}; else {said}", codes.join(" and "));
                }
                format!("refused {said}").replace("refused if", "approximate if")
            }
        }
    }

    /// In a word.
    fn word(&self) -> &'static str {
        match self {
            Self::Exact { .. } => "exact",
            Self::Approximate { .. } | Self::Refused { accepting: Some(_), .. } => "approximate",
            Self::Refused { accepting: None, .. } => "refused",
        }
    }
}

/// The first platform of a language.
fn first(backend: &dyn Backend) -> Platform {
    let goal = goals().into_iter().find(|(known, _)| known.target() == backend.target());
    goal.unwrap().1
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_pages_of_targets_say_what_each_construct_becomes() {
    let sections = sections();
    let mut stale = Vec::new();
    let mut overview: BTreeMap<String, BTreeMap<&str, [usize; 3]>> = BTreeMap::new();
    for backend in BACKENDS {
        let platform = first(*backend);
        let mut ways = BTreeSet::new();
        let mut text = String::new();
        for section in &sections {
            text += &format!(
                "\n### {}\n\n| construct | on `{}` |\n|---|---|\n",
                section.title, platform.name
            );
            for probe in &section.probes {
                let outcome = outcome(probe, *backend, &platform, &mut ways);
                let row = format!(
                    "| {} | {} |\n",
                    probe.meta.title.replace('|', "\\|"),
                    escaped(&outcome.cell())
                );
                text += &row;
                let counts = overview.entry(section.title.clone()).or_default();
                let at =
                    ["exact", "approximate", "refused"].iter().position(|w| *w == outcome.word());
                counts.entry(backend.target()).or_default()[at.unwrap()] += 1;
            }
        }
        let page = root().join(format!("docs/targets/{}.md", backend.target()));
        stale.extend(keep_current(&page, "capabilities", &format!("{}\n", text.trim_start())));
        let mut plans = "| plan | how it works | cost | limits |\n|---|---|---|---|\n".to_owned();
        for way in &ways {
            plans += &format!("| {} | {} | {} | {} |\n", way.name, way.does, way.cost, way.limits);
        }
        stale.extend(keep_current(&page, "plans", &plans));
    }
    stale.extend(keep_current(
        &root().join("README.md"),
        "capabilities",
        &summed_up(&sections, &overview),
    ));
    assert_eq!(stale, Vec::<String>::new(), "run the tests with UPDATE_PAGES=1");
}

/// A line per section: how many constructs each language says exactly, and how many not.
fn summed_up(
    sections: &[Section],
    overview: &BTreeMap<String, BTreeMap<&str, [usize; 3]>>,
) -> String {
    let targets: Vec<&str> = BACKENDS.iter().map(|backend| backend.target()).collect();
    let heads = targets.iter().map(|target| format!(" [`{target}`](docs/targets/{target}.md) |"));
    let mut text = format!(
        "| constructs |{}\n|---|{}\n",
        heads.collect::<String>(),
        "---|".repeat(targets.len())
    );
    for section in sections {
        text += &format!("| {} ({}) |", section.title, section.probes.len());
        for target in &targets {
            let [exact, approximate, refused] = overview[&section.title][target];
            let parts = [(exact, "exact"), (approximate, "approximate"), (refused, "refused")];
            let parts: Vec<String> = parts
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, word)| format!("{count} {word}"))
                .collect();
            text += &format!(" {} |", parts.join(", "));
        }
        text.push('\n');
    }
    text
}

/// Names of all test functions below `folder`.
fn test_names(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            test_names(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.split("#[test]").skip(1).filter_map(|rest| {
                rest.split_once("fn ")
                    .and_then(|(_, rest)| rest.split_once('('))
                    .map(|(name, _)| name)
            });
            into.extend(names.map(str::to_owned));
        }
    }
}

/// The names in backticks of a text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_borders_of_each_target_are_proven_by_tests_that_exist() {
    let mut known = BTreeSet::new();
    test_names(&root().join("src"), &mut known);
    test_names(&root().join("tests"), &mut known);
    known.extend(
        folders("tests/corpus")
            .iter()
            .map(|folder| folder.file_name().unwrap().to_string_lossy().into_owned()),
    );
    for backend in BACKENDS {
        let page = root().join(format!("docs/targets/{}.md", backend.target()));
        let text = fs::read_to_string(&page).unwrap();
        let (_, rest) = text.split_once("\n## Borders\n").expect("a section `Borders`");
        let table = rest.split("\n## ").next().unwrap();
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
        assert!(rows.len() >= 3, "{}", page.display());
        for row in rows {
            let proof = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
            let names: Vec<&str> = quoted(proof).collect();
            assert!(!names.is_empty(), "{}: {row}", page.display());
            for name in names {
                assert!(
                    known.contains(name),
                    "{}: there is no test `{name}`: {row}",
                    page.display()
                );
            }
        }
    }
}
