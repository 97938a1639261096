//! Certificates that share a key → clusters: infrastructure that was set up together.

use std::collections::BTreeMap;

use super::indicator::Indicator;
use super::score::joined;
use super::shapes::{is_default, is_public, is_shared};

/// Certificates that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Their places in the list, ascending.
    pub members: Vec<usize>,
    /// The keys that at least two of them share: kind and value.
    pub shared: Vec<(&'static str, String)>,
}

/// Clusters of two and more, by the first member. What a public authority, a default or a shared service
/// gives to everybody joins nothing.
#[must_use]
pub fn clusters(indicators: &[Indicator]) -> Vec<Cluster> {
    let mut holders: BTreeMap<(&'static str, String), Vec<usize>> = BTreeMap::new();
    for (index, indicator) in indicators.iter().enumerate() {
        for key in joining(indicator) {
            holders.entry(key).or_default().push(index);
        }
    }
    holders.retain(|_, members| members.len() > 1);
    let mut root: Vec<usize> = (0..indicators.len()).collect();
    for members in holders.values() {
        let first = members.iter().map(|member| find(&root, *member)).min().unwrap_or_default();
        for member in members {
            let old = find(&root, *member);
            if let Some(slot) = root.get_mut(old) {
                *slot = first.min(old);
            }
        }
    }
    let mut clusters: BTreeMap<usize, Cluster> = BTreeMap::new();
    for index in 0..indicators.len() {
        let cluster = clusters.entry(find(&root, index));
        cluster.or_insert_with(empty).members.push(index);
    }
    for (key, members) in holders {
        let first = members.first().map(|member| find(&root, *member)).unwrap_or_default();
        clusters.entry(first).or_insert_with(empty).shared.push(key);
    }
    clusters.into_values().filter(|cluster| cluster.members.len() > 1).collect()
}

fn empty() -> Cluster {
    Cluster { members: Vec::new(), shared: Vec::new() }
}

fn find(root: &[usize], mut index: usize) -> usize {
    while let Some(parent) = root.get(index).filter(|parent| **parent != index) {
        index = *parent;
    }
    index
}

/// The keys by which a certificate may join others.
fn joining(indicator: &Indicator) -> Vec<(&'static str, String)> {
    let mut keys = Vec::new();
    keys.extend(indicator.spki_sha256.iter().map(|hash| ("spki_sha256", hash.clone())));
    keys.extend(indicator.sha256.iter().map(|hash| ("sha256", hash.clone())));
    keys.extend(indicator.sha1.iter().map(|hash| ("sha1", hash.clone())));
    let private = !is_public(indicator) && !is_default(indicator);
    if private && !indicator.issuer.is_empty() {
        keys.push(("issuer", joined(&indicator.issuer)));
    }
    if private && indicator.self_issued() == Some(true) {
        keys.push(("subject", joined(&indicator.subject)));
    }
    if !is_shared(indicator) {
        keys.extend(indicator.domains().into_iter().map(|domain| ("domain", domain)));
    }
    keys
}
