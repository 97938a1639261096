//! Correlations: what the pipeline looks like. What it finds is checked by running it.

use super::*;
use crate::ir::Cond;
use crate::plan::{Before, Fire, Holds, Link, Mask, Start, Timeline};

fn link(needs: Vec<(Vec<usize>, u64)>, from: Option<usize>) -> Link {
    let before = |atom| Before { start: atom, end: atom, within: None, without: None };
    Link { needs, limits: vec![], from: from.map(before), soon: None }
}

/// Two patterns on two tables, keyed by device.
fn two_legs(starts: Vec<Start>, holds: Holds, fires: Vec<Fire>) -> Timeline {
    let keyed = |table: &str, pattern: usize, predicate: Predicate<Column>| {
        let mut keyed = leg(table, vec![], predicate);
        keyed.flags = keyed.flags.into_iter().map(|(_, flag)| (PatternId(pattern), flag)).collect();
        keyed.keys = vec![Some(text_column("DeviceName"))];
        keyed
    };
    Timeline {
        legs: vec![
            keyed("DeviceRegistryEvents", 0, ends("RegistryKey", r"\Root")),
            keyed("DeviceImageLoadEvents", 1, ends("FolderPath", ".dll")),
        ],
        chained: Vec::new(),
        patterns: vec!["root".to_owned(), "module".to_owned()],
        keys: vec!["Computer".to_owned()],
        bindings: Vec::new(),
        window: 600_000,
        skew: 0,
        cond: Cond::All(Vec::new()),
        overlaps: Vec::new(),
        masks: vec![Mask(vec![PatternId(0)]), Mask(vec![PatternId(1)])],
        starts,
        nexts: Vec::new(),
        values: Vec::new(),
        totals: Vec::new(),
        holds,
        fires,
        shows: Vec::new(),
    }
}

fn seen() -> Vec<Start> {
    vec![Start::Seen(vec![0]), Start::Seen(vec![1])]
}

fn fire(mask: usize, links: Vec<Link>) -> Fire {
    Fire { mask, links }
}

fn timeline(timeline: Timeline) -> PlanBody {
    PlanBody::Timeline(Box::new(timeline))
}

#[test]
fn both_in_any_order() {
    let holds = Holds::All(vec![Holds::Within(0, 600_000), Holds::Within(1, 600_000)]);
    let both = two_legs(seen(), holds, vec![fire(0, vec![]), fire(1, vec![])]);
    insta::assert_snapshot!(query(timeline(both)), @r#"
    let _never = datetime(1601-01-01);
    let _events0 = DeviceRegistryEvents
    | where RegistryKey endswith @"\Root"
    | project _time = bin(Timestamp, 1ms), _key0 = DeviceName, _mask = 1, Timestamp, ReportId = tolong(ReportId), DeviceId, DeviceName;
    let _events1 = DeviceImageLoadEvents
    | where FolderPath endswith ".dll"
    | project _time = bin(Timestamp, 1ms), _key0 = DeviceName, _mask = 2, Timestamp, ReportId = tolong(ReportId), DeviceId, DeviceName;
    union _events0, _events1
    | where isnotempty(_key0)
    | extend _choice0 = iff(_mask in (1, 2), strcat("1", ReportId, DeviceId, DeviceName), "")
    | summarize _count0 = countif(_mask == 1), _count1 = countif(_mask == 2), arg_max(_choice0, Timestamp, ReportId, DeviceId, DeviceName) by _key0, _time
    | sort by _key0 asc, _time asc
    | extend _same = prev(_key0) == _key0
    | scan with_match_id=_match declare (_start0:datetime, _start1:datetime) with (
        step _step: true =>
          _start1 = iff(_count1 > 0, _time, iff(_same, _step._start1, _never)),
          _start0 = iff(_count0 > 0, _time, iff(_same, _step._start0, _never));
      )
    | where _time - _start0 <= 10m and _time - _start1 <= 10m
    | extend _fired0 = _count0 + _count1
    | where _fired0 > 0
    | summarize _first = min(Timestamp), _last = max(Timestamp), _firings = sum(_fired0), _seen0 = max(iff(_time - _start0 <= 10m, 1, 0)), _seen1 = max(iff(_time - _start1 <= 10m, 1, 0)), arg_max(Timestamp, ReportId, DeviceId, DeviceName) by _key0
    | project Timestamp, ReportId, DeviceId, DeviceName, Computer = _key0, FirstFiring = _first, LastFiring = _last, Firings = _firings, Seen = trim_end(", ", strcat(iff(_seen0 == 1, "root, ", ""), iff(_seen1 == 1, "module, ", "")))
    "#);
}

#[test]
fn one_then_the_other() {
    let links = vec![link(vec![], Some(0)), link(vec![(vec![0], 1)], None)];
    let ordered = two_legs(seen(), Holds::All(vec![]), vec![fire(1, links)]);
    insta::assert_snapshot!(query(timeline(ordered)), @r#"
    let _never = datetime(1601-01-01);
    let _events0 = DeviceRegistryEvents
    | where RegistryKey endswith @"\Root"
    | project _time = bin(Timestamp, 1ms), _key0 = DeviceName, _mask = 1, Timestamp, ReportId = tolong(ReportId), DeviceId, DeviceName;
    let _events1 = DeviceImageLoadEvents
    | where FolderPath endswith ".dll"
    | project _time = bin(Timestamp, 1ms), _key0 = DeviceName, _mask = 2, Timestamp, ReportId = tolong(ReportId), DeviceId, DeviceName;
    union _events0, _events1
    | where isnotempty(_key0)
    | extend _choice0 = iff(_mask == 2, strcat("1", ReportId, DeviceId, DeviceName), "")
    | summarize _count0 = countif(_mask == 1), _count1 = countif(_mask == 2), arg_max(_choice0, Timestamp, ReportId, DeviceId, DeviceName) by _key0, _time
    | sort by _key0 asc, _time asc
    | extend _same = prev(_key0) == _key0
    | scan with_match_id=_match declare (_before0:datetime, _start0:datetime, _start1:datetime) with (
        step _step: true =>
          _before0 = iff(_same, _step._start0, _never),
          _start1 = iff(_count1 > 0, _time, iff(_same, _step._start1, _never)),
          _start0 = iff(_count0 > 0, _time, iff(_same, _step._start0, _never));
      )
    | extend _fired0 = iff(_time - _before0 <= 10m or _count0 >= 1, _count1, 0)
    | where _fired0 > 0
    | summarize _first = min(Timestamp), _last = max(Timestamp), _firings = sum(_fired0), _seen0 = max(iff(_time - _start0 <= 10m, 1, 0)), _seen1 = max(iff(_time - _start1 <= 10m, 1, 0)), arg_max(Timestamp, ReportId, DeviceId, DeviceName) by _key0
    | project Timestamp, ReportId, DeviceId, DeviceName, Computer = _key0, FirstFiring = _first, LastFiring = _last, Firings = _firings, Seen = trim_end(", ", strcat(iff(_seen0 == 1, "root, ", ""), iff(_seen1 == 1, "module, ", "")))
    "#);
}

/// An event of both patterns follows another one, never itself, so its mask has its own condition.
#[test]
fn events_of_both_patterns_have_their_own_links() {
    let links = |number| vec![link(vec![], Some(0)), link(vec![(vec![0, 1], number)], None)];
    let starts = vec![
        Start::Seen(vec![0, 1]),
        Start::Seen(vec![1, 2]),
        Start::Chain(vec![link(vec![(vec![1, 2], 1)], Some(0)), link(vec![(vec![1], 2)], None)]),
    ];
    let mut ordered =
        two_legs(starts, Holds::All(vec![]), vec![fire(1, links(2)), fire(2, links(1))]);
    let shared = ordered.legs.remove(0);
    let mut leg = Leg { keys: vec![], ..shared };
    leg.flags.push((PatternId(1), ends("RegistryKey", "2")));
    ordered.legs = vec![leg];
    ordered.keys = Vec::new();
    ordered.masks.insert(1, Mask(vec![PatternId(0), PatternId(1)]));
    insta::assert_snapshot!(query(timeline(ordered)), @r#"
    let _never = datetime(1601-01-01);
    DeviceRegistryEvents
    | where RegistryKey endswith @"\Root" or RegistryKey endswith "2"
    | project _time = bin(Timestamp, 1ms), _key0 = 0, _mask = iff(RegistryKey endswith @"\Root", 1, 0) + iff(RegistryKey endswith "2", 2, 0), Timestamp, ReportId, DeviceId, DeviceName
    | extend _choice0 = iff(_mask == 3, strcat("1", ReportId, DeviceId, DeviceName), ""), _choice1 = iff(_mask == 2, strcat("1", ReportId, DeviceId, DeviceName), "")
    | summarize _count0 = countif(_mask == 1), _count1 = countif(_mask == 3), _count2 = countif(_mask == 2), (_choice0, _event0_0, _event0_1, _event0_2, _event0_3) = arg_max(_choice0, Timestamp, ReportId, DeviceId, DeviceName), (_choice1, _event1_0, _event1_1, _event1_2, _event1_3) = arg_max(_choice1, Timestamp, ReportId, DeviceId, DeviceName) by _key0, _time
    | sort by _key0 asc, _time asc
    | extend _same = prev(_key0) == _key0
    | scan with_match_id=_match declare (_before0:datetime, _start0:datetime, _start1:datetime, _start2:datetime) with (
        step _step: true =>
          _before0 = iff(_same, _step._start0, _never),
          _start2 = max_of(iff(_same and _count1 + _count2 >= 1, _step._start0, _never), iff(_count1 >= 2, _time, _never), iff(_same, _step._start2, _never)),
          _start1 = iff(_count1 + _count2 > 0, _time, iff(_same, _step._start1, _never)),
          _start0 = iff(_count0 + _count1 > 0, _time, iff(_same, _step._start0, _never));
      )
    | extend _fired0 = iff(_time - _before0 <= 10m or _count0 + _count1 >= 2, _count1, 0), _fired1 = iff(_time - _before0 <= 10m or _count0 + _count1 >= 1, _count2, 0)
    | where _fired0 + _fired1 > 0
    | extend Timestamp = case(_fired0 > 0, _event0_0, _event1_0), ReportId = case(_fired0 > 0, _event0_1, _event1_1), DeviceId = case(_fired0 > 0, _event0_2, _event1_2), DeviceName = case(_fired0 > 0, _event0_3, _event1_3)
    | summarize _first = min(Timestamp), _last = max(Timestamp), _firings = sum(_fired0 + _fired1), _seen0 = max(iff(_time - _start0 <= 10m, 1, 0)), _seen1 = max(iff(_time - _start1 <= 10m, 1, 0)), arg_max(Timestamp, ReportId, DeviceId, DeviceName) by _key0
    | project Timestamp, ReportId, DeviceId, DeviceName, FirstFiring = _first, LastFiring = _last, Firings = _firings, Seen = trim_end(", ", strcat(iff(_seen0 == 1, "root, ", ""), iff(_seen1 == 1, "module, ", "")))
    "#);
}

#[test]
fn counts_look_back_over_the_events_that_count() {
    let mut starts = seen();
    starts.push(Start::Nth { masks: vec![0], nth: 5 });
    let mut counted = two_legs(starts, Holds::Within(2, 600_000), vec![fire(0, vec![])]);
    counted.keys.push("User".to_owned());
    for leg in &mut counted.legs {
        leg.keys.push(Some(text_column("AccountName")));
    }
    let text = query(timeline(counted));
    let lines: Vec<&str> =
        text.lines().filter(|line| line.contains("nth") || line.contains("counts")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    | extend _counts2 = iff(_mask == 1, 1, 0)
    | sort by _key0 asc, _key1 asc, _counts2 asc, _time asc
    | extend _nth2 = iff(_counts2 == 1 and prev(_counts2, 4) == 1 and prev(_key0, 4) == _key0 and prev(_key1, 4) == _key1, prev(_time, 4), _never)
    | summarize _count0 = countif(_mask == 1), _count1 = countif(_mask == 2), _nth2 = max(_nth2), arg_max(_choice0, Timestamp, ReportId, DeviceId, DeviceName) by _key0, _key1, _time
          _start2 = max_of(_nth2, iff(_same, _step._start2, _never)),
    "#);
}

#[test]
fn what_has_no_exact_form_is_refused() {
    let plain = || two_legs(seen(), Holds::Within(0, 1), vec![fire(0, vec![])]);
    let silent = Timeline { fires: Vec::new(), ..plain() };
    let mut unbound = plain();
    unbound.legs[0].keys = vec![None];
    for refused in [silent, unbound] {
        assert_eq!(refusals(timeline(refused)), [Code::NotExpressible]);
    }
}

/// A tolerance says nothing where no event follows another.
#[test]
fn a_tolerance_without_an_order_changes_nothing() {
    let plain = || two_legs(seen(), Holds::Within(0, 1), vec![fire(0, vec![])]);
    let skewed = Timeline { skew: 5000, ..plain() };
    assert_eq!(query(timeline(skewed)), query(timeline(plain())));
}
