//! Windows events: the rendered record as fields, and the log sources that a record belongs to.
//!
//! `{"Event": {"System": {"EventID": 13, "Channel": "Microsoft-Windows-Sysmon/Operational", …},
//! "EventData": {"TargetObject": …}}}` → fields `EventID`, `Channel`, `TargetObject`, …, and the log
//! sources `windows/registry_set`, `windows/registry_event`, `windows/service:sysmon`, `windows`.

use crate::engine::event::{Belongs, Rename, Value};

use super::json::{Json, Object, flatten, get};
use super::userdata;

/// What Security 4688 calls the fields of `windows/process_creation`.
const PROCESS_CREATION_4688: &[Rename] = &[
    ("Image", "NewProcessName"),
    ("LogonId", "SubjectLogonId"),
    ("ParentImage", "ParentProcessName"),
    ("ParentProcessId", "ProcessId"),
    ("ProcessId", "NewProcessId"),
    ("User", "SubjectUserName"),
];

/// Categories of Sysmon's events, by id. Registry keys (12) depend on the event's type as well.
const SYSMON: &[(i128, &[&str])] = &[
    (1, &["windows/process_creation"]),
    (2, &["windows/file_change"]),
    (3, &["windows/network_connection"]),
    (4, &["windows/sysmon_status"]),
    (5, &["windows/process_termination"]),
    (6, &["windows/driver_load"]),
    (7, &["windows/image_load"]),
    (8, &["windows/create_remote_thread"]),
    (9, &["windows/raw_access_thread"]),
    (10, &["windows/process_access"]),
    (11, &["windows/file_event"]),
    (13, &["windows/registry_set", "windows/registry_event"]),
    (14, &["windows/registry_rename", "windows/registry_event"]),
    (15, &["windows/create_stream_hash"]),
    (16, &["windows/sysmon_status"]),
    (17, &["windows/pipe_created"]),
    (18, &["windows/pipe_created"]),
    (19, &["windows/wmi_event"]),
    (20, &["windows/wmi_event"]),
    (21, &["windows/wmi_event"]),
    (22, &["windows/dns_query"]),
    (23, &["windows/file_delete"]),
    (24, &["windows/clipboard_capture"]),
    (25, &["windows/process_tampering"]),
    (26, &["windows/file_delete"]),
    (27, &["windows/file_block_executable"]),
    (28, &["windows/file_block_shredding"]),
    (29, &["windows/file_executable_detected"]),
    (255, &["windows/sysmon_error"]),
];

/// Categories of PowerShell's events, by service and id.
const POWERSHELL: &[(&str, i128, &str)] = &[
    ("windows/service:powershell", 4103, "windows/ps_module"),
    ("windows/service:powershell", 4104, "windows/ps_script"),
    ("windows/service:powershell-classic", 400, "windows/ps_classic_start"),
    ("windows/service:powershell-classic", 600, "windows/ps_classic_provider_start"),
    ("windows/service:powershell-classic", 800, "windows/ps_classic_script"),
];

/// Services by channel, in lower case.
const CHANNELS: &[(&str, &str)] = &[
    ("application", "windows/service:application"),
    ("directory service", "windows/service:ldap"),
    ("dns server", "windows/service:dns-server"),
    ("microsoft-iis-configuration/operational", "windows/service:iis-configuration"),
    ("microsoft-servicebus-client/admin", "windows/service:microsoft-servicebus-client"),
    ("microsoft-windows-applocker/exe and dll", "windows/service:applocker"),
    ("microsoft-windows-applocker/msi and script", "windows/service:applocker"),
    ("microsoft-windows-applocker/packaged app-deployment", "windows/service:applocker"),
    ("microsoft-windows-applocker/packaged app-execution", "windows/service:applocker"),
    ("microsoft-windows-appmodel-runtime/admin", "windows/service:appmodel-runtime"),
    ("microsoft-windows-appxdeploymentserver/operational", "windows/service:appxdeployment-server"),
    (
        "microsoft-windows-appxpackagingom/microsoft-windows-appxpackagingom",
        "windows/service:appxpackaging-om",
    ),
    ("microsoft-windows-appxpackaging/operational", "windows/service:appxpackaging-om"),
    ("microsoft-windows-bits-client/operational", "windows/service:bits-client"),
    ("microsoft-windows-capi2/operational", "windows/service:capi2"),
    (
        "microsoft-windows-certificateservicesclient-lifecycle-system/operational",
        "windows/service:certificateservicesclient-lifecycle-system",
    ),
    (
        "microsoft-windows-certificateservicesclient-lifecycle-user/operational",
        "windows/service:certificateservicesclient-lifecycle-user",
    ),
    ("microsoft-windows-codeintegrity/operational", "windows/service:codeintegrity-operational"),
    ("microsoft-windows-diagnosis-scripted/operational", "windows/service:diagnosis-scripted"),
    ("microsoft-windows-dns-client/operational", "windows/service:dns-client"),
    ("microsoft-windows-dns client events/operational", "windows/service:dns-client"),
    ("microsoft-windows-dnsserver/analytical", "windows/service:dns-server-analytic"),
    ("microsoft-windows-driverframeworks-usermode/operational", "windows/service:driver-framework"),
    ("microsoft-windows-ldap-client/debug", "windows/service:ldap"),
    ("microsoft-windows-lsa/operational", "windows/service:lsa-server"),
    ("microsoft-windows-ntlm/operational", "windows/service:ntlm"),
    ("microsoft-windows-powershell/operational", "windows/service:powershell"),
    ("microsoft-windows-printservice/admin", "windows/service:printservice-admin"),
    ("microsoft-windows-printservice/operational", "windows/service:printservice-operational"),
    ("microsoft-windows-security-mitigations/kernel mode", "windows/service:security-mitigations"),
    ("microsoft-windows-security-mitigations/user mode", "windows/service:security-mitigations"),
    ("microsoft-windows-shell-core/operational", "windows/service:shell-core"),
    ("microsoft-windows-smbclient/connectivity", "windows/service:smbclient-connectivity"),
    ("microsoft-windows-smbclient/security", "windows/service:smbclient-security"),
    ("microsoft-windows-smbserver/connectivity", "windows/service:smbserver-connectivity"),
    ("microsoft-windows-sysmon/operational", "windows/service:sysmon"),
    ("microsoft-windows-taskscheduler/operational", "windows/service:taskscheduler"),
    (
        "microsoft-windows-terminalservices-localsessionmanager/operational",
        "windows/service:terminalservices-localsessionmanager",
    ),
    ("microsoft-windows-windows defender/operational", "windows/service:windefend"),
    (
        "microsoft-windows-windows firewall with advanced security/firewall",
        "windows/service:firewall-as",
    ),
    ("microsoft-windows-wmi-activity/operational", "windows/service:wmi"),
    ("msexchange management", "windows/service:msexchange-management"),
    ("openssh/operational", "windows/service:openssh"),
    ("powershellcore/operational", "windows/service:powershell"),
    ("security", "windows/service:security"),
    ("system", "windows/service:system"),
    ("windows powershell", "windows/service:powershell-classic"),
];

/// Services by provider, in lower case, for events that were forwarded into another channel.
const PROVIDERS: &[(&str, &str)] = &[
    ("microsoft-windows-security-auditing", "windows/service:security"),
    ("microsoft-windows-sysmon", "windows/service:sysmon"),
    ("microsoft-windows-powershell", "windows/service:powershell"),
    ("powershell", "windows/service:powershell-classic"),
];

/// What shippers of Windows events call what they take from `System`: Winlogbeat, NXLog, the Windows
/// event collector's agents, PowerShell.
const SHIPPED: &[(&str, &[&str])] = &[
    ("Channel", &["winlog.channel", "LogName"]),
    ("Computer", &["winlog.computer_name", "Hostname", "MachineName"]),
    ("EventID", &["winlog.event_id", "EventId"]),
    ("Provider_Name", &["winlog.provider_name", "SourceName", "ProviderName"]),
];

/// Under which Winlogbeat holds the fields of an event's data.
const WINLOG_DATA: &[&str] = &["winlog.event_data.", "winlog.user_data."];

/// Whether an object is a rendered Windows event, and its `System` part.
pub(super) fn system(object: &[(String, Json)]) -> Option<&Json> {
    get(object, "Event").and_then(|event| event.get("System"))
}

/// The fields of a rendered Windows event.
pub(super) fn fields(object: Object) -> Vec<(String, Value)> {
    let mut fields = Vec::new();
    let event = object.into_iter().rev().find(|(key, _)| key == "Event");
    let Some((_, Json::Object(parts))) = event else { return fields };
    for (key, part) in parts {
        match (key.as_str(), part) {
            ("System", Json::Object(system)) => system_fields(system, &mut fields),
            ("EventData", part) => event_data(part, &mut fields),
            ("UserData", Json::Object(entries)) => {
                for (element, part) in entries {
                    match userdata::fields(&element, &part) {
                        Some(found) => fields.extend(found),
                        None => event_data(part, &mut fields),
                    }
                }
            }
            ("RenderingInfo", Json::Object(entries)) => {
                let mut texts = entries.into_iter();
                if let Some((_, Json::Scalar(message))) = texts.find(|(key, _)| key == "Message") {
                    fields.push(("Message".to_owned(), message));
                }
            }
            _ => {}
        }
    }
    fields
}

/// Gives the fields of an event that a shipper has laid out flat the names that Windows has for them.
pub(super) fn rename(fields: &mut Vec<(String, Value)>) {
    let says = |names: &[&str]| fields.iter().any(|(name, _)| names.contains(&name.as_str()));
    let known = ["Channel", "winlog.channel", "LogName", "SourceName", "ProviderName"];
    if !says(&known) {
        return;
    }
    let mut added = Vec::new();
    for (name, shipped) in SHIPPED {
        let found = shipped.iter().find_map(|shipped| field(fields, shipped));
        if let (None, Some(value)) = (field(fields, name), found) {
            added.push(((*name).to_owned(), value.clone()));
        }
    }
    for (name, _) in fields.iter_mut() {
        if let Some(rest) = WINLOG_DATA.iter().find_map(|prefix| name.strip_prefix(prefix)) {
            *name = rest.to_owned();
        }
    }
    fields.extend(added);
}

/// The log sources of a Windows event, from its channel, provider and id; none if they say nothing.
#[must_use]
pub(super) fn belongs(fields: &[(String, Value)]) -> Vec<Belongs> {
    let text = |name: &str| field(fields, name).and_then(Value::text);
    let channel = text("Channel").map(|channel| channel.to_lowercase());
    let provider = text("Provider_Name");
    let provider = provider.map(|provider| provider.to_lowercase());
    let service =
        look_up(PROVIDERS, provider.as_deref()).or_else(|| look_up(CHANNELS, channel.as_deref()));
    if channel.is_none() && service.is_none() {
        return Vec::new();
    }
    let id = field(fields, "EventID").and_then(Value::number);
    let mut belongs = vec![Belongs::new("windows")];
    if let Some(service) = service {
        belongs.push(Belongs::new(service));
        #[expect(clippy::cast_possible_truncation, reason = "event ids have 16 bits")]
        let id = id.map(|id| id as i128);
        belongs.extend(id.map(|id| categories(service, id, fields)).unwrap_or_default());
    }
    belongs
}

/// Adds the hashes that a list of hashes holds as fields of their own.
pub(super) fn spread_hashes(fields: &mut Vec<(String, Value)>) {
    let list = field(fields, "Hashes").or_else(|| field(fields, "Hash"));
    let Some(Value::Text(list)) = list else { return };
    let mut found: Vec<_> =
        hashes(list).map(|(name, hash)| (name.to_owned(), Value::from(hash))).collect();
    found.retain(|(name, _)| field(fields, name).is_none());
    fields.extend(found);
}

/// The hashes that a list holds, by the names of their fields.
pub(super) fn hashes(list: &str) -> impl Iterator<Item = (&'static str, &str)> {
    list.split(',').filter_map(|entry| {
        let (algorithm, hash) = entry.split_once('=')?;
        let names =
            [("MD5", "md5"), ("SHA1", "sha1"), ("SHA256", "sha256"), ("IMPHASH", "Imphash")];
        let is_named = |(known, _): &&(&str, &str)| known.eq_ignore_ascii_case(algorithm.trim());
        names.iter().find(is_named).map(|(_, name)| (*name, hash.trim()))
    })
}

fn categories(service: &str, id: i128, fields: &[(String, Value)]) -> Vec<Belongs> {
    let all = |categories: &[&'static str]| categories.iter().map(|of| Belongs::new(*of)).collect();
    match (service, id) {
        ("windows/service:sysmon", 12) => all(registry_keys(fields)),
        ("windows/service:sysmon", id) => {
            let found = SYSMON.iter().find(|(known, _)| *known == id);
            all(found.map_or(&[], |(_, categories)| categories))
        }
        ("windows/service:security", 4688) => {
            let mut belongs = Belongs::new("windows/process_creation");
            belongs.renames = PROCESS_CREATION_4688;
            vec![belongs]
        }
        (service, id) => {
            let found = POWERSHELL.iter().filter(|(of, known, _)| (*of, *known) == (service, id));
            found.map(|(_, _, category)| Belongs::new(*category)).collect()
        }
    }
}

/// Categories of Sysmon 12: a key was created, or a key or value deleted.
fn registry_keys(fields: &[(String, Value)]) -> &'static [&'static str] {
    let event_type = field(fields, "EventType").and_then(Value::text);
    match event_type.as_deref() {
        Some("CreateKey") => &["windows/registry_add", "windows/registry_event"],
        Some("DeleteKey" | "DeleteValue") => &["windows/registry_delete", "windows/registry_event"],
        _ => &["windows/registry_add", "windows/registry_delete", "windows/registry_event"],
    }
}

fn look_up(table: &[(&str, &'static str)], name: Option<&str>) -> Option<&'static str> {
    table.iter().find(|(known, _)| Some(*known) == name).map(|(_, service)| *service)
}

fn field<'f>(fields: &'f [(String, Value)], name: &str) -> Option<&'f Value> {
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

/// `System`: attributes become `Provider_Name`, `Execution_ProcessID` and so on.
fn system_fields(system: Object, fields: &mut Vec<(String, Value)>) {
    for (key, part) in system {
        let Json::Object(entries) = part else {
            flatten(key, part, fields);
            continue;
        };
        for (name, part) in entries {
            match (name.as_str(), part) {
                ("#attributes", Json::Object(attributes)) => attributes
                    .into_iter()
                    .for_each(|(name, value)| flatten(attribute(&key, &name), value, fields)),
                ("#text", part) => flatten(key.clone(), part, fields),
                (name, part) => {
                    flatten(attribute(&key, name.trim_start_matches('@')), part, fields);
                }
            }
        }
    }
}

fn attribute(element: &str, name: &str) -> String {
    match (element, name) {
        ("TimeCreated", "SystemTime") => "TimeCreated".to_owned(),
        _ => format!("{element}_{name}"),
    }
}

/// `EventData`: an object of fields, or a list of `Data` with or without names.
fn event_data(part: Json, fields: &mut Vec<(String, Value)>) {
    let Json::Object(entries) = part else { return };
    for (name, part) in entries {
        match (name.as_str(), part) {
            ("#attributes", _) => {}
            ("Data", Json::List(elements)) => data(elements, fields),
            ("Data", part @ Json::Object(_)) => data(vec![part], fields),
            (_, part) => flatten(name, part, fields),
        }
    }
}

/// Elements of `Data`; those without a name are the field `Data`.
fn data(elements: Vec<Json>, fields: &mut Vec<(String, Value)>) {
    let mut unnamed = Vec::new();
    for element in elements {
        let name = element
            .get("#attributes")
            .and_then(|of| of.get("Name"))
            .or_else(|| element.get("@Name"))
            .and_then(Json::text);
        let value = match &element {
            Json::Object(_) => element.get("#text").and_then(Json::scalar).cloned(),
            Json::Scalar(value) => Some(value.clone()),
            Json::List(_) => None,
        };
        match (name, value) {
            (Some(name), value) => fields.push((name, value.unwrap_or(Value::Null))),
            (None, Some(value)) => unnamed.push(value),
            (None, None) => {}
        }
    }
    if !unnamed.is_empty() {
        fields.push(("Data".to_owned(), Value::List(unnamed)));
    }
}
