//! What overlays change, and that what they do not change stays.

use super::*;
use crate::platform::{Layer, Scalar, text};
use crate::source::SourceId;

/// A shipped platform under overlays, and what is said about them.
fn layered(base: &str, overlays: &[&str]) -> (Option<Platform>, Vec<String>) {
    let layer = |source: u32, text: String| Layer { source: SourceId(source), text: text.into() };
    let base = layer(7, text(base).unwrap().to_owned());
    let overlays = (8..).zip(overlays).map(|(id, text)| layer(id, (*text).to_owned())).collect();
    let mut found = Diagnostics::default();
    let platform = Platform::parse(base, overlays, &mut found);
    let said = found.into_sorted().into_iter();
    (platform, said.map(|found| format!("{} {}", found.code.id(), found.message)).collect())
}

fn sound(base: &str, overlays: &[&str]) -> Platform {
    let (platform, said) = layered(base, overlays);
    assert_eq!(said, [""; 0]);
    platform.unwrap()
}

const XDR: &str = "overlay: ours\nplatform: [sentinel, defender-xdr]\n";
const ELASTIC: &str = "overlay: ours\nplatform: elastic-winlogbeat\n";

fn column(platform: &Platform, logsource: &str, field: &str) -> String {
    platform.resolve(logsource, 0, field).unwrap().value.to_string()
}

#[test]
fn the_example_of_the_documentation_is_an_overlay() {
    let page = include_str!("../../../docs/platform-files.md");
    let (_, rest) = page.split_once("```yaml\noverlay:").unwrap();
    let (example, _) = rest.split_once("```\n").unwrap();
    let platform = sound("elastic-winlogbeat", &[&format!("overlay:{example}")]);
    let place = &platform.places("windows/image_load")[0].place;
    assert_eq!(place.table, "logs-windows-*");
    let rows: Vec<String> = place.conditions.iter().map(ToString::to_string).collect();
    assert!(rows.contains(&"contoso.owner == 'soc'".to_owned()), "{rows:?}");
    assert_eq!(column(&platform, "windows/image_load", "Signature"), "winlog.event_data.Signer");
    assert_eq!(column(&platform, "windows/registry_set", "Computer"), "host.hostname");
    assert!(platform.resolve("windows/registry_set", 0, "EventRecordID").is_none());
    assert!(platform.places("windows/service:ldap").is_empty());
    assert_eq!(platform.places("windows/driver_load")[0].place.table, "logs-drivers-*");
    // What it does not mention is as before.
    assert_eq!(platform.places("zeek/service:ssl")[0].place.table, "filebeat-*");
}

#[test]
fn the_last_word_counts() {
    let one = format!("{XDR}parts:\n  actor:\n    fields: {{Image: InitiatingProcessFileName}}\n");
    let two = format!("{XDR}logsources:\n  windows/image_load:\n    fields: {{Image: FileName}}\n");
    let platform = sound("defender-xdr", &[&one, &two]);
    assert_eq!(column(&platform, "windows/image_load", "Image"), "FileName");
    assert_eq!(column(&platform, "windows/registry_set", "Image"), "InitiatingProcessFileName");
    // Only what every other place says is kept.
    assert_eq!(platform.places("windows/network_connection").len(), 2);
}

#[test]
fn new_log_sources_and_tables_are_held() {
    let overlay = format!(
        "{XDR}tables:\n  Contoso_CL:\n    time: TimeGenerated\n    text: [Host, Module]\n\
         logsources:\n  windows/file_rename:\n    from: Contoso_CL\n    time: TimeGenerated\n    \
         fields: {{Computer: Host, TargetFilename: Module}}\n"
    );
    let platform = sound("sentinel", &[&overlay]);
    assert!(platform.logsources().any(|key| key == "windows/file_rename"));
    assert_eq!(platform.places("windows/file_rename")[0].place.table, "Contoso_CL");
}

#[test]
fn columns_are_retyped_for_every_mapping() {
    let retyped = format!("{XDR}tables:\n  DeviceFileEvents:\n    text: InitiatingProcessId\n");
    let platform = sound("defender-xdr", &[&retyped]);
    let id = platform.resolve("windows/file_event", 0, "ProcessId").unwrap();
    let Scalar::Column(id) = &id.value else { panic!("{id:?}") };
    assert_eq!(id.ty, crate::platform::ColumnType::Text);
}

#[test]
fn new_names_follow_each_other_through_overlays() {
    let rename = |old: &str, new: &str| format!("{ELASTIC}rename:\n  columns: {{{old}: {new}}}\n");
    let (one, two) = (rename("winlog.channel", "log.a"), rename("log.a", "log.b"));
    let (platform, said) = layered("elastic-winlogbeat", &[&one, &two]);
    assert_eq!(said, ["E0513 no table of the platform has a column `log.a`"]);
    assert!(platform.is_none());
    let platform = sound("elastic-winlogbeat", &[&one]);
    let place = &platform.places("windows/image_load")[0].place;
    assert_eq!(place.conditions[0].column.name, "log.a");
}

#[test]
fn mistakes_of_overlays_have_their_code() {
    let cases = [
        ("platform: defender-xdr\nlogsources:\n  windows/dns_query: non\n", "E0504"),
        ("platform: defender-xdr\nparts:\n  nobody:\n    fields: {Imag: FileName}\n", "E0301"),
        ("platform: elastic-defend\n", "E0510"),
        ("", "E0510"),
        ("platform: defender-xdr\ntables:\n  DeviceEvents:\n    none: Nothing\n", "E0513"),
        ("platform: defender-xdr\ntables:\n  DeviceEvents:\n    text: A\n    time: A\n", "E0511"),
        (
            "platform: defender-xdr\nrename:\n  columns: {DeviceId: DeviceName, DeviceName: DeviceId}\n",
            "E0512",
        ),
        ("platform: defender-xdr\nrename: DeviceId\n", "E0504"),
        ("platform: defender-xdr\nrename: {columns: {DeviceId: [a]}}\n", "E0504"),
    ];
    for (overlay, code) in cases {
        let (_, said) = layered("defender-xdr", &[&format!("overlay: x\n{overlay}")]);
        assert!(said.iter().any(|said| said.starts_with(code)), "{code} for {overlay}: {said:?}");
    }
}

#[test]
fn odd_overlays_are_survived() {
    for overlay in [
        "",
        ":",
        "tables:\n  x\n",
        "tables:\n  DeviceEvents:\n",
        "rename:\n",
        "logsources:\n  '*': none\n",
    ] {
        let (_, said) = layered("defender-xdr", &[overlay]);
        assert!(!said.is_empty(), "{overlay}");
    }
}
