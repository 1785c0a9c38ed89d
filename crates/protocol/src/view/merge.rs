//! JSON Merge Patch (RFC 7396): the patch between two trees, and a tree changed by one.

use std::cmp::Ordering;

use super::{
    node::{Members, Node},
    text::Text,
};

/// `None` when the two are equal. Both must be without null members, as views are.
pub(super) fn diff(old: &Node, new: &Node) -> Option<Node> {
    match (old, new) {
        (Node::Object(old), Node::Object(new)) => diff_members(old, new).map(Node::Object),
        _ if old == new => None,
        // Replaced whole. An object in place of something else is its own patch: it has no null to remove.
        _ => Some(new.clone()),
    }
}

/// One walk over both: they are sorted.
fn diff_members(mut old: &[(Text, Node)], mut new: &[(Text, Node)]) -> Option<Members> {
    let mut patch = Members::new();
    let mut change = |rest: usize, key: &Text, node: Node| {
        if patch.is_empty() {
            // Where one member of an object changes, often many do.
            patch.reserve(rest.min(16));
        }
        patch.push((key.clone(), node));
    };
    loop {
        let order = match (old, new) {
            ([], []) => break,
            ([_, ..], []) => Ordering::Less,
            ([], [_, ..]) => Ordering::Greater,
            ([(gone, _), ..], [(come, _), ..]) => gone.cmp(come),
        };
        match (order, old, new) {
            (Ordering::Less, [(gone, _), rest @ ..], _) => {
                change(old.len(), gone, Node::Null);
                old = rest;
            }
            (Ordering::Greater, _, [(come, node), rest @ ..]) => {
                change(new.len(), come, node.clone());
                new = rest;
            }
            (Ordering::Equal, [(_, before), olds @ ..], [(key, after), news @ ..]) => {
                if let Some(node) = diff(before, after) {
                    change(new.len(), key, node);
                }
                (old, new) = (olds, news);
            }
            _ => break,
        }
    }
    (!patch.is_empty()).then_some(patch)
}

/// `MergePatch(target, patch)` of RFC 7396, section 2.
pub(super) fn apply(target: &mut Node, patch: &Node) {
    let Node::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !matches!(target, Node::Object(_)) {
        *target = Node::Object(Members::new());
    }
    let Node::Object(members) = target else { return };
    for (key, change) in changes {
        let place = members.binary_search_by(|(member, _)| member.cmp(key));
        match (place, change) {
            (Ok(place), Node::Null) => drop(members.remove(place)),
            (Err(_), Node::Null) => {}
            (Ok(place), change) => apply(&mut members[place].1, change),
            (Err(place), change) => {
                // Not cloned as it is: nulls deep inside the patch must not end up in the target.
                let mut node = Node::Null;
                apply(&mut node, change);
                members.insert(place, (key.clone(), node));
            }
        }
    }
}
