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
    loop {
        let order = match (old, new) {
            ([], []) => break,
            ([_, ..], []) => Ordering::Less,
            ([], [_, ..]) => Ordering::Greater,
            ([(gone, _), ..], [(come, _), ..]) => gone.cmp(come),
        };
        match (order, old, new) {
            (Ordering::Less, [(gone, _), rest @ ..], _) => {
                patch.push((gone.clone(), Node::Null));
                old = rest;
            }
            (Ordering::Greater, _, [come, rest @ ..]) => {
                push(&mut patch, come, new.len());
                new = rest;
            }
            (Ordering::Equal, [(_, before), olds @ ..], [member, news @ ..]) => {
                match (before, &member.1) {
                    (Node::Object(before), Node::Object(after)) => {
                        if let Some(change) = diff_members(before, after) {
                            patch.push((member.0.clone(), Node::Object(change)));
                        }
                    }
                    (before, after) if before == after => {}
                    _ => push(&mut patch, member, new.len()),
                }
                (old, new) = (olds, news);
            }
            _ => break,
        }
    }
    (!patch.is_empty()).then_some(patch)
}

/// Takes a member over whole. `left` is how many more there may be: where one changes, often all do.
fn push(patch: &mut Members, member: &(Text, Node), left: usize) {
    if patch.is_empty() {
        patch.reserve(left.min(16));
    }
    // Cloned into its place; `push` would copy it there once more.
    patch.extend_from_slice(std::slice::from_ref(member));
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
