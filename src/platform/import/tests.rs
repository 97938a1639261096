//! Dumps of every kind, whole and broken.

use super::*;
use crate::source::SourceMap;

fn import(kind: Kind, text: &str) -> (Vec<Table>, Vec<String>) {
    let mut sources = SourceMap::default();
    let id = sources.add("dump", text);
    let mut found = Diagnostics::default();
    let tables = read(kind, id, sources.text(id), &mut found);
    let said = found.into_sorted().into_iter();
    (tables, said.map(|found| format!("{} {}", found.code.id(), found.message)).collect())
}

fn sound(kind: Kind, text: &str) -> String {
    let (tables, said) = import(kind, text);
    assert_eq!(said, [""; 0]);
    overlay("ours", "p", "T", &tables)
}

const SCHEMA: &str = "overlay: ours\nplatform: p\n\ntables:\n  T:\n    complete: true\n    \
                      time: TimeGenerated\n    text: Account_s\n";

#[test]
fn every_way_to_ask_kusto_for_a_schema_gives_the_same() {
    let dumps = [
        "ColumnName,ColumnOrdinal,DataType,ColumnType\nTimeGenerated,0,System.DateTime,datetime\n\
         Account_s,1,System.String,string\n",
        "ColumnName\tDataType\nTimeGenerated\tSystem.DateTime\n\"Account_s\"\tSystem.String",
        r#"[{"ColumnName":"TimeGenerated","ColumnType":"datetime"},{"ColumnName":"Account_s","ColumnType":"string"}]"#,
        r#"{"Tables":[{"Columns":[{"ColumnName":"ColumnName"},{"ColumnName":"ColumnOrdinal"},{"ColumnName":"ColumnType"}],
            "Rows":[["TimeGenerated",0,"datetime"],["Account_s",1,"string"]]}]}"#,
        "{\"tables\":[{\"columns\":[{\"name\":\"ColumnName\"},{\"name\":\"ColumnType\"}],\n\t\
         \"rows\":[[\"TimeGenerated\",\"datetime\"],[\"Account_s\",\"string\"]]}]}",
        r#"{"Schema":[],"Results":[{"ColumnName":"TimeGenerated","ColumnType":"datetime"},
            {"ColumnName":"Account_s","ColumnType":"string"}]}"#,
    ];
    for dump in dumps {
        assert_eq!(sound(Kind::KustoGetschema, dump), SCHEMA, "{dump}");
    }
}

#[test]
fn a_mapping_is_read_index_by_index_with_subfields_and_aliases() {
    let dump = r#"{"a-1":{"mappings":{"properties":{"@timestamp":{"type":"date"},"host":{"properties":{
        "name":{"type":"keyword","fields":{"text":{"type":"text"}}},"ip":{"type":"ip"}}},
        "hostname":{"type":"alias","path":"host.name"}}}},"b":{"mappings":{"properties":{"n":{"type":"long"}}}}}"#;
    let expected = "overlay: ours\nplatform: p\n\ntables:\n  a-1:\n    time: \"@timestamp\"\n    \
                    text: host.name hostname\n    ip: host.ip\n    opaque: host.name.text\n  \
                    b:\n    integer: n\n";
    assert_eq!(sound(Kind::ElasticMapping, dump), expected);
}

#[test]
fn capabilities_say_the_type_unless_indices_differ() {
    let dump = r#"{"indices":["a"],"fields":{"host":{"object":{"type":"object"}},
        "host.name":{"keyword":{"type":"keyword","searchable":true}},
        "size":{"long":{"type":"long"},"unmapped":{"type":"unmapped"}},
        "code":{"long":{"type":"long"},"keyword":{"type":"keyword"}}}}"#;
    let (tables, said) = import(Kind::ElasticFieldCaps, dump);
    let columns = vec![
        ("host.name".to_owned(), "text"),
        ("size".to_owned(), "integer"),
        ("code".to_owned(), "opaque"),
    ];
    assert_eq!(tables[0].columns, columns);
    assert_eq!(
        said,
        ["W0502 queries cannot compare the column `code` of type `long` and `keyword`"]
    );
}

#[test]
fn fields_of_splunk_are_text() {
    let dump = "field,count,distinct_count,values\n_time,9,9,\"[{\"\"value\"\":\"\"1,2\"\"}]\"\n\
                user,9,2,\"a\nb\"\n";
    let expected = "overlay: ours\nplatform: p\n\ntables:\n  T:\n    time: _time\n    text: user\n";
    assert_eq!(sound(Kind::SplunkFieldsummary, dump), expected);
    let json = r#"{"results":[{"field":"_time","count":"9"},{"field":"user","count":"9"}]}"#;
    assert_eq!(sound(Kind::SplunkFieldsummary, json), expected);
}

#[test]
fn what_is_imported_is_a_schema() {
    let text = sound(Kind::KustoGetschema, "ColumnName,ColumnType\nA,string\nB,dynamic\nC,bool\n");
    assert!(text.ends_with("    text: A\n    boolean: C\n    dynamic: B\n"), "{text}");
}

#[test]
fn odd_dumps_are_told_apart_and_survived() {
    let mapping = r#"{"a":{"mappings":{"properties":{"n":{"type":"long"}}}}}"#;
    let (_, said) = import(Kind::KustoGetschema, mapping);
    assert_eq!(said, ["E0514 this is no dump of the kind `kusto-getschema`"]);
    for kind in Kind::ALL {
        for text in ["", "{", "[]", "{}", "a,b\n", "\"", "[1,[2]]", "{\"fields\":[]}", "\u{0}"] {
            let (tables, said) = import(kind, text);
            assert!(tables.is_empty() && !said.is_empty(), "{text} as {}", kind.name());
        }
    }
    let wide: String = (0..5_000).map(|at| format!("c{at},string\n")).collect();
    let (_, said) = import(Kind::KustoGetschema, &format!("ColumnName,ColumnType\n{wide}"));
    assert_eq!(said, ["E0515 a table has more than 4096 columns"]);
    let (tables, said) =
        import(Kind::KustoGetschema, "ColumnName,ColumnType\na b,string\nc,blob\n");
    assert_eq!(tables[0].columns, [("c".to_owned(), "opaque")]);
    assert_eq!(said.len(), 2, "{said:?}");
}
