//! Reads rule files and merely parses their YAML with places, by marked-yaml, on one thread.
//!
//! `yaml-floor FOLDER` prints how many files it parsed.

use std::path::Path;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let mut parsed = 0;
    parse(Path::new(&folder), &mut parsed);
    println!("{parsed}");
}

fn parse(folder: &Path, parsed: &mut usize) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            parse(&path, parsed);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            let text = std::fs::read_to_string(&path).expect("text");
            let node = marked_yaml::parse_yaml(0, &text).expect("YAML");
            std::hint::black_box(&node);
            *parsed += 1;
        }
    }
}
