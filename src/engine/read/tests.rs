//! Layouts, broken input, log sources and clocks.

use std::io::Write;

use proptest::prelude::{Strategy, prop, prop_assert_eq, proptest};

use super::*;

fn read(bytes: &[u8]) -> (Vec<Event>, ReadReport) {
    read_with(bytes, &ReadOptions::default())
}

fn read_with(bytes: &[u8], options: &ReadOptions) -> (Vec<Event>, ReadReport) {
    let mut reader = EventReader::new(bytes, "e.json", options);
    let events = reader.by_ref().collect();
    (events, reader.report().clone())
}

fn lines(bytes: &[u8]) -> Vec<u64> {
    read(bytes).0.iter().map(|event| event.origin.line).collect()
}

fn sources(event: &Event) -> Vec<&str> {
    event.belongs.iter().map(|belongs| belongs.logsource.as_ref()).collect()
}

const SYSMON_13: &str = r##"{
  "Event": {
    "System": {
      "Provider": { "#attributes": { "Name": "Microsoft-Windows-Sysmon" } },
      "EventID": { "#attributes": { "Qualifiers": 1 }, "#text": 13 },
      "TimeCreated": { "#attributes": { "SystemTime": "2026-03-29T09:34:26.5Z" } },
      "Channel": "Microsoft-Windows-Sysmon/Operational",
      "Computer": "ws01"
    },
    "EventData": { "UtcTime": "2026-03-29 09:34:25.019", "TargetObject": "HKLM\\x" }
  }
}
"##;

#[test]
fn a_windows_event_has_its_fields_its_clock_and_all_its_log_sources() {
    let (events, report) = read(SYSMON_13.as_bytes());
    let [event] = events.as_slice() else { panic!("{report:?}") };
    assert_eq!(event.time, Some(1_774_776_865_019));
    assert_eq!(event.get("EventID"), Some(&Value::Integer(13)));
    assert_eq!(event.get("Provider_Name"), Some(&"Microsoft-Windows-Sysmon".into()));
    assert_eq!(event.get("TargetObject"), Some(&r"HKLM\x".into()));
    assert_eq!(event.get("Computer"), Some(&"ws01".into()));
    let expected =
        ["windows", "windows/service:sysmon", "windows/registry_set", "windows/registry_event"];
    assert_eq!(sources(event), expected);
}

#[test]
fn objects_are_found_in_every_layout() {
    for (text, expected) in [
        ("{\"a\":1}\n{\"a\":2}\n", vec![1, 2]),
        ("\n{\"a\":1}\r\n\r\n{\"a\":2}", vec![2, 4]),
        ("{\"a\":1}{\"a\":2}", vec![1, 1]),
        ("{\n \"a\": {\n  \"b\": \"}\\\"{\"\n }\n}\n{\n \"a\": 2\n}\n", vec![1, 6]),
        ("[\n  {\"a\": 1},\n  {\"a\": 2}\n]\n", vec![2, 3]),
        ("[{\"a\":1},{\"a\":2}]", vec![1, 1]),
        ("\u{feff}{\"a\":1}", vec![1]),
        ("", vec![]),
        ("[]", vec![]),
    ] {
        assert_eq!(lines(text.as_bytes()), expected, "{text}");
        assert_eq!(read(text.as_bytes()).1.broken, 0, "{text}");
    }
}

#[test]
fn a_broken_object_costs_only_itself() {
    for (text, expected, broken) in [
        ("{\"a\":1}\n{\"a\":\n{\"a\":3}\n", vec![1, 3], 2),
        ("{\"a\":1}\n{\"a\":\"x\n{\"a\":3}\n", vec![1, 3], 2),
        ("{\"a\":1}\nhello\n{\"a\":3}\n", vec![1, 3], 2),
        ("{\"a\":1}\n{\"a\":1,}\n{\"a\":3}\n", vec![1, 3], 2),
        ("{\"a\":1}\n{\"a\":3", vec![1], 2),
        ("[1]\n{\"a\":1}", vec![2], 1),
    ] {
        let (events, report) = read(text.as_bytes());
        let found: Vec<_> = events.iter().map(|event| event.origin.line).collect();
        assert_eq!(found, expected, "{text}");
        assert_eq!((report.broken, report.problems.len()), (1, 1), "{text}: {report:?}");
        assert_eq!(report.problems[0].line, broken, "{text}");
    }
}

#[test]
fn lines_beyond_the_limit_deep_nesting_and_wrong_bytes_are_survived() {
    let mut bytes = b"{\"a\": \"".to_vec();
    bytes.resize(MOST_BYTES + 100, b'x');
    bytes.extend(b"\"}\n{\"a\":2}\n");
    bytes.extend("[".repeat(100_000).bytes());
    bytes.extend(b"\n{\"b\":");
    bytes.extend("[".repeat(100_000).bytes());
    bytes.extend("]".repeat(100_000).bytes());
    bytes.extend(b"}\n{\"a\":\"\xff\xfe\"}\n");
    let (events, report) = read(&bytes);
    assert_eq!(events.iter().map(|event| event.origin.line).collect::<Vec<_>>(), [2, 5]);
    assert_eq!(
        (report.broken, report.repaired, report.events),
        (2, Tally { count: 1, first: 5 }, 2),
        "{report:?}"
    );
}

#[test]
fn gzip_is_unpacked_and_a_truncated_one_gives_what_it_holds() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let text: String =
        (0..20_000).map(|at| format!("{{\"a\":{}}}\n", at * 7919 % 10_007)).collect();
    packed.write_all(text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(read(&packed).1.events, 20_000);
    let (events, report) = read(&packed[..packed.len() / 2]);
    assert!(!events.is_empty() && events.len() < 20_000);
    assert!(report.broken > 0, "{report:?}");
}

#[test]
fn log_sources_come_from_the_event_before_the_caller() {
    let options = ReadOptions { logsource: Some("linux/process_creation".into()), held: 0 };
    for (json, first) in [
        (
            r#"{"logsource": {"product": "windows", "service": "security"}}"#,
            "windows/service:security",
        ),
        (r#"{"logsource": {"product": "Windows", "category": ""}}"#, "windows"),
        (r#"{"logsource": "windows/image_load"}"#, "windows/image_load"),
        (
            r#"{"logsource.product": "windows", "logsource.category": "image_load"}"#,
            "windows/image_load",
        ),
        (r#"{"_path": "ssl", "ts": 1.5}"#, "zeek/service:ssl"),
        (r#"{"a": 1}"#, "linux/process_creation"),
    ] {
        let (events, _) = read_with(json.as_bytes(), &options);
        assert_eq!(sources(&events[0])[0], first, "{json}");
    }
    assert_eq!(read(b"{\"a\":1}").1.homeless, Tally { count: 1, first: 1 });
}

#[test]
fn shippers_windows_events_have_the_names_of_windows() {
    let winlogbeat = r#"{"@timestamp": "2026-01-01T00:00:00Z", "winlog": {"channel": "Security",
        "provider_name": "Microsoft-Windows-Security-Auditing", "event_id": "4688",
        "computer_name": "h", "event_data": {"NewProcessName": "a.exe"}}}"#;
    let nxlog = r#"{"EventTime": "2026-01-01 00:00:00", "Channel": "Security", "EventID": 4688,
        "SourceName": "Microsoft-Windows-Security-Auditing", "Hostname": "h",
        "NewProcessName": "a.exe"}"#;
    let dotted = r#"{"@timestamp": 1767225600, "winlog.channel": "Security", "winlog.event_id": 4688,
        "winlog.event_data.NewProcessName": "a.exe", "winlog.computer_name": "h"}"#;
    for json in [winlogbeat, nxlog, dotted] {
        let (events, report) = read(json.as_bytes());
        let [event] = events.as_slice() else { panic!("{report:?}") };
        assert_eq!(event.time, Some(1_767_225_600_000), "{json}");
        assert_eq!(event.get("NewProcessName"), Some(&"a.exe".into()), "{json}");
        assert_eq!(event.get("Computer"), Some(&"h".into()), "{json}");
        assert!(sources(event).contains(&"windows/process_creation"), "{json}");
    }
    let (events, _) = read(br#"{"Hostname": "h", "logsource": "linux/service:sshd"}"#);
    assert_eq!(events[0].get("Computer"), None);
}

#[test]
fn a_file_in_utf_16_says_so_and_what_ends_a_file_is_said_after_many_problems() {
    let (_, report) = read(b"\xff\xfe{\0}\0\n\0");
    assert_eq!(report.problems[0].message, "the file is in UTF-16: save it as UTF-8");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all("x\n".repeat(50_000).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let (_, report) = read(&packed[..packed.len() - 9]);
    assert_eq!(report.problems.len(), MOST_PROBLEMS + 1);
    assert!(report.problems[MOST_PROBLEMS].message.starts_with("reading stopped"));
}

#[test]
fn security_4688_is_a_process_creation_by_other_names() {
    let json = r#"{"Channel": "Security", "EventID": "4688", "NewProcessName": "a.exe",
        "ProcessId": "0x1", "NewProcessId": "0x2"}"#;
    let (events, _) = read(json.as_bytes());
    let belongs = events[0].belongs.iter();
    let view = belongs.clone().find(|of| of.logsource == "windows/process_creation").unwrap();
    assert_eq!(events[0].field(view.renames, "Image"), Some(&"a.exe".into()));
    assert_eq!(events[0].field(view.renames, "ProcessId"), Some(&"0x2".into()));
    assert_eq!(events[0].field(view.renames, "ParentProcessId"), Some(&"0x1".into()));
}

#[test]
fn unnamed_and_named_data_are_read() {
    let json = r##"{"Event": {"System": {"Channel": "Windows PowerShell", "EventID": 400},
        "EventData": {"Data": ["x", "HostName=y"]}}}"##;
    let (events, _) = read(json.as_bytes());
    assert_eq!(events[0].get("Data"), Some(&Value::List(vec!["x".into(), "HostName=y".into()])));
    assert!(sources(&events[0]).contains(&"windows/ps_classic_start"));
    let json = r##"{"Event": {"System": {"Channel": "System"}, "EventData": {"Data": [
        {"#attributes": {"Name": "ServiceName"}, "#text": "s"}]}}}"##;
    assert_eq!(read(json.as_bytes()).0[0].get("ServiceName"), Some(&"s".into()));
}

#[test]
fn zeek_logs_are_read_by_their_header() {
    let log = "#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tservice\n\
        #types\ttime\taddr\tstring\n1774776865.019000\t10.0.0.1\t-\n1\t2\n#close\n";
    let (events, report) = read(log.as_bytes());
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].time, Some(1_774_776_865_019));
    assert_eq!(events[0].origin.line, 5);
    assert_eq!(events[0].get("service"), Some(&Value::Null));
    assert_eq!(sources(&events[0]), ["zeek/service:conn", "service:conn", "zeek"]);
    assert_eq!(report.broken, 1);
}

#[test]
fn hash_lists_give_single_hashes() {
    let (events, _) = read(br#"{"Hashes": "MD5=AA,IMPHASH=BB", "md5": "CC"}"#);
    assert_eq!(events[0].get("md5"), Some(&"CC".into()));
    assert_eq!(events[0].get("Imphash"), Some(&"BB".into()));
}

/// Bytes that are mostly pieces of events, cut and joined at random.
fn scraps() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\n", "\r\n", "a", "1", "-", "1e999", "null",
            "{\"a\":1}\n", "{\"ts\":9223372036854775807}\n", "{\"Event\":{\"System\":{\"EventID\":",
            "#fields\tts\ta\n", "#separator \\x", "\t", "{\"logsource\":{\"product\":", "\u{feff}",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => Just(vec![0x1f, 0x8b, 8, 0]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest::proptest! {
    #[test]
    fn no_bytes_break_a_reader(bytes in scraps()) {
        let (events, report) = read(&bytes);
        proptest::prop_assert_eq!(events.len() as u64, report.events);
        let held: Vec<_> = Ordered::new(events.into_iter(), 3).collect();
        let outcome = crate::engine::run(&[], held, crate::engine::Options::default());
        proptest::prop_assert!(outcome.is_ok());
    }

    #[test]
    fn objects_come_through_any_line_breaks(
        values in proptest::collection::vec("[a-z{}\\[\\],: \"\\\\]{0,5}", 1..5),
        pretty in proptest::bool::ANY,
        array in proptest::bool::ANY,
    ) {
        let objects: Vec<_> =
            values.iter().map(|value| serde_json::json!({"v": value, "n": {"m": [1]}})).collect();
        let text = match (array, pretty) {
            (true, true) => serde_json::to_string_pretty(&objects).unwrap(),
            (true, false) => serde_json::to_string(&objects).unwrap(),
            (false, true) => {
                objects.iter().map(|o| serde_json::to_string_pretty(o).unwrap() + "\n").collect()
            }
            (false, false) => objects.iter().map(|o| o.to_string() + "\n").collect(),
        };
        let (events, report) = read(text.as_bytes());
        let found: Vec<_> = events.iter().map(|event| event.get("v").cloned().unwrap()).collect();
        let expected: Vec<_> = values.iter().map(|value| Value::from(value.as_str())).collect();
        proptest::prop_assert_eq!(found, expected);
        proptest::prop_assert_eq!(report.broken, 0);
    }
}

/// Members of flat objects, of which some say more than a field.
fn member() -> impl Strategy<Value = (&'static str, &'static str)> {
    let names = [
        "Channel",
        "Provider_Name",
        "EventID",
        "EventType",
        "LogName",
        "winlog.channel",
        "Hashes",
        "md5",
        "_path",
        "UtcTime",
        "ts",
        "a",
        "b",
        "a.b",
        "logsource.product",
    ];
    let values = [
        "1",
        "13",
        "1.5",
        "null",
        "true",
        "\"Security\"",
        "\"a\\\\b\"",
        "\"MD5=0A,SHA1=0b\"",
        "[1, \"x\"]",
        "[{\"a\": 1}]",
        "{\"b\": 2}",
        "\"Microsoft-Windows-Sysmon/Operational\"",
        "\"windows\"",
        "\"2026-01-01 00:00:00\"",
    ];
    (prop::sample::select(names.to_vec()), prop::sample::select(values.to_vec()))
}

proptest! {
    #[test]
    fn an_object_is_the_same_event_on_one_line_and_on_several(
        objects in prop::collection::vec(prop::collection::vec(member(), 0..7), 1..4),
    ) {
        let written = |between: &str| {
            let object = |members: &Vec<(&str, &str)>| {
                let members = members.iter().map(|(name, value)| format!("\"{name}\": {value}"));
                format!("{{{between}{}}}\n", members.collect::<Vec<_>>().join(", "))
            };
            objects.iter().map(object).collect::<String>()
        };
        let parts = |text: String| -> Vec<_> {
            let (events, report) = read(text.as_bytes());
            assert_eq!(report.broken, 0, "{text}");
            let part = |event: &Event| {
                let fields = event.fields().map(|(name, value)| (name.to_owned(), value.clone()));
                (event.time, event.belongs.clone(), fields.collect::<Vec<_>>())
            };
            events.iter().map(part).collect()
        };
        prop_assert_eq!(parts(written("")), parts(written("\n")));
    }
}

#[test]
fn log_sources_are_told_apart_by_the_fields_that_say_them() {
    let text = "{\"_path\": \"security\"}\n{\"Channel\": \"security\"}\n{\"Channel\": null}\n\
        {\"Channel\": \"\"}\n";
    let (events, _) = read(text.as_bytes());
    let found: Vec<_> = events.iter().map(sources).collect();
    let zeek = vec!["zeek/service:security", "service:security", "zeek"];
    assert_eq!(found, [zeek, vec!["windows", "windows/service:security"], vec![], vec!["windows"]]);
}
