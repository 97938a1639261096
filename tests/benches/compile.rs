//! `cargo bench --bench compile`: one rule and 1,000 rules, parsed, checked and converted, as ratios
//! to merely parsing the same YAML in the same run. Numbers go to docs/performance.md.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use sigweave::backend::template::Templates;
use sigweave::check::{Options, check};
use sigweave::diagnostic::Diagnostics;
use sigweave::platform::Platform;
use sigweave::source::SourceMap;
use sigweave::syntax::sigma;
use sigweave::taxonomy::Taxonomy;
use sigweave::{backend, plan, platform, yaml};

/// A rule like those of public collections, different for every number.
fn rule(number: usize) -> String {
    format!(
        "title: Program {number} Started From A User Folder\nid: 00000000-0000-4000-8000-{number:012}\n\
         status: test\ndescription: Finds program {number} with the arguments of an attack.\n\
         references:\n    - https://example.org/{number}\nauthor: bench\ndate: 2026-11-21\ntags:\n    \
         - attack.execution\nlogsource:\n    category: process_creation\n    product: windows\n\
         detection:\n    selection:\n        Image|endswith:\n            - '\\tool{number}.exe'\n            \
         - '\\other{number}.exe'\n        CommandLine|contains|all:\n            - ' -x{number} '\n            \
         - 'http'\n    filter:\n        ParentImage|startswith: 'C:\\Program Files\\'\n    \
         condition: selection and not filter\nlevel: high\n"
    )
}

struct Sample {
    sources: SourceMap,
    taxonomy: Taxonomy,
    platforms: Vec<(&'static str, Platform)>,
}

impl Sample {
    fn new(rules: usize) -> Self {
        let mut sources = SourceMap::default();
        for number in 0..rules {
            sources.add(format!("{number}.yml"), rule(number));
        }
        let goals =
            [("splunk", "splunk-ta"), ("kql", "defender-xdr"), ("eql", "elastic-winlogbeat")];
        let platforms = goals.map(|(target, name)| (target, platform::load(name).unwrap())).into();
        Self { sources, taxonomy: Taxonomy::standard(), platforms }
    }

    fn yaml(&self) {
        for (id, source) in self.sources.iter() {
            black_box(yaml::parse(id, &source.text, &mut Diagnostics::default()));
        }
    }

    fn checked(&self) -> Vec<Option<std::sync::Arc<sigweave::ir::Rule>>> {
        let mut found = Diagnostics::default();
        let mut documents = Vec::new();
        for (id, source) in self.sources.iter() {
            documents.extend(sigma::parse(id, &source.text, &mut found));
        }
        let rules = check(&documents, &self.taxonomy, &Options::default(), &mut found);
        assert!(!found.has_errors());
        rules
    }

    fn converted(&self) {
        let rules = self.checked();
        for (target, platform) in &self.platforms {
            let backend = backend::find(target).unwrap();
            for rule in rules.iter().flatten() {
                let plan = plan::plan(rule, platform).unwrap();
                black_box(backend.render(&plan, &Templates::default()).unwrap());
            }
        }
    }
}

/// The fastest of several runs.
fn best(runs: usize, mut work: impl FnMut()) -> Duration {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..runs).map(|_| time(&mut work)).min().unwrap_or_default()
}

fn main() {
    for (count, runs) in [(1, 200), (1000, 10)] {
        let sample = Sample::new(count);
        let yaml = best(runs, || sample.yaml());
        let checked = best(runs, || drop(black_box(sample.checked())));
        let converted = best(runs, || sample.converted());
        let cold = best(runs.min(20), || Sample::new(count).converted());
        let ratio = |time: Duration| time.as_secs_f64() / yaml.as_secs_f64();
        println!("{count} rules: YAML alone {yaml:?} (1.0)");
        println!("{count} rules: parse + check {checked:?} ({:.1})", ratio(checked));
        println!(
            "{count} rules: … + convert to splunk, kql, eql {converted:?} ({:.1})",
            ratio(converted)
        );
        println!("{count} rules: … + loading taxonomy and platforms {cold:?} ({:.1})", ratio(cold));
    }
}
