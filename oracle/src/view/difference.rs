//! In what a claimed answer differs from the right one: by elements, keys and entries.
//!
//! Objects are compared member by member, and arrays as collections of items, since most stand for
//! sets; where two arrays have the same items, the first place at which they differ is named.

use crate::printable::shorten;
use rejoin::json::Json;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Rows that a page shows, and characters of each answer in a row.
const MOST: usize = 200;
const ANSWER: usize = 600;

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
    /// The items are the same, in another order.
    order: bool,
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

/// The differences of two answers; `None` where one is no JSON.
pub fn difference(right: &str, claimed: &str) -> Option<Difference> {
    let (right, claimed) = (Json::parse(right).ok()?, Json::parse(claimed).ok()?);
    let mut found = Difference::default();
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
        if missing.is_empty() && extra.is_empty() {
            let differs = (0..right.len()).find(|at| of_right[*at] != of_claimed[*at]);
            if let Some(at) = differs {
                self.order = true;
                self.push(&format!("{path}[{at}]"), Some(&right[at]), Some(&claimed[at]));
            }
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

    fn push(&mut self, path: &str, right: Option<&Json>, claimed: Option<&Json>) {
        if self.rows.len() >= MOST {
            self.more += 1;
            return;
        }
        let [right, claimed] = [right, claimed].map(|value| value.map(Json::canonical));
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (short_right, short_claimed) = shorten(&text(&right), &text(&claimed), ANSWER);
        self.rows.push(Row {
            path: path.into(),
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
        let found = difference(right, claimed).unwrap();
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
    fn another_order_is_named_by_its_first_place() {
        check("[1,2,3]", "[1,3,2]", &[["[1]", "2", "3"]], 3);
        assert!(difference("[1,2,3]", "[1,3,2]").unwrap().order);
        assert!(difference("one of 1 and 2", "3").is_none());
    }

    #[test]
    fn rows_are_limited_and_counted() {
        let right: Vec<String> = (0..500).map(|item| item.to_string()).collect();
        let found = difference(&format!("[{}]", right.join(",")), "[]").unwrap();
        assert_eq!((found.rows.len(), found.more), (MOST, 300));
    }
}
