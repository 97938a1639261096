//! Correlations, by example.

use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::backend::template::Templates;
use crate::ir::{Cond, FieldRef};
use crate::plan::{
    Are, Before, Fire, Giver, Holds, Link, Mask, Of, Start, Timeline, Total, Values,
};
use crate::taxonomy::Type;

fn link(needs: Vec<(Vec<usize>, u64)>, from: Option<usize>) -> Link {
    let before = |atom| Before { start: atom, end: atom, within: None, without: None };
    Link { needs, limits: vec![], from: from.map(before), soon: None }
}

/// Two patterns of one place that exclude each other, keyed by host.
fn two(starts: Vec<Start>, holds: Holds, fires: Vec<Fire>) -> Timeline {
    let mut only = leg(place(&[("source", &["s"])]), equals("a", "1"));
    only.flags.push((PatternId(1), cased("b", TextTest::StartsWith("X".into()))));
    only.keys = vec![Some(column("host"))];
    let seen = [Start::Seen(vec![0]), Start::Seen(vec![1])];
    Timeline {
        legs: vec![only],
        chained: Vec::new(),
        patterns: vec!["root".into(), "use \"it\"".into()],
        keys: vec!["Computer".into()],
        bindings: Vec::new(),
        window: 60_000,
        skew: 0,
        cond: Cond::Seen(PatternId(0)),
        overlaps: Vec::new(),
        masks: vec![Mask(vec![PatternId(0)]), Mask(vec![PatternId(1)])],
        starts: seen.into_iter().chain(starts).collect(),
        nexts: Vec::new(),
        values: Vec::new(),
        totals: Vec::new(),
        holds,
        fires,
        shows: Vec::new(),
    }
}

/// Both within the window.
fn both() -> Timeline {
    let holds = Holds::All(vec![Holds::Within(0, 60_000), Holds::Within(1, 60_000)]);
    let fires = (0..2).map(|mask| Fire { mask, links: Vec::new() }).collect();
    two(Vec::new(), holds, fires)
}

fn rendered(timeline: Timeline) -> Result<String, Vec<&'static str>> {
    let plan = plan(PlanBody::Timeline(Box::new(timeline)));
    match Splunk.render(&plan, &Templates::default()) {
        Ok(queries) => Ok(queries.into_iter().map(|query| query.text).collect()),
        Err(found) => Err(found.iter().map(|found| found.code.id()).collect()),
    }
}

#[test]
fn presence_is_a_running_maximum_per_key() {
    assert_snapshot!(rendered(both()).unwrap(), @r#"
    source="s" (a=1 OR b="X*")
    | eval sw_time=floor(round(_time*1000000)/1000)
    | eval sw_is0=if(isnotnull(a) AND match(a, "^1\z"), 1, 0)
    | eval sw_is1=if(isnotnull(b) AND match(b, "^X"), 1, 0)
    | eval sw_mask=sw_is0+2*sw_is1
    | eval Computer=host
    | where sw_mask>0 AND isnotnull(Computer) AND Computer!=""
    | stats count(eval(sw_mask=1)) as sw_n0 count(eval(sw_mask=2)) as sw_n1 by sw_time, Computer
    | sort 0 num(sw_time)
    | eval sw_at0=if(sw_n0>0, sw_time, null())
    | eval sw_at1=if(sw_n1>0, sw_time, null())
    | streamstats max(sw_at0) as sw_start0 max(sw_at1) as sw_start1 by Computer
    | eval sw_firings=if(isnotnull(sw_start0) AND sw_time-sw_start0<=60000 AND isnotnull(sw_start1) AND sw_time-sw_start1<=60000, sw_n0+sw_n1, 0)
    | where sw_firings>0
    | eval seen=mvappend(if(isnotnull(sw_start0) AND sw_time-sw_start0<=60000, "root", null()), if(isnotnull(sw_start1) AND sw_time-sw_start1<=60000, "use \"it\"", null()))
    | stats min(sw_time) as first_firing max(sw_time) as last_firing sum(sw_firings) as firings values(seen) as seen by Computer
    | eval first_firing=first_firing/1000, last_firing=last_firing/1000, _time=last_firing
    "#);
}

#[test]
fn an_order_extends_starts_of_earlier_groups() {
    let earlier = link(Vec::new(), Some(0));
    let here = link(vec![(vec![0], 1)], None);
    let fires = vec![Fire { mask: 1, links: vec![earlier, here] }];
    assert_snapshot!(rendered(two(Vec::new(), Holds::All(Vec::new()), fires)).unwrap(), @r#"
    source="s" (a=1 OR b="X*")
    | eval sw_time=floor(round(_time*1000000)/1000)
    | eval sw_is0=if(isnotnull(a) AND match(a, "^1\z"), 1, 0)
    | eval sw_is1=if(isnotnull(b) AND match(b, "^X"), 1, 0)
    | eval sw_mask=sw_is0+2*sw_is1
    | eval Computer=host
    | where sw_mask>0 AND isnotnull(Computer) AND Computer!=""
    | stats count(eval(sw_mask=1)) as sw_n0 count(eval(sw_mask=2)) as sw_n1 by sw_time, Computer
    | sort 0 num(sw_time)
    | eval sw_at0=if(sw_n0>0, sw_time, null())
    | eval sw_at1=if(sw_n1>0, sw_time, null())
    | streamstats max(sw_at0) as sw_start0 max(sw_at1) as sw_start1 by Computer
    | streamstats current=f max(sw_at0) as sw_before0 by Computer
    | eval sw_firings=if((isnotnull(sw_before0) AND sw_time-sw_before0<=60000) OR sw_n0>=1, sw_n1, 0)
    | where sw_firings>0
    | eval seen=mvappend(if(isnotnull(sw_start0) AND sw_time-sw_start0<=60000, "root", null()), if(isnotnull(sw_start1) AND sw_time-sw_start1<=60000, "use \"it\"", null()))
    | stats min(sw_time) as first_firing max(sw_time) as last_firing sum(sw_firings) as firings values(seen) as seen by Computer
    | eval first_firing=first_firing/1000, last_firing=last_firing/1000, _time=last_firing
    "#);
}

#[test]
fn counts_look_back_by_events_before_they_are_grouped() {
    let mut nth = two(
        vec![Start::Nth { masks: vec![0], nth: 5 }],
        Holds::Within(2, 60_000),
        vec![Fire { mask: 0, links: Vec::new() }],
    );
    nth.keys.clear();
    nth.legs[0].keys.clear();
    assert_snapshot!(rendered(nth.clone()).unwrap(), @r#"
    source="s" (a=1 OR b="X*")
    | eval sw_time=floor(round(_time*1000000)/1000)
    | eval sw_is0=if(isnotnull(a) AND match(a, "^1\z"), 1, 0)
    | eval sw_is1=if(isnotnull(b) AND match(b, "^X"), 1, 0)
    | eval sw_mask=sw_is0+2*sw_is1
    | where sw_mask>0
    | table sw_time, sw_mask
    | sort 0 num(sw_time)
    | eval sw_counts=if(sw_mask=1, 1, 0)
    | streamstats window=5 global=f count as sw_count min(sw_time) as sw_oldest by sw_counts
    | eval sw_at2=if(sw_counts=1 AND sw_count=5, sw_oldest, null())
    | stats count(eval(sw_mask=1)) as sw_n0 count(eval(sw_mask=2)) as sw_n1 max(sw_at2) as sw_at2 by sw_time
    | sort 0 num(sw_time)
    | eval sw_at0=if(sw_n0>0, sw_time, null())
    | eval sw_at1=if(sw_n1>0, sw_time, null())
    | streamstats max(sw_at0) as sw_start0 max(sw_at1) as sw_start1 max(sw_at2) as sw_start2
    | eval sw_firings=if(isnotnull(sw_start2) AND sw_time-sw_start2<=60000, sw_n0, 0)
    | where sw_firings>0
    | eval seen=mvappend(if(isnotnull(sw_start0) AND sw_time-sw_start0<=60000, "root", null()), if(isnotnull(sw_start1) AND sw_time-sw_start1<=60000, "use \"it\"", null()))
    | stats min(sw_time) as first_firing max(sw_time) as last_firing sum(sw_firings) as firings values(seen) as seen
    | where isnotnull(firings)
    | eval first_firing=first_firing/1000, last_firing=last_firing/1000, _time=last_firing
    "#);
    nth.starts[2] = Start::Nth { masks: vec![0], nth: 10_001 };
    assert_eq!(rendered(nth), Err(vec!["E0607"]));
}

#[test]
fn keys_are_named_as_given_and_may_swap_columns() {
    let mut swapped = both();
    swapped.keys = vec!["a".into(), "my key".into()];
    swapped.legs[0].keys = vec![Some(column("b")), Some(column("a"))];
    let query = rendered(swapped).unwrap();
    let keys: Vec<&str> = query.lines().filter(|line| line.contains("sw_key")).collect();
    let expected =
        ["| eval sw_key0=b", "| eval sw_key1=a", "| eval a=sw_key0", "| eval 'my key'=sw_key1"];
    assert_eq!(keys, expected);
    assert!(query.contains("by sw_time, a, \"my key\"\n"), "{query}");
}

#[test]
fn what_is_not_exact_is_refused() {
    let mut clock = both();
    Arc::make_mut(&mut clock.legs[0].place).time.name = "UtcTime".into();
    assert_eq!(rendered(clock), Err(vec!["E0602"]));
    for name in ["sw_x", "seen", "_time", "it's"] {
        let mut named = both();
        named.keys = vec![name.into()];
        assert_eq!(rendered(named), Err(vec!["E0602"]), "{name}");
    }
    let mut partial = both();
    partial.legs[0].keys = vec![None];
    assert_eq!(rendered(partial), Err(vec!["E0602"]));
}

#[test]
fn several_values_of_a_field_are_not_paired() {
    let host = FieldRef { name: "host".into(), ty: Type::Text };
    let giver = Giver { fields: vec![host.clone(), host], patterns: vec![PatternId(0)] };
    let mut pairs = both();
    pairs.values = vec![Values { are: Are::Texts, givers: vec![giver] }];
    pairs.totals = vec![Total { values: 0, of: Of::Different }];
    let list = Column { multi: true, ..column("answers{}") };
    for (columns, outcome) in
        [([column("a"), column("b")], Ok(())), ([column("a"), list], Err(vec!["E0602"]))]
    {
        for leg in &mut pairs.legs {
            leg.values = vec![vec![columns.to_vec()]];
        }
        assert_eq!(rendered(pairs.clone()).map(|_| ()), outcome);
    }
}
