//! Directions, boxes, and what a moving point meets first.

use proptest::prelude::*;

use super::*;

const WALL: Area = Area { x: 100, y: 200, w: 50, h: 300 };

fn at(x: i32, y: i32) -> Vector {
    Vector { x, y }
}

#[test]
fn an_aim_is_brought_into_one_turn() {
    for (radians, hundredths) in [
        (0.0, 0),
        (1.0, 100),
        (-1.0, 528),
        (TAU + 0.5, 50),
        (TAU, 0),
        (TAU - 0.005, 628),
        (-1e-12, 628),
        (-20.0 * TAU + 3.0, 300),
    ] {
        assert_eq!(Aim::of(radians).map(Aim::hundredths), Some(hundredths), "{radians}");
    }
    for radians in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Aim::of(radians), None);
    }
}

#[test]
fn a_way_points_where_the_aim_does_to_a_hundredth_of_a_radian() {
    assert_eq!(Aim::of(0.0).unwrap().way(310), at(310, 0));
    assert_eq!(Aim::of(1.0).unwrap().way(310), at(167, 261));
    assert_eq!(Aim::of(TAU / 4.0).unwrap().way(310), at(0, 310));
    assert_eq!(Aim::of(TAU / 2.0).unwrap().way(310), at(-310, 0));
    assert_eq!(Aim::of(-TAU / 4.0).unwrap().way(310), at(-1, -310));
}

#[test]
fn a_box_is_entered_where_its_edge_is_crossed() {
    assert_eq!(WALL.entered(at(0, 300), at(200, 0)), Some(0.5));
    assert_eq!(WALL.entered(at(250, 300), at(-200, 0)), Some(0.5));
    assert_eq!(WALL.entered(at(120, 100), at(0, 400)), Some(0.25));
    assert_eq!(WALL.entered(at(120, 300), at(1, 1)), Some(0.0), "from inside");
    assert_eq!(WALL.entered(at(0, 300), at(99, 0)), None, "too short");
    assert_eq!(WALL.entered(at(0, 300), at(100, 0)), None, "touches it only");
    assert_eq!(WALL.entered(at(100, 300), at(10, 0)), Some(0.0), "from its edge inwards");
    assert_eq!(WALL.entered(at(100, 300), at(-10, 0)), None, "from its edge outwards");
    assert_eq!(WALL.entered(at(0, 200), at(300, 0)), None, "along its edge");
    assert_eq!(WALL.entered(at(0, 150), at(100, 50)), None, "to its corner");
}

#[test]
fn a_box_is_left_where_its_edge_is_crossed() {
    assert_eq!(WALL.left(at(140, 300), at(20, 0)), Some(0.5));
    assert_eq!(WALL.left(at(110, 300), at(-20, 5)), Some(0.5));
    assert_eq!(WALL.left(at(120, 480), at(3, 80)), Some(0.25));
    assert_eq!(WALL.left(at(150, 300), at(10, 0)), Some(0.0), "from its edge outwards");
    assert_eq!(WALL.left(at(140, 300), at(10, 0)), None, "as far as its edge");
}

#[test]
fn a_circle_is_reached_at_its_rim() {
    assert_eq!(reached(at(0, 0), at(400, 0), at(300, 0), 100), Some(0.5));
    assert_eq!(reached(at(0, 0), at(400, 0), at(300, 101), 100), None, "passes beside it");
    assert_eq!(reached(at(0, 0), at(400, 0), at(300, 100), 100), Some(0.75), "touches it");
    assert_eq!(reached(at(0, 0), at(199, 0), at(300, 0), 100), None, "too short");
    assert_eq!(reached(at(0, 0), at(-400, 0), at(300, 0), 100), None, "the other way");
    assert_eq!(reached(at(250, 0), at(9, 9), at(300, 0), 100), Some(0.0), "from inside");
    assert_eq!(
        reached(at(100, 0), at(-400, 0), at(0, 0), 10),
        Some(0.225),
        "however far it flies on"
    );
}

proptest! {
    /// The whole way counts: whatever one of many points on it is in, it has entered or reached before.
    #[test]
    fn nothing_is_tunnelled_through(
        from in (0..400, 0..700), way in (-600..600, -600..600), share in 0.0..1.0_f64,
    ) {
        let (from, way) = (at(from.0, from.1), at(way.0, way.1));
        let x = f64::from(from.x) + share * f64::from(way.x);
        let y = f64::from(from.y) + share * f64::from(way.y);
        if x > 100.01 && x < 149.99 && y > 200.01 && y < 499.99 {
            prop_assert!(WALL.entered(from, way).is_some_and(|entered| entered <= share));
        }
        if (x - 200.0).hypot(y - 200.0) < 79.99 {
            prop_assert!(reached(from, way, at(200, 200), 80).is_some_and(|reached| reached <= share));
        }
    }

    /// And what is told is so: there the point is on the edge.
    #[test]
    fn contact_is_where_it_is_said_to_be(
        from in (0..400, 0..700), way in (-600..600, -600..600),
    ) {
        let (from, way) = (at(from.0, from.1), at(way.0, way.1));
        let place = |share: f64| {
            (f64::from(from.x) + share * f64::from(way.x), f64::from(from.y) + share * f64::from(way.y))
        };
        if let Some((x, y)) = WALL.entered(from, way).map(place) {
            prop_assert!((99.99..=150.01).contains(&x) && (199.99..=500.01).contains(&y));
        }
        if let Some((x, y)) = reached(from, way, at(200, 200), 80).map(place) {
            prop_assert!((x - 200.0).hypot(y - 200.0) <= 80.01);
        }
    }
}
