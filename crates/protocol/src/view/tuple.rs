//! Small tuples of whole numbers, which is what most of a view is made of: `"7": [x, y, aim]`. They are held in
//! place, so that a view of a hundred moving things is not a hundred allocations.

use super::node::Node;

const ITEMS_MAX: usize = 5;

/// Up to five integers of 32 bits. What is beyond `len` is 0, so that equal tuples are equal as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tuple {
    len: u8,
    items: [i32; ITEMS_MAX],
}

impl Tuple {
    pub(super) const EMPTY: Tuple = Tuple { len: 0, items: [0; ITEMS_MAX] };

    pub(super) fn as_slice(&self) -> &[i32] {
        &self.items[..usize::from(self.len)]
    }

    /// Whether there was room for it.
    fn push(&mut self, node: &Node) -> bool {
        let &Node::Int(value) = node else { return false };
        let slot = self.items.get_mut(usize::from(self.len));
        let (Some(slot), Ok(value)) = (slot, i32::try_from(value)) else { return false };
        *slot = value;
        self.len += 1;
        true
    }
}

/// Appends an item to an array while it is made. Every array that fits into a [`Tuple`] stays one, so that equal
/// arrays have the same form. `expected` is how many items there may be in the end.
pub(super) fn push(array: &mut Node, item: Node, expected: usize) {
    match array {
        Node::Tuple(tuple) => {
            if tuple.push(&item) {
                return;
            }
            let held = tuple.as_slice();
            let mut items = Vec::with_capacity(expected.max(held.len() + 1));
            items.extend(held.iter().map(|&value| Node::Int(value.into())));
            items.push(item);
            *array = Node::Array(items);
        }
        Node::Array(items) => items.push(item),
        // Nothing else is an array.
        _ => {}
    }
}

pub(super) fn len(array: &Node) -> usize {
    match array {
        Node::Tuple(tuple) => tuple.as_slice().len(),
        Node::Array(items) => items.len(),
        _ => 0,
    }
}
