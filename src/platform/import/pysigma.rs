//! A processing pipeline of pySigma → the fields of an overlay.
//!
//! `{type: field_name_mapping, mapping: {Image: proc_path}, rule_conditions: [{type: logsource,
//! category: process_creation}]}` → `logsources: {windows/process_creation: {fields: {Image:
//! proc_path}}}`, for each log source of the platform that fits. Every other item is E0525: a pipeline
//! that says more than the overlay must not look as if it were taken over.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::platform::Platform;
use crate::source::{SourceId, Span};
use crate::taxonomy::{Parts, Taxonomy};
use crate::yaml::{self, Node};

/// Keys of a pipeline that say nothing about how rules are converted.
const ASIDE: [&str; 3] = ["name", "priority", "allowed_backends"];

/// What other kinds of items do, and where that is said here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("add_condition", "write the condition as `where` of the log source in the overlay"),
    ("change_logsource", "list the places of the log source in the overlay, each with `from`"),
    ("detection_item_failure", "leave it out: what a platform does not hold is refused"),
    (
        "drop_detection_item",
        "write `absent` in the overlay, so that rules with the field are refused",
    ),
    ("map_string", "write a rewriting in the overlay (`rewrites`)"),
    ("replace_string", "write a rewriting in the overlay (`rewrites`)"),
    ("rule_failure", "leave it out: what a platform does not hold is refused"),
    ("value_placeholders", "give the placeholders values in `[parameters]` of sigweave.toml"),
    ("wildcard_placeholders", "give the placeholders values in `[parameters]` of sigweave.toml"),
    ("query_expression_placeholders", "give the placeholders values in `[parameters]`"),
    ("set_state", "name the table of the log source as `from` in the overlay"),
];

/// Log source → field → column.
pub type Mappings = BTreeMap<String, BTreeMap<String, String>>;

/// The mappings of a pipeline for the log sources of a platform; what is not imported is reported.
#[must_use]
pub fn read_pipeline(
    source: SourceId,
    text: &str,
    platform: &Platform,
    found: &mut Diagnostics,
) -> Mappings {
    let documents = yaml::parse(source, text, found);
    let mut mappings = Mappings::new();
    let Some(pipeline) = documents.first() else { return mappings };
    if pipeline.get("transformations").is_none() && pipeline.get("postprocessing").is_none() {
        let message = "this is no processing pipeline of pySigma";
        found.push(
            Diagnostic::new(Code::DumpKind, Span::new(source, 0, 1), message)
                .at("expected a mapping with `transformations`"),
        );
        return mappings;
    }
    let taxonomy = &Taxonomy::standard();
    let mut import = Import { platform, taxonomy, found };
    for (key, value) in pipeline.pairs().unwrap_or_default() {
        match key.text().unwrap_or_default() {
            "transformations" => {
                for item in value.items().unwrap_or_default() {
                    import.item(item, &mut mappings);
                }
            }
            "postprocessing" | "finalizers" => {
                for item in value.items().unwrap_or_default() {
                    let help = "artifacts and their formats are keys of an environment";
                    import.refuse(item, None, help);
                }
            }
            aside if ASIDE.contains(&aside) => {}
            other => {
                let message = format!("the key `{other}` of the pipeline is not imported");
                import.found.push(
                    Diagnostic::new(Code::PipelineItem, key.span, message)
                        .help("write out in the overlay what it stands for"),
                );
            }
        }
    }
    mappings
}

/// The overlay that says the mappings.
#[must_use]
pub fn mapping_overlay(title: &str, platform: &str, mappings: &Mappings) -> String {
    let mut text = format!("overlay: {title}\nplatform: {platform}\n\nlogsources:\n");
    for (logsource, fields) in mappings {
        let _ = writeln!(text, "  {logsource}:\n    fields:");
        for (field, column) in fields {
            let _ = writeln!(text, "      {}: {}", scalar(field), scalar(column));
        }
    }
    text
}

/// A name as YAML text.
fn scalar(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let word = plain && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let taken = ["true", "false", "null", "yes", "no", "on", "off"];
    match word && !taken.contains(&name.to_ascii_lowercase().as_str()) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "''")),
    }
}

struct Import<'a> {
    platform: &'a Platform,
    taxonomy: &'a Taxonomy,
    found: &'a mut Diagnostics,
}

impl Import<'_> {
    fn item(&mut self, item: &Node, mappings: &mut Mappings) {
        let kind = item.get("type").and_then(Node::text).unwrap_or_default();
        if kind != "field_name_mapping" {
            let elsewhere = ELSEWHERE.iter().find(|(known, _)| *known == kind);
            let help = "say by hand in the overlay what of it is needed";
            self.refuse(item, None, elsewhere.map_or(help, |(_, help)| help));
            return;
        }
        let known = ["id", "type", "mapping", "rule_conditions", "rule_cond_op"];
        let extra = item.pairs().unwrap_or_default().iter().map(|(key, _)| key);
        let extra = extra.filter_map(|key| Some((key, key.text()?)));
        if let Some((key, name)) = extra.into_iter().find(|(_, name)| !known.contains(name)) {
            let help = "an overlay maps a field wherever its log source does; map it by hand";
            self.refuse(item, Some((key.span, name)), help);
            return;
        }
        let Some(logsources) = self.logsources(item) else { return };
        let pairs = item.get("mapping").and_then(Node::pairs).unwrap_or_default();
        for (field, column) in pairs {
            self.mapping(field, column, &logsources, mappings);
        }
    }

    /// The log sources that an item is for.
    fn logsources(&mut self, item: &Node) -> Option<Vec<String>> {
        let all: Vec<&str> = self.platform.logsources().collect();
        let Some(conditions) = item.get("rule_conditions") else {
            return Some(all.into_iter().map(str::to_owned).collect());
        };
        let listed = conditions.items().map(|items| items.iter().collect::<Vec<_>>());
        let named =
            || conditions.pairs().unwrap_or_default().iter().map(|(_, node)| node).collect();
        let conditions: Vec<&Node> = listed.unwrap_or_else(named);
        let any = item.get("rule_cond_op").and_then(Node::text) == Some("or");
        for condition in &conditions {
            let kind = condition.get("type").and_then(Node::text).unwrap_or("…");
            if kind != "logsource" {
                let help = "an overlay knows the log source of a rule, and nothing else of it";
                self.refuse(item, Some((condition.span, kind)), help);
                return None;
            }
        }
        let fits = |key: &str| {
            let mut each = conditions.iter().map(|condition| meets(condition, Parts::of(key)));
            if any { each.any(|met| met) } else { each.all(|met| met) }
        };
        let fitting: Vec<String> =
            all.into_iter().filter(|key| fits(key)).map(str::to_owned).collect();
        if fitting.is_empty() {
            let span = conditions.first().map_or(item.span, |condition| condition.span);
            let name = &self.platform.name;
            let message = format!("`{name}` holds no log source of these conditions");
            self.found.push(
                Diagnostic::new(Code::LogSourceNotHeld, span, message)
                    .help("name the platform whose data these are with `-p`"),
            );
        }
        Some(fitting)
    }

    fn mapping(
        &mut self,
        field: &Node,
        column: &Node,
        logsources: &[String],
        mappings: &mut Mappings,
    ) {
        let Some(name) = field.text() else { return };
        let single =
            column.items().and_then(|items| if let [one] = items { Some(one) } else { None });
        let Some(target) = single.unwrap_or(column).text() else {
            let message = format!("`{name}` is mapped to several columns, which is not imported");
            self.found.push(
                Diagnostic::new(Code::PipelineItem, column.span, message)
                    .help("map it by hand: a `case` of columns, or the one that your data has"),
            );
            return;
        };
        let mut known = false;
        for logsource in logsources {
            let fields = mappings.entry(logsource.clone()).or_default();
            // An item may rename what another one has mapped.
            for (_, mapped) in fields.iter_mut().filter(|(_, mapped)| *mapped == name) {
                target.clone_into(mapped);
                known = true;
            }
            let source = self.taxonomy.get(logsource);
            if source.is_some_and(|source| source.field(name).is_some()) {
                fields.insert(name.to_owned(), target.to_owned());
                known = true;
            }
        }
        mappings.retain(|_, fields| !fields.is_empty());
        if !known && !logsources.is_empty() {
            let sources = logsources.iter().filter_map(|key| self.taxonomy.get(key));
            let names = sources.flat_map(|source| source.fields.keys()).map(String::as_str);
            let message = format!("no log source that the item is for has a field `{name}`");
            let diagnostic = Diagnostic::new(Code::UnknownField, field.span, message);
            self.found.push(diagnostic.nearest(name, names));
        }
    }

    /// E0525 for an item, or for the part of it that cannot be imported.
    fn refuse(&mut self, item: &Node, part: Option<(Span, &str)>, help: &str) {
        let kind = item.get("type").and_then(Node::text).unwrap_or("without a type");
        let id = item.get("id").and_then(Node::text);
        let item_name = id.map_or_else(|| format!("`{kind}`"), |id| format!("`{id}` (`{kind}`)"));
        let place =
            item.entry("type").or(item.entry("id")).map(|(key, value)| key.span.to(value.span));
        let message = match part {
            Some((_, part)) => format!("the item {item_name} is not imported: it has `{part}`"),
            None => format!("the item {item_name} is not imported"),
        };
        let span = part.map(|(span, _)| span).or(place).unwrap_or(item.span);
        self.found.push(Diagnostic::new(Code::PipelineItem, span, message).help(help));
    }
}

/// Whether a log source meets a condition, which may leave parts out.
fn meets(condition: &Node, parts: Parts<'_>) -> bool {
    let wanted = |key| condition.get(key).and_then(Node::text);
    let fits = |wanted: Option<&str>, found: Option<&str>| wanted.is_none() || wanted == found;
    fits(wanted("product"), parts.product)
        && fits(wanted("category"), parts.category)
        && fits(wanted("service"), parts.service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::load;

    fn import(text: &str) -> (String, Vec<String>) {
        let mut found = Diagnostics::default();
        let platform = load("splunk-ta").unwrap();
        let mappings = read_pipeline(SourceId(0), text, &platform, &mut found);
        let said = found.into_sorted().into_iter();
        let said = said.map(|one| format!("{} {}", one.code.id(), one.message)).collect();
        (mapping_overlay("test", "splunk-ta", &mappings), said)
    }

    #[test]
    fn mappings_become_fields_of_the_log_sources_they_are_for() {
        let (overlay, said) = import(
            "name: n\npriority: 20\ntransformations:\n- id: a\n  type: field_name_mapping\n  mapping:\n    \
             Image: proc_path\n    User: [account]\n  rule_conditions:\n  - type: logsource\n    \
             product: windows\n    category: process_creation\n- type: field_name_mapping\n  mapping:\n    \
             proc_path: 'process path'\n",
        );
        assert_eq!(said, Vec::<String>::new());
        let expected = "  windows/process_creation:\n    fields:\n      Image: 'process path'\n      User: account\n";
        assert!(overlay.ends_with(expected), "{overlay}");
    }

    #[test]
    fn every_other_item_is_named() {
        let (_, said) = import(
            "vars: {a: b}\ntransformations:\n- id: index\n  type: add_condition\n  conditions: {index: w}\n\
             - type: field_name_mapping\n  mapping: {Imgae: x, CommandLine: [a, b]}\n\
             - type: field_name_mapping\n  mapping: {Image: x}\n  field_name_conditions: []\n\
             - type: field_name_mapping\n  mapping: {Image: x}\n  rule_conditions: [{type: is_sigma_rule}]\n\
             - type: field_name_mapping\n  mapping: {Image: x}\n  rule_conditions: [{type: logsource, product: vms}]\n\
             postprocessing:\n- type: embed\nfinalizers:\n- type: concat\n",
        );
        let codes: Vec<&str> = said.iter().filter_map(|one| one.split(' ').next()).collect();
        let expected =
            ["E0525", "E0525", "E0301", "E0525", "E0525", "E0525", "E0502", "E0525", "E0525"];
        assert_eq!(codes, expected, "{said:#?}");
        assert!(said[1].contains("`index` (`add_condition`)"), "{said:#?}");
        assert_eq!(import("a: b\n").1, ["E0514 this is no processing pipeline of pySigma"]);
    }
}
