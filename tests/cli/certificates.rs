//! `pivot` on a certificate whose names are hostile, `coverage` of the shipped packs, lists of a project.

use std::path::Path;

use super::{code, folder_with, run, stderr, stdout};

/// Names with quotes, pipes, wildcards and comments of every language.
const HOSTILE: &[u8] = include_bytes!("../conformance/hostile.pem");
const SHA1: &str = "07F0D512C68B9917D7878370297BD9BCF4939842";
const SHA256: &str = "b5e2e0bffb365cf8ae69b7d708c8e84fa2f961c724cbfa9124568797b4d8c11c";

#[test]
fn a_certificate_becomes_indicators_and_queries_in_which_its_names_stay_values() {
    let folder = folder_with(&[("hostile.pem", HOSTILE)]);
    let output = run(folder.path(), &["pivot", "hostile.pem", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(found["indicators"][0]["sha1"], SHA1.to_lowercase());
    assert_eq!(found["indicators"][0]["sha256"], SHA256);
    assert_eq!(found["indicators"][0]["band"], "monitor");
    let hunts = found["hunts"].as_array().unwrap();
    let queries = |key: &str, target: &str| -> Vec<String> {
        let of = hunts.iter().filter(|hunt| hunt["key"] == key);
        let of = of.flat_map(|hunt| hunt["queries"].as_array().unwrap());
        let of = of.filter(|query| query["target"] == target);
        of.flat_map(|query| query["queries"].as_array().unwrap())
            .map(|query| query.as_str().unwrap().to_owned())
            .collect()
    };
    assert!(queries("sha1", "kql").iter().any(|query| query.contains(SHA1)));
    assert!(queries("sha256", "splunk").iter().any(|query| query.contains(SHA256)));
    let signers = queries("subject", "splunk");
    assert!(signers.iter().any(|query| query.contains(r#"a\" or 1==1 | delete"#)), "{signers:?}");
    let blind = hunts.iter().filter(|hunt| hunt["key"] == "spki_sha256");
    assert!(blind.clone().count() == 1 && blind.clone().all(|hunt| hunt["rule"].is_null()));
}

#[test]
fn a_lookup_bridges_the_hashes_and_a_broken_block_is_a_finding() {
    let broken =
        [HOSTILE, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"].concat();
    let folder = folder_with(&[("hostile.pem", HOSTILE), ("broken.pem", &broken)]);
    let output = run(folder.path(), &["pivot", "hostile.pem", "--lookup"]);
    let text = stdout(&output);
    assert!(text.starts_with("sha1,sha256,spki_sha256,serial,subject_cn,issuer_cn\n"));
    assert!(text.contains(&format!("{},{SHA256},", SHA1.to_lowercase())), "{text}");
    let output = run(folder.path(), &["pivot", "broken.pem", "--lookup"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("error[E0903]"), "{}", stderr(&output));
    assert_eq!(stdout(&output), text);
}

#[test]
fn the_packs_are_covered_and_nothing_of_them_is_missing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for analytic in ["AN1246", "AN1976"] {
        let output = run(root, &["coverage", analytic, "--format", "json", "--retention", "30d"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(report["gaps"], serde_json::json!([]), "{analytic}");
        let own = report["own_sources"].to_string();
        assert!(own.contains("cannot be built from its own log sources"), "{own}");
    }
    let layer = run(root, &["coverage", "--format", "layer"]);
    let layer: serde_json::Value = serde_json::from_str(&stdout(&layer)).unwrap();
    assert_eq!(layer["domain"], "enterprise-attack");
    let unknown = run(root, &["coverage", "AN1247"]);
    assert_eq!(code(&unknown), 2);
    assert!(stderr(&unknown).contains("the nearest name is `AN1246`"), "{}", stderr(&unknown));
}

#[test]
fn the_day_of_a_review_changes_nothing_but_the_review() {
    let rule = b"rule r {\n  events:\n    module = windows/image_load where not Signature in $Signers\n\n                   condition:\n    module\n}\n";
    let project = b"rules = ['.']\n[lists]\nSigners = 's.csv'\n[environments.soc]\ntarget = 'splunk'\n                    platform = 'splunk-ta'\n";
    let list = b"kind,value,reason,owner,expires\nsigner,Contoso Ltd,ours,it,2026-11-28\n";
    let folder = folder_with(&[("r.weave", rule), ("sigweave.toml", project), ("s.csv", list)]);
    let check = |today: &str| stderr(&run(folder.path(), &["check", "--today", today]));
    assert!(!check("2026-11-28").contains("W0901"), "{}", check("2026-11-28"));
    assert!(check("2026-11-29").contains("W0901"), "{}", check("2026-11-29"));
    let query = stdout(&run(folder.path(), &["convert"]));
    assert!(query.contains("Contoso Ltd"), "{query}");
}
