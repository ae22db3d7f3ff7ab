//! In what a claimed answer differs from the right one: by elements, keys and entries.
//!
//! Objects are compared member by member, and arrays as collections of items, since most stand for
//! sets. Where two arrays have the same items, or where their order counts, it is named which of the items that
//! both have stand in another place.

use crate::printable::shorten;
use rejoin::json::Json;
use rejoin_judge::misplaced;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Rows that a page shows, and characters of each answer in a row.
const MOST: usize = 200;
const ANSWER: usize = 600;

/// Characters of an item that is shown as the one before another.
const NEIGHBOUR: usize = 60;

/// Members that tell which item of an array another one stands for.
const NAMES: [&str; 6] = ["object", "key", "element", "replica", "seq", "id"];

/// The differences of two answers.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    rows: Vec<Row>,
    /// How many rows there are beyond those.
    more: usize,
    /// How many items and members are the same in both.
    same: usize,
    /// Whether items that both have stand in another order.
    order: bool,
    /// Whether the order of an array counts where its items are not the same.
    #[serde(skip)]
    is_ordered: bool,
}

/// One difference.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    /// Where it is: names of members and places in arrays.
    path: String,
    /// What is right; absent where the answer has too much.
    right: Option<String>,
    /// What is claimed; absent where the answer lacks something.
    claimed: Option<String>,
}

/// The differences of two answers; `None` where one is no JSON. `is_ordered` says that items stand in an order.
pub fn difference(right: &str, claimed: &str, is_ordered: bool) -> Option<Difference> {
    let (right, claimed) = (Json::parse(right).ok()?, Json::parse(claimed).ok()?);
    let mut found = Difference { is_ordered, ..Difference::default() };
    found.compare("", &right, &claimed);
    Some(found)
}

impl Difference {
    fn compare(&mut self, path: &str, right: &Json, claimed: &Json) {
        match (right, claimed) {
            (Json::Object(of_right), Json::Object(of_claimed)) => {
                let inside = |name: &str| match path {
                    "" => name.to_string(),
                    path => format!("{path}.{name}"),
                };
                for (name, value) in of_right {
                    match claimed.get(name) {
                        Some(other) => self.compare(&inside(name), value, other),
                        None => self.push(&inside(name), Some(value), None),
                    }
                }
                for (name, value) in of_claimed {
                    if right.get(name).is_none() {
                        self.push(&inside(name), None, Some(value));
                    }
                }
            }
            (Json::Array(right), Json::Array(claimed)) => self.arrays(path, right, claimed),
            _ if right.canonical() == claimed.canonical() => self.same += 1,
            _ => self.push(path, Some(right), Some(claimed)),
        }
    }

    fn arrays(&mut self, path: &str, right: &[Json], claimed: &[Json]) {
        let texts = |items: &[Json]| items.iter().map(Json::canonical).collect::<Vec<_>>();
        let (of_right, of_claimed) = (texts(right), texts(claimed));
        let missing = without(&of_right, &of_claimed);
        let extra = without(&of_claimed, &of_right);
        self.same += right.len() - missing.len();
        let is_same = missing.is_empty() && extra.is_empty();
        if is_same || self.is_ordered {
            self.misplaced(path, &of_right, &of_claimed);
        }
        if is_same {
            return;
        }
        let mut named: HashMap<String, usize> = HashMap::new();
        for at in extra.iter().rev() {
            named.insert(name(&claimed[*at]), *at);
        }
        named.remove("");
        let mut paired = HashSet::new();
        for at in missing {
            let (item, name) = (&right[at], name(&right[at]));
            match named.remove(&name) {
                Some(other) => {
                    paired.insert(other);
                    self.compare(&format!("{path}[{name}]"), item, &claimed[other]);
                }
                None => self.push(path, Some(item), None),
            }
        }
        for at in extra.into_iter().filter(|at| !paired.contains(at)) {
            self.push(path, None, Some(&claimed[at]));
        }
    }

    /// The fewest items that would have to move for those that both arrays have to stand in one order.
    fn misplaced(&mut self, path: &str, right: &[String], claimed: &[String]) {
        let [of_right, of_claimed] =
            [right, claimed].map(|items| items.iter().map(String::as_str).collect::<Vec<_>>());
        let place = |items: &[String], at: usize| {
            let before = at.checked_sub(1).map(|before| &items[before]);
            let after = match before {
                None => "first".into(),
                Some(item) => format!("after {}", shorten(item, "", NEIGHBOUR).0),
            };
            format!("place {} of {}, {after}", at + 1, items.len())
        };
        for moved in misplaced(&of_right, &of_claimed) {
            self.order = true;
            let path = format!("{path}{}", shorten(&claimed[moved.in_claimed], "", NEIGHBOUR).0);
            let [is, was] =
                [place(right, moved.in_right), place(claimed, moved.in_claimed)].map(Some);
            self.row(path, is, was);
        }
    }

    fn push(&mut self, path: &str, right: Option<&Json>, claimed: Option<&Json>) {
        let [right, claimed] = [right, claimed].map(|value| value.map(Json::canonical));
        self.row(path.into(), right, claimed);
    }

    fn row(&mut self, path: String, right: Option<String>, claimed: Option<String>) {
        if self.rows.len() >= MOST {
            self.more += 1;
            return;
        }
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (short_right, short_claimed) = shorten(&text(&right), &text(&claimed), ANSWER);
        self.rows.push(Row {
            path,
            right: right.map(|_| short_right),
            claimed: claimed.map(|_| short_claimed),
        });
    }
}

/// The places of what one list has and another has not, or has less often.
fn without(items: &[String], others: &[String]) -> Vec<usize> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for other in others {
        *counts.entry(other).or_default() += 1;
    }
    let is_more = |text: &String| match counts.get_mut(text.as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    let is_more: Vec<bool> = items.iter().map(is_more).collect();
    (0..items.len()).filter(|at| is_more[*at]).collect()
}

/// The members by which an item is known, as text; empty where it has none.
fn name(item: &Json) -> String {
    let members = NAMES.iter().filter_map(|name| Some(item.get(name)?.canonical()));
    members.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows as (where, right, claimed), and how many are the same.
    #[track_caller]
    fn check(right: &str, claimed: &str, rows: &[[&str; 3]], same: usize) {
        let found = difference(right, claimed, false).unwrap();
        let shown = |text: &Option<String>| text.clone().unwrap_or("–".into());
        let of: Vec<[String; 3]> = found
            .rows
            .iter()
            .map(|row| [row.path.clone(), shown(&row.right), shown(&row.claimed)])
            .collect();
        assert_eq!(of, rows, "{right} {claimed}");
        assert_eq!(found.same, same, "{right} {claimed}");
    }

    #[test]
    fn elements_keys_and_entries_are_compared_each() {
        check("3", "4", &[["", "3", "4"]], 0);
        check(
            r#"["a","b","b"]"#,
            r#"["b","c"]"#,
            &[["", r#""a""#, "–"], ["", r#""b""#, "–"], ["", "–", r#""c""#]],
            1,
        );
        check(
            r#"{"k":1,"l":{"m":[1,2]},"n":0}"#,
            r#"{"k":1.0,"l":{"m":[2]},"o":5}"#,
            &[["l.m", "1", "–"], ["n", "0", "–"], ["o", "–", "5"]],
            2,
        );
    }

    #[test]
    fn items_that_stand_for_each_other_are_compared_inside() {
        let right = r#"[{"key":"x","kept":1,"of":["a"]},{"key":"y","kept":2}]"#;
        let claimed = r#"[{"key":"y","kept":3},{"key":"x","kept":1,"of":["a"]}]"#;
        check(right, claimed, &[[r#"["y"].kept"#, "2", "3"]], 2);
    }

    #[test]
    fn of_another_order_each_item_that_moved_is_named() {
        let moved = ["4", "place 4 of 5, after 3", "place 1 of 5, first"];
        check("[1,2,3,4,5]", "[4,1,2,3,5]", &[moved], 5);
        assert!(difference("[1,2,3]", "[1,3,2]", false).unwrap().order);
        assert!(difference("one of 1 and 2", "3", false).is_none());
        let rows = |is_ordered| {
            let found = difference(r#"["a","b","c","d"]"#, r#"["c","a","e","d"]"#, is_ordered);
            found.unwrap().rows.into_iter().map(|row| row.path).collect::<Vec<_>>()
        };
        // A set without one of its elements is not said to be in another order.
        assert_eq!(rows(false), ["", ""]);
        assert_eq!(rows(true), [r#""c""#, "", ""]);
    }

    #[test]
    fn rows_are_limited_and_counted() {
        let right: Vec<String> = (0..500).map(|item| item.to_string()).collect();
        let found = difference(&format!("[{}]", right.join(",")), "[]", true).unwrap();
        assert_eq!((found.rows.len(), found.more), (MOST, 300));
    }
}
