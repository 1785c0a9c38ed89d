//! Pages over lists that change while one reads them.

use super::*;

fn place(item: &u64) -> Place {
    (*item / 10, *item)
}

fn walk(items: &[u64], limit: usize) -> Vec<Vec<u64>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = page(items.iter(), place, after, limit);
        pages.push(page.items.iter().map(|&&item| item).collect());
        match page.next_cursor {
            Some(cursor) => after = Some(read_cursor(&cursor).unwrap()),
            None => return pages,
        }
    }
}

#[test]
fn pages_put_together_are_the_list() {
    let items: Vec<u64> = (0..25).rev().collect();
    for limit in [1, 7, 24, 25, 26] {
        let pages = walk(&items, limit);
        assert!(pages.iter().all(|page| page.len() <= limit));
        assert_eq!(pages.concat(), items, "{limit} a page");
    }
    assert_eq!(walk(&items, 25).len(), 1);
    assert_eq!(walk(&[], 5), [[0u64; 0]]);
}

#[test]
fn an_item_that_is_gone_or_new_moves_no_other() {
    let items = [50, 40, 30, 20, 10];
    let first = page(items.iter(), place, None, 2);
    let after = read_cursor(&first.next_cursor.unwrap()).unwrap();
    let changed = [60, 50, 30, 20, 10];
    assert_eq!(page(changed.iter(), place, Some(after), 2).items, [&30, &20]);
}

#[test]
fn a_limit_is_within_its_range() {
    assert_eq!(limit(None), Ok(50));
    assert_eq!(limit(Some("1")), Ok(1));
    assert_eq!(limit(Some("100")), Ok(100));
    for wrong in ["0", "101", "-1", "ten", ""] {
        assert!(limit(Some(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn a_made_up_cursor_is_refused() {
    for wrong in ["", "abc", "not base64!", &"A".repeat(40)] {
        assert!(read_cursor(wrong).is_err(), "{wrong}");
    }
    assert_eq!(read_cursor(&cursor((7, u64::MAX))), Ok((7, u64::MAX)));
}
