//! Platform files, whole: what they resolve to and what is wrong with broken ones.

use super::*;
use crate::source::SourceId;
use crate::taxonomy::Type;

const SCHEMA: &str = "T:\n  time: When\n  text: Kind Key Name Data Host\n  integer: Id\n  \
                      \"text[]\": Many\n  opaque: Bag\n";

fn layer(source: u32, text: String) -> Layer {
    Layer { source: SourceId(source), text: text.into() }
}

/// The platform with these parts and this entry for `windows/registry_set`.
fn platform(parts: &str, entry: &str) -> (Platform, Vec<(&'static str, String)>) {
    let text = format!(
        "platform: p\ntitle: P\ntargets: [kql]\nschema: p\n{parts}\
         logsources:\n  windows/registry_set:\n{entry}"
    );
    let mut found = Diagnostics::default();
    let platform = Platform::open(layer(0, text), Vec::new(), Some(SCHEMA), &mut found);
    platform.prove(&mut found);
    let errors = found.into_sorted().into_iter().map(|found| (found.code.id(), found.message));
    (platform, errors.collect())
}

fn resolved(parts: &str, entry: &str, field: &str) -> Resolved {
    let (platform, errors) = platform(parts, entry);
    assert_eq!(errors, []);
    platform.resolve("windows/registry_set", 0, field).unwrap().clone()
}

fn text(name: &str) -> Column {
    Column { name: name.to_owned(), ty: ColumnType::Text, multi: false }
}

#[test]
fn the_schema_for_editors_has_the_keys_of_a_place() {
    let schema = include_str!("../../docs/schemas/platform.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let place = schema["definitions"]["place"]["properties"].as_object().unwrap();
    let known: std::collections::BTreeSet<&str> = place.keys().map(String::as_str).collect();
    assert_eq!(known, place::KEYS.into_iter().collect());
}

#[test]
fn rows_are_told_by_another_table() {
    let defender = load("defender-xdr").unwrap();
    let among = defender.places("linux/process_creation")[0].place.among.as_ref().unwrap();
    assert_eq!((among.column.name.as_str(), among.table.as_str()), ("DeviceId", "DeviceInfo"));
    assert_eq!(among.conditions[0].any_of, ["Linux"]);
}

#[test]
fn a_place_takes_over_parts_and_its_own_keys_win() {
    let parts = "parts:\n  a:\n    time: When\n    from: T\n    same: [Details, User]\n    \
                 absent: [User]\n    fields: {Computer: Name, Image: Key}\n  b:\n    use: [a]\n    \
                 where: {Kind: [x, y]}\n    fields: {Computer: Host}\n";
    let entry = "    use: [b]\n    not: {Host: z}\n    spelt: Data\n    identity: [Id]\n    \
                 absent: [Image]\n";
    let (platform, errors) = platform(parts, entry);
    assert_eq!(errors, []);
    assert_eq!(platform.logsources().collect::<Vec<_>>(), ["windows/registry_set"]);
    let [source] = platform.places("windows/registry_set") else { panic!("one place") };
    assert_eq!(source.fields.keys().collect::<Vec<_>>(), ["Computer", "Details"]);
    assert_eq!(source.fields["Computer"].value, Scalar::Column(text("Host")));
    assert_eq!(source.fields["Computer"].ty, Type::Domain);
    let place = &source.place;
    assert_eq!((place.table.as_str(), place.category.as_str()), ("T", "any"));
    assert_eq!(place.time.ty, ColumnType::Time);
    assert_eq!(place.identity[0].name, "Id");
    let values = |at: usize| {
        let condition = &place.conditions[at];
        (condition.column.name.as_str(), condition.any_of.join(" "), condition.negated)
    };
    assert_eq!(values(0), ("Kind", "x y".to_owned(), false));
    assert_eq!(values(1), ("Host", "z".to_owned(), true));
}

#[test]
fn expressions_become_scalars() {
    let parts = "rewrites:\n  r:\n    - ['^A(B?)', 'C$1']\n";
    let entry = "    from: T\n    time: When\n    fields:\n      TargetObject: {join: [Key, '\\', \
                 {column: Name, default: (Default)}], rewrite: r, nulls: ['\\']}\n      Details: \
                 {case: [{where: {Kind: d}, then: {hex: Data, digits: 8}}, {then: {text: x}}], \
                 lacks: [y]}\n";
    let object = resolved(parts, entry, "TargetObject");
    let name = Scalar::Default(Box::new(Scalar::Column(text("Name"))), "(Default)".into());
    let join = Scalar::Join(vec![Scalar::Column(text("Key")), Scalar::Constant("\\".into()), name]);
    let replacement = vec![Piece::Text("C".into()), Piece::Group(1)];
    let rewrite = Rewrite::new("^A(B?)", replacement);
    assert_eq!(object.value, Scalar::Rewrite(Box::new(join), vec![rewrite]));
    assert_eq!((object.ty, object.null_values), (Type::RegistryPath, vec!["\\".to_owned()]));

    let details = resolved(parts, entry, "Details");
    let is_d = Condition { column: text("Kind"), any_of: vec!["d".into()], negated: false };
    let hex = Scalar::Hex(Box::new(Scalar::Column(text("Data"))), 8);
    let cases = vec![(vec![is_d], hex), (vec![], Scalar::Constant("x".into()))];
    assert_eq!(details.value, Scalar::Case(cases));
    assert_eq!(details.lacks, ["y"]);

    let entry = "    from: T\n    time: When\n    fields: {Image: {json: Data, member: i}}\n";
    let image = resolved("", entry, "Image");
    assert_eq!(image.value, Scalar::Member(text("Data"), Member::Json(vec!["i".into()])));
}

#[test]
fn mistakes_are_reported_with_their_code() {
    let place = |rest: &str| format!("    from: T\n    time: When\n{rest}");
    let field = |rest: &str| place(&format!("    fields: {{{rest}}}\n"));
    let cases = [
        (place("    fields: [a]\n"), "E0504"),
        (place("    same: some\n"), "E0504"),
        (place("    use: a\n"), "E0504"),
        (place("    absent: {}\n"), "E0504"),
        (place("    spelt: [x]\n"), "E0504"),
        (field("Image: Kee"), "E0505"),
        (field("Image: Bag"), "E0505"),
        (field("Image: Many"), "E0506"),
        (field("Image: Id"), "E0506"),
        (field("ProcessId: {join: [Id, '-']}"), "E0506"),
        (field("ProcessId: {text: x}"), "E0506"),
        (field("Imag: Key"), "E0301"),
        (field("Image: {join: [Key, Nmae]}"), "E0505"),
        (field("Image: {column: Key, rewrites: r}"), "E0504"),
        (field("Image: {column: Key, rewrite: r}"), "E0504"),
        (field("Image: {column: Key, join: [Key]}"), "E0504"),
        (field("Image: {default: x}"), "E0504"),
        (field("Image: {case: [{where: {Kind: x}}]}"), "E0504"),
        (field("Image: {hex: Data, digits: many}"), "E0504"),
        (field("Image: [Key]"), "E0504"),
        (field("Image: {json: Key}"), "E0504"),
        (field("Image: {json: Id, member: x}"), "E0506"),
        (place("    where: {Knid: x}\n"), "E0505"),
        (place("    where: Kind\n"), "E0504"),
        (place("    same: [Detials]\n"), "E0301"),
        (place("    same: [Details]\n"), "E0505"),
        (place("    use: [nobody]\n"), "E0504"),
        (place("    form: T\n"), "E0504"),
        ("    from: T\n".to_owned(), "E0504"),
        ("    from: T\n    time: Name\n".to_owned(), "E0506"),
        ("    from: U\n    time: When\n".to_owned(), "E0505"),
        ("    text\n".to_owned(), "E0504"),
    ];
    for (entry, code) in cases {
        let (platform, errors) = platform("", &entry);
        assert!(errors.iter().any(|(found, _)| *found == code), "{code} for {entry}{errors:?}");
        // It still can be asked.
        let _ = platform.resolve("windows/registry_set", 0, "Image");
    }
}

#[test]
fn nested_and_circular_files_end() {
    let parts = "parts:\n  a: {use: [b]}\n  b: {use: [a, a]}\n";
    let (_, errors) = platform(parts, "    use: [a]\n");
    assert!(errors.iter().any(|(_, message)| message.contains("circle")), "{errors:?}");
    let deep = "{join: [".repeat(20) + "Key" + &"]}".repeat(20);
    let entry = format!("    from: T\n    time: When\n    fields: {{Image: {deep}}}\n");
    assert!(!platform("", &entry).1.is_empty());
}

#[test]
fn what_is_not_held_is_nothing() {
    let xdr = load("defender-xdr").unwrap();
    assert!(xdr.places("windows/service:security").is_empty());
    assert!(xdr.resolve("windows/image_load", 0, "ProcessGuid").is_none());
    assert!(xdr.resolve("windows/image_load", 1, "Image").is_none());
    assert!(load("defender-xrd").is_none());
}

#[test]
fn splunk_and_winlogbeat_hold_the_same_fields_of_sysmon() {
    let (splunk, elastic) = (load("splunk-ta").unwrap(), load("elastic-winlogbeat").unwrap());
    let logsources = |platform: &Platform| -> BTreeSet<String> {
        let windows = platform.logsources().filter(|key| key.starts_with("windows/"));
        windows.map(str::to_owned).collect()
    };
    assert_eq!(logsources(&splunk), logsources(&elastic));
    // What Splunk's add-on takes out of `Hashes`, what XML events show in another form, and names
    // that mean two things in Splunk.
    let differ = [
        "Imphash", "md5", "sha1", "sha256", "Keywords", "Level", "Opcode", "Task", "Name",
        "Version",
    ];
    let fields = |platform: &Platform, key: &str| -> BTreeSet<String> {
        let names = platform.fields(key).filter(|name| !differ.contains(name));
        names.map(str::to_owned).collect()
    };
    for key in logsources(&splunk).iter().filter(|key| !key.contains("service:")) {
        assert_eq!(fields(&splunk, key), fields(&elastic, key), "{key}");
    }
}

#[test]
fn fields_are_those_that_every_place_holds() {
    let xdr = load("defender-xdr").unwrap();
    let fields: Vec<_> = xdr.fields("windows/network_connection").collect();
    assert!(fields.contains(&"DestinationIp"));
    assert_eq!(xdr.places("windows/network_connection").len(), 2);
    assert_eq!(xdr.fields("windows/service:security").count(), 0);
}

#[test]
fn indexes_are_asked_for_at_every_place() {
    let indexes = ["win".to_owned(), "zeek".to_owned()];
    let splunk = load("splunk-ta").unwrap().within(&indexes).unwrap();
    let first = &splunk.places("windows/registry_set")[0].place.conditions[0];
    assert_eq!((first.column.name.as_str(), &first.any_of[..]), ("index", &indexes[..]));
    assert!(load("defender-xdr").unwrap().within(&indexes).is_none());
    assert!(load("defender-xdr").unwrap().within(&[]).is_some());
}

#[test]
fn the_example_of_the_documentation_is_a_platform() {
    let page = include_str!("../../docs/platform-files.md");
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (example, _) = rest.split_once("```\n").unwrap();
    let mut found = Diagnostics::default();
    let layer = layer(0, example.to_owned());
    let platform = Platform::parse(layer, Vec::new(), &mut found);
    assert_eq!(found.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), [""; 0]);
    let resolved = platform.as_ref().unwrap().resolve("windows/registry_set", 0, "TargetObject");
    assert!(matches!(resolved.unwrap().value, Scalar::Rewrite(..)));
}

#[test]
fn members_of_an_object_are_called_like_their_fields() {
    let sentinel = load("sentinel").unwrap();
    let image = sentinel.resolve("windows/image_load", 0, "ImageLoaded").unwrap();
    let Scalar::Member(column, Member::Json(member)) = &image.value else { panic!("{image:?}") };
    assert_eq!((column.name.as_str(), member.join(".").as_str()), ("EventData", "ImageLoaded"));
    assert!(sentinel.resolve("windows/service:security", 0, "LogonType").is_some());
    assert!(sentinel.resolve("windows/service:capi2", 0, "Data").is_none());
}
