//! Names of files and titles: how they are formed, and that none is taken twice.

use std::collections::BTreeMap;
use std::path::Path;

use super::Text;
use crate::check::logsource_parts;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::ast::Document;

/// How long a name may be, its extension included.
const LENGTH: std::ops::RangeInclusive<usize> = 10..=90;

/// What the keys of log sources begin with → what names of SigmaHQ's files begin with.
const PREFIXES: &[(&str, &str)] = &[
    ("aws", "aws_"),
    ("azure", "azure_"),
    ("bitbucket", "bitbucket_"),
    ("category:antivirus", "av_"),
    ("category:database", "db_"),
    ("category:dns", "net_dns_"),
    ("category:firewall", "net_firewall_"),
    ("category:proxy", "proxy_"),
    ("category:webserver", "web_"),
    ("cisco", "cisco_"),
    ("gcp", "gcp_"),
    ("github", "github_"),
    ("jvm", "java_"),
    ("kubernetes", "kubernetes_"),
    ("linux", "lnx_"),
    ("linux/file_event", "file_event_lnx_"),
    ("linux/network_connection", "net_connection_lnx_"),
    ("linux/process_creation", "proc_creation_lnx_"),
    ("linux/service:auditd", "lnx_auditd_"),
    ("m365", "microsoft365_"),
    ("macos/file_event", "file_event_macos_"),
    ("macos/process_creation", "proc_creation_macos_"),
    ("okta", "okta_"),
    ("onelogin", "onelogin_"),
    ("opencanary", "opencanary_"),
    ("rpc_firewall", "rpc_firewall_"),
    ("windows/create_remote_thread", "create_remote_thread_win_"),
    ("windows/create_stream_hash", "create_stream_hash_"),
    ("windows/dns_query", "dns_query_win_"),
    ("windows/driver_load", "driver_load_win_"),
    ("windows/file_access", "file_access_win_"),
    ("windows/file_change", "file_change_win_"),
    ("windows/file_delete", "file_delete_win_"),
    ("windows/file_event", "file_event_win_"),
    ("windows/file_executable_detected", "file_executable_detected_win_"),
    ("windows/file_rename", "file_rename_win_"),
    ("windows/image_load", "image_load_"),
    ("windows/network_connection", "net_connection_win_"),
    ("windows/pipe_created", "pipe_created_"),
    ("windows/process_access", "proc_access_win_"),
    ("windows/process_creation", "proc_creation_win_"),
    ("windows/process_tampering", "proc_tampering_"),
    ("windows/ps_classic", "posh_pc_"),
    ("windows/ps_module", "posh_pm_"),
    ("windows/ps_script", "posh_ps_"),
    ("windows/raw_access_thread", "raw_access_thread_"),
    ("windows/registry_add", "registry_add_"),
    ("windows/registry_delete", "registry_delete_"),
    ("windows/registry_event", "registry_event_"),
    ("windows/registry_set", "registry_set_"),
    ("windows/service:", "win_"),
    ("windows/service:powershell", "posh_"),
    ("windows/service:security", "win_security_"),
    ("windows/service:sysmon", "sysmon_"),
    ("windows/service:system", "win_system_"),
    ("windows/sysmon_", "sysmon_"),
    ("windows/wmi_event", "sysmon_wmi_"),
    ("zeek", "zeek_"),
];

/// Reports titles that another rule has.
pub(super) fn titles(documents: &[Document]) -> Vec<Diagnostic> {
    let mut known: BTreeMap<String, Span> = BTreeMap::new();
    let mut found = Vec::new();
    for title in documents.iter().filter_map(|document| document.meta().title.as_ref()) {
        if let Some(first) = known.get(&title.node.to_lowercase()) {
            found.push(
                Diagnostic::new(Code::DuplicateTitle, title.span, "another rule has this title")
                    .label(*first, "this one")
                    .help("say what sets the two apart"),
            );
        } else {
            known.insert(title.node.to_lowercase(), title.span);
        }
    }
    found
}

/// Reports names of files: of which there are two, and that are not formed as names are.
pub(super) fn names(documents: &[Document], sources: &SourceMap) -> Vec<Diagnostic> {
    let mut known: BTreeMap<&str, SourceId> = BTreeMap::new();
    let mut found = Vec::new();
    let mut last = None;
    for document in documents {
        let meta = document.meta();
        let id = meta.span.source;
        let Some(source) = sources.get(id).filter(|_| last.replace(id) != Some(id)) else {
            continue;
        };
        let Some(name) = file_name(&source.name) else { continue };
        let at = Text { text: &source.text, meta }.head();
        if let Some(first) = known.get(name).and_then(|id| sources.get(*id)) {
            let message = format!("another file is called `{name}`, too");
            let help = format!("`{}` is the other", first.name);
            found.push(Diagnostic::new(Code::DuplicateFileName, at, message).help(help));
        } else {
            known.insert(name, id);
        }
        found.extend(formed(document, name, at));
    }
    found
}

/// The name of a Sigma file.
fn file_name(path: &str) -> Option<&str> {
    let name = Path::new(path).file_name()?.to_str()?;
    (name.ends_with(".yml") || name.ends_with(".yaml")).then_some(name)
}

fn formed(document: &Document, name: &str, at: Span) -> Option<Diagnostic> {
    let (code, message, help) = match formation(document, name) {
        Some((message, help)) => (Code::FileName, message, help),
        None => {
            let prefix = prefix(document).filter(|prefix| !name.starts_with(prefix))?;
            let message = format!("the file `{name}` does not say its log source first");
            (Code::FileNamePrefix, message, format!("begin its name with `{prefix}`"))
        }
    };
    Some(Diagnostic::new(code, at, message).help(help))
}

fn formation(document: &Document, name: &str) -> Option<(String, String)> {
    let (stem, _) = name.rsplit_once('.')?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let kind = match document {
        Document::Correlation(_) => "mr_",
        Document::Filter(_) => "mf_",
        Document::Rule(_) | Document::Weave(_) => "",
    };
    if !LENGTH.contains(&name.len()) {
        let (least, most) = (LENGTH.start(), LENGTH.end());
        let message = format!("the file's name `{name}` has {} characters", name.len());
        Some((message, format!("use {least} to {most}, `.yml` included")))
    } else if !stem.chars().all(fits) || !name.ends_with(".yml") {
        let message = format!("the file's name `{name}` is not in lower case with underscores");
        Some((message, "use `a` to `z`, digits and `_`, then `.yml`".to_owned()))
    } else if !name.starts_with(kind) {
        let message = format!("the file's name `{name}` does not say that it is no rule");
        Some((message, format!("begin its name with `{kind}`")))
    } else {
        None
    }
}

/// What the name of a rule's file begins with.
fn prefix(document: &Document) -> Option<&'static str> {
    let Document::Rule(rule) = document else { return None };
    let key = logsource_parts(&rule.logsource).key();
    let fitting = PREFIXES.iter().filter(|(source, _)| key.starts_with(source));
    fitting.max_by_key(|(source, _)| source.len()).map(|(_, prefix)| *prefix)
}
