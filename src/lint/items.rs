//! Detection items: every field key with its values, and event ids that a category stands for.

use super::{Context, lists, values};
use crate::check::logsource_parts;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast::{Detection, Item, LogSource, Search, ValueKind};
use crate::taxonomy::Type;

/// Sysmon's event ids and the categories that stand for them.
const SYSMON: &[(i64, &str)] = &[
    (1, "process_creation"),
    (2, "file_change"),
    (3, "network_connection"),
    (5, "process_termination"),
    (6, "driver_load"),
    (7, "image_load"),
    (8, "create_remote_thread"),
    (9, "raw_access_thread"),
    (10, "process_access"),
    (11, "file_event"),
    (12, "registry_event"),
    (13, "registry_event"),
    (14, "registry_event"),
    (15, "create_stream_hash"),
    (17, "pipe_created"),
    (18, "pipe_created"),
    (19, "wmi_event"),
    (20, "wmi_event"),
    (21, "wmi_event"),
    (22, "dns_query"),
    (23, "file_delete"),
    (25, "process_tampering"),
    (26, "file_delete"),
];

/// Event ids of other logs with their categories.
const OTHERS: &[(&str, i64, &str)] = &[
    ("powershell", 4103, "ps_module"),
    ("powershell", 4104, "ps_script"),
    ("powershell-classic", 400, "ps_classic_start"),
    ("powershell-classic", 600, "ps_classic_provider_start"),
    ("security", 4688, "process_creation"),
];

/// A detection item where it stands.
pub(super) struct At<'a> {
    /// The item.
    pub(super) item: &'a Item,
    /// The type of its field, if it is known.
    pub(super) ty: Option<&'a Type>,
    /// The text of its file.
    pub(super) text: &'a str,
}

impl At<'_> {
    /// Whether the item has this modifier.
    pub(super) fn has(&self, modifier: &str) -> bool {
        self.item.modifiers.iter().any(|found| found.node == modifier)
    }

    /// Whether its values are texts with wildcards, in a field.
    pub(super) fn is_text(&self) -> bool {
        const OTHERS: [&str; 20] = [
            "re",
            "cidr",
            "exists",
            "fieldref",
            "gt",
            "gte",
            "lt",
            "lte",
            "minute",
            "hour",
            "day",
            "week",
            "month",
            "year",
            "base64",
            "base64offset",
            "wide",
            "utf16",
            "utf16le",
            "utf16be",
        ];
        self.item.field.is_some() && !OTHERS.iter().any(|modifier| self.has(modifier))
    }
}

/// Looks at all items of a detection.
pub(super) fn check(
    detection: &Detection,
    logsource: Option<&LogSource>,
    text: &str,
    context: &Context<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let key = logsource.map(|source| logsource_parts(source).key()).unwrap_or_default();
    let source = context.taxonomy.get(&key);
    let mut visit = |item: &Item| {
        let name = item.field.as_ref().map(|field| field.node.as_str());
        let ty = name.zip(source).and_then(|(name, source)| source.field(name));
        let at = At { item, ty: ty.map(Type::element), text };
        values::check(&at, found);
        lists::check(&at, found);
        found.extend(logsource.and_then(|source| event_id(item, source)));
    };
    for selection in &detection.selections {
        each(&selection.search, &mut visit);
    }
}

fn each(search: &Search, visit: &mut impl FnMut(&Item)) {
    match search {
        Search::All(parts, _) | Search::Any(parts, _) => {
            parts.iter().for_each(|part| each(part, visit));
        }
        Search::Item(item) => visit(item),
    }
}

/// Event ids that a category stands for, or that the category decides already.
fn event_id(item: &Item, source: &LogSource) -> Option<Diagnostic> {
    let field = item.field.as_ref()?;
    let parts = logsource_parts(source);
    if parts.product != Some("windows") {
        return None;
    }
    if parts.category.is_some() {
        let decided = ["EventID", "Provider_Name"].contains(&field.node.as_str());
        return decided.then(|| {
            let message = format!("the category of the log source decides `{}`", field.node);
            Diagnostic::new(Code::RedundantEventId, field.span, message).help("leave it out")
        });
    }
    let service = parts.service.filter(|_| field.node == "EventID" && item.modifiers.is_empty())?;
    let category = |id: i64| match service {
        "sysmon" => SYSMON.iter().find(|(known, _)| *known == id).map(|(_, category)| *category),
        _ => OTHERS.iter().find(|(log, known, _)| (*log, *known) == (service, id)).map(|one| one.2),
    };
    let ids = item.values.iter().map(|value| match value.kind {
        ValueKind::Integer(id) => category(id),
        ValueKind::Text | ValueKind::Literal => value.text.parse().ok().and_then(category),
        ValueKind::Glob | ValueKind::Float(_) | ValueKind::Boolean(_) | ValueKind::Null => None,
    });
    let categories: Option<Vec<&str>> = ids.collect();
    let categories = categories?;
    let first = *categories.first()?;
    categories.iter().all(|category| *category == first).then(|| {
        let message = "the event ids are those of a category, which other sensors report, too";
        Diagnostic::new(Code::SpecificLogSource, item.span, message)
            .label(source.span, "asks for one log")
            .help(format!("write `category: {first}` instead of the service and the event id"))
    })
}
