//! Scenes → fewer scenes that say the same.
//!
//! `(a and x) or (b and x)` is kept, `a or b` is one event of either kind, `a or (a and b)` is `a`,
//! and of `count(a) >= 2 and a` only the count is left. Each of these holds at every moment.

use super::roles::{Chain, Kind, Role, Scene};

/// The scenes without those that another one covers, single events put together.
pub(super) fn alternatives(scenes: Vec<Scene>) -> Vec<Scene> {
    let mut merged: Vec<Scene> = Vec::new();
    for mut scene in scenes {
        simplify(&mut scene);
        let same = merged.iter_mut().find(|other| {
            other.absences == scene.absences && other.single().is_some() && scene.single().is_some()
        });
        match (same, scene.single()) {
            (Some(other), Some(role)) => *other = either(other, role),
            (_, _) => merged.push(scene),
        }
    }
    let covered = |at: usize, scene: &Scene| {
        let others = merged.iter().enumerate();
        others.into_iter().any(|(other, weaker)| {
            other != at && covers(weaker, scene) && (other < at || !covers(scene, weaker))
        })
    };
    let kept = merged.iter().enumerate().filter(|(at, scene)| !covered(*at, scene));
    kept.map(|(_, scene)| scene.clone()).collect()
}

/// A single event of the scene's kind or of the role.
fn either(scene: &Scene, role: &Role) -> Scene {
    let union = scene.single().into_iter().flatten().chain(role).copied().collect();
    Scene { chains: vec![Chain::of(vec![union])], absences: scene.absences.clone() }
}

/// Drops what another chain brings along.
fn simplify(scene: &mut Scene) {
    let chains = std::mem::take(&mut scene.chains);
    let implied = |at: usize, chain: &Chain| {
        let others = chains.iter().enumerate().filter(|(other, _)| *other != at);
        others.into_iter().any(|(other, brings)| {
            implies(brings, chain) && (other < at || !implies(chain, brings))
        })
    };
    let kept = chains.iter().enumerate().filter(|(at, chain)| !implied(*at, chain));
    scene.chains = kept.map(|(_, chain)| chain.clone()).collect();
}

/// Whether the scene `weaker` holds wherever `stronger` does.
fn covers(weaker: &Scene, stronger: &Scene) -> bool {
    let brought = |chain: &Chain| stronger.chains.iter().any(|stronger| implies(stronger, chain));
    weaker.chains.iter().all(brought)
        && weaker.absences.iter().all(|absence| stronger.absences.contains(absence))
}

/// Whether `stronger` brings the events of `weaker` along.
fn implies(stronger: &Chain, weaker: &Chain) -> bool {
    let Some(role) = weaker.roles.first() else { return false };
    let is_number = weaker.is_plain() && weaker.kind == Kind::Number;
    let brought = stronger.roles.iter().filter(|brought| brought.is_subset(role)).count();
    stronger == weaker || is_number && brought >= weaker.roles.len()
}
