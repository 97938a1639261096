//! What a project file says, and what is said about it.

use super::*;
use crate::source::SourceMap;

fn read(text: &str) -> (Project, Vec<String>) {
    let mut sources = SourceMap::default();
    let id = sources.add(FILE_NAME, text);
    let mut diagnostics = Diagnostics::default();
    let project = parse(id, sources.text(id), None, &mut diagnostics);
    let found = diagnostics.into_sorted();
    (
        project,
        found.into_iter().map(|found| format!("{} {}", found.code.id(), found.message)).collect(),
    )
}

#[test]
fn a_project_has_rules_environments_and_parameters() {
    let (project, found) = read(
        "rules = ['a', 'b']\naccept = ['W0606']\n[environments.soc]\ntarget = 'kql'\n\
         platform = 'defender-xdr'\n[parameters]\nadmins = ['x', 'y']\n",
    );
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(project.rules.len(), 2);
    assert_eq!(project.accept, [Code::SimultaneousEvents]);
    assert_eq!(project.environments["soc"].platform.node, "defender-xdr");
    assert_eq!(project.parameters["admins"], ["x", "y"]);
}

#[test]
fn folders_stay_in_the_project_and_only_approximations_are_accepted() {
    let (project, found) = read("rules = ['../x', '/etc', 'a/b']\naccept = ['E0301']\n");
    assert_eq!(project.rules.len(), 1);
    let said = ["`../x` leads out of the project", "`/etc` leads", "`E0301` is no approximation"];
    assert!(said.iter().all(|said| found.iter().any(|found| found.contains(said))), "{found:?}");
}

#[test]
fn several_mistakes_are_several_errors() {
    let (project, found) =
        read("rulse = ['a']\naccept = ['W9999']\n[environments.soc]\ntarget = 5\n");
    assert_eq!(project.rules[0].node, "rules");
    assert_eq!(
        found,
        [
            "E0702 the project file has no key `rulse` here",
            "E0701 there is no code `W9999`",
            "E0701 an environment needs the key `platform`",
            "E0701 an environment needs the key `target`",
            "E0701 expected text in quotes, found a number",
        ]
    );
}

#[test]
fn an_environment_has_a_schedule_formats_and_an_output() {
    let (project, found) = read(
        "[environments.soc]\ntarget = 'kql'\nplatform = 'sentinel'\nschedule = '15m'\ndelay = '10m'\n\
         formats = ['sentinel-yaml']\nselect = { status = 'stable' }\nartifact = { author = 'Us' }\n",
    );
    assert_eq!(found, Vec::<String>::new());
    let soc = &project.environments["soc"];
    assert_eq!(soc.schedule.every.as_ref().unwrap().node.interval, 15 * MINUTE);
    assert_eq!(soc.schedule.delay.node, 10 * MINUTE);
    assert_eq!(soc.output.node, "build/soc");
    assert_eq!(soc.artifact["author"][0].node, "Us");
    assert!(soc.select.takes(Some("stable"), None, &[]));
}

#[test]
fn what_is_misspelt_in_an_environment_is_said() {
    let (_, found) = read(
        "[environments.soc]\ntarget = 'kql'\nplatform = 'sentinel'\nschedule = '0,5 * * * *'\ndelay = 'x'\n\
         output = '../out'\nselect = { status = 'stabel' }\nartifact = { autor = 'Us' }\n",
    );
    let codes: Vec<&str> = found.iter().filter_map(|found| found.get(..5)).collect();
    assert_eq!(codes, ["E0710", "E0710", "E0701", "E0701", "E0702"]);
}

#[test]
fn the_command_line_has_the_last_word() {
    let mut sources = SourceMap::default();
    let text = "[environments.soc]\ntarget = 'kql'\nplatform = 'sentinel'\nschedule = '15m'\n";
    let id = sources.add(FILE_NAME, text);
    let settings = ["environments.soc.schedule=5m", "environments.soc.delays=1m"];
    let text = Overrides::lines(&settings.map(str::to_owned)).unwrap();
    let source = sources.add("--set", text.clone());
    let mut diagnostics = Diagnostics::default();
    let overrides = Overrides { source, text };
    let project = parse(id, sources.text(id), Some(&overrides), &mut diagnostics);
    let soc = &project.environments["soc"];
    assert_eq!(soc.schedule.every.as_ref().unwrap().node.interval, 5 * MINUTE);
    assert_eq!(soc.target.node, "kql");
    let found = diagnostics.into_sorted();
    assert_eq!(found.len(), 1);
    let at = found[0].primary.span;
    assert_eq!(sources.text(at.source).get(at.range()), Some("delays"));
}

#[test]
fn the_schema_for_editors_has_the_same_keys() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/schemas/project.json")).unwrap();
    let keys = |at: &str| -> std::collections::BTreeSet<String> {
        schema.pointer(at).unwrap().as_object().unwrap().keys().cloned().collect()
    };
    let known = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    assert_eq!(keys("/properties"), known(&KEYS));
    let environment = "/properties/environments/additionalProperties/properties";
    assert_eq!(keys(environment), known(&environment::KEYS));
    assert_eq!(
        keys("/properties/lists/additionalProperties/anyOf/1/properties"),
        known(&list::KEYS)
    );
    let artifact = format!("{environment}/artifact/properties");
    assert_eq!(keys(&artifact), known(&environment::ARTIFACT_KEYS));
}
