//! Lists as texts → entries, findings, and what a review of them says.

use super::*;
use crate::source::SourceMap;

const HEADER: &str = "kind,value,applies_to,reason,ticket,owner,created,expires,evidence\n";

fn read(text: &str) -> (Vec<Entry>, Vec<String>) {
    let mut sources = SourceMap::default();
    let id = sources.add("list.csv", text);
    let mut diagnostics = Diagnostics::default();
    let entries = parse(id, sources.text(id), &mut diagnostics);
    let said = |found: Diagnostic| format!("{} {}", found.code.id(), found.message);
    (entries, diagnostics.into_sorted().into_iter().map(said).collect())
}

#[test]
fn entries_are_typed_and_a_bad_one_costs_itself_only() {
    let rows = "sha1,abc,,r,,o,,,\n\
                sha1,CDD4EEAE6000AC7F40C3802C171E30148030C072,Root; E1,r,,o,,2027-01-01,\n\
                shaa1,x,,r,,o,,,\n\
                dest,300.1.1.1,,r,,o,,,\n\
                registry,HKLM\\x,,r,,o,,,\n\
                signer,Contoso,,r,,o,,31.12.2026,\n";
    let (entries, found) = read(&format!("{HEADER}{rows}"));
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].applies, ["Root", "E1"]);
    assert_eq!(
        found,
        [
            "E0902 `abc` is no value of the kind `sha1`",
            "E0902 there is no kind `shaa1` of entries",
            "E0902 `300.1.1.1` is no value of the kind `dest`",
            "E0902 `HKLM\\x` is no value of the kind `registry`",
            "E0902 `31.12.2026` is no date",
        ]
    );
}

#[test]
fn a_list_takes_the_entries_of_its_kind_and_class() {
    let rows = "signer,A,E4,r,,o,,,\nsigner,B,,r,,o,,,\nsigner,C,E5,r,,o,,,\npath,C:\\x,,r,,o,,,\n";
    let (entries, _) = read(&format!("{HEADER}{rows}"));
    let file = Spanned::new("x.csv".to_owned(), Span::default());
    let list = |kind, applies_to: Option<&str>| {
        let applies_to = applies_to.map(str::to_owned);
        ListFile { file: file.clone(), kind, applies_to }.values(&entries)
    };
    assert_eq!(list(Some(Kind::Signer), Some("e4")), ["A", "B"]);
    assert_eq!(list(Some(Kind::Path), None), ["C:\\x"]);
    assert_eq!(list(None, None).len(), 4);
}

#[test]
fn a_review_finds_what_an_auditor_would() {
    let rows = "path,C:\\Users\\*\\x.dll,,r,,o,,2026-01-01,\n\
                path,C:\\ProgramData\\x.dll,,r,,o,,2027-01-01,signer Contoso Ltd\n\
                actor,svchost.exe,,r,,o,,2027-01-01,\n\
                path,*\\x.dll,,r,,,,,\n";
    let (entries, _) = read(&format!("{HEADER}{rows}"));
    let found = review(&entries, jiff::civil::date(2026, 11, 28));
    let codes: Vec<_> = found.iter().map(|found| found.code.id()).collect();
    assert_eq!(codes, ["W0901", "W0904", "W0903", "W0902", "W0902", "W0905"]);
    let earlier = review(&entries, jiff::civil::date(2025, 1, 1));
    assert!(!earlier.iter().any(|found| found.code == Code::ExpiredEntry));
}

#[test]
fn a_header_that_is_none_is_explained() {
    let (entries, found) = read("kinds,value\nsha1,x\n");
    assert!(entries.is_empty());
    let said = ["E0901 a list has no column `kinds`", "E0901 a list needs the columns"];
    assert!(said.iter().all(|said| found.iter().any(|found| found.starts_with(said))), "{found:?}");
}
