//! Two stories of replicas that come back late, on a set, a map and a register.
//!
//! An office and a tablet share a stock list. The tablet was away for a month, or was restored from
//! a backup of a month ago.

use rejoin::dot::{Origin, ReplicaId};
use rejoin::operation::Author;
use rejoin::optimized::lww_map::LwwMap;
use rejoin::optimized::lww_register::LwwRegister;
use rejoin::optimized::or_set::OrSet;
use std::collections::BTreeMap;

const DAY: u64 = 24 * 3600;

/// The objects that both share.
#[derive(Clone)]
struct Stock {
    origin: Origin,
    operations: u64,
    articles: OrSet<str>,
    prices: LwwMap<str, str>,
    status: LwwRegister<str>,
}

impl Stock {
    fn new(name: &str) -> Self {
        Self {
            origin: Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 },
            operations: 0,
            articles: OrSet::new(),
            prices: LwwMap::new(),
            status: LwwRegister::new(),
        }
    }

    /// A backup, opened again.
    fn restored(self) -> Self {
        let Origin { replica, incarnation } = self.origin;
        Self { origin: Origin { replica, incarnation: incarnation + 1 }, ..self }
    }

    fn author(&mut self) -> Author {
        self.operations += 1;
        Author { origin: self.origin.clone(), seq: self.operations, user: None }
    }

    fn add(&mut self, article: &str) {
        let author = self.author();
        self.articles.add(&author, article).unwrap();
    }

    fn remove(&mut self, article: &str) {
        let author = self.author();
        self.articles.remove(&author, article).unwrap();
    }

    fn price(&mut self, article: &str, price: &str, time: u64) {
        let author = self.author();
        self.prices.put(&author, article, price, time).unwrap();
    }

    fn delete_price(&mut self, article: &str, time: u64) {
        let author = self.author();
        self.prices.delete(&author, article, time).unwrap();
    }

    fn set_status(&mut self, status: &str, time: u64) {
        let author = self.author();
        self.status.write(&author, Some(status), time).unwrap();
    }

    /// Applies everything that the other has seen. Returns how many keys that changed.
    fn pull(&mut self, other: &Self) -> usize {
        let articles = self.articles.apply(&other.articles.delta_since(&self.articles.vector()));
        let articles = articles.unwrap().len();
        let prices = self.prices.apply(&other.prices.delta_since(&self.prices.vector()));
        let prices = prices.unwrap().len();
        let status = self.status.apply(&other.status.delta_since(&self.status.vector()));
        articles + prices + status.unwrap().len()
    }

    /// Both exchange their changes.
    fn meet(&mut self, other: &mut Self) {
        self.pull(other);
        other.pull(self);
        assert_eq!(self.articles.state_hash(), other.articles.state_hash());
        assert_eq!(self.prices.state_hash(), other.prices.state_hash());
        assert_eq!(self.status.state_hash(), other.status.state_hash());
        assert_eq!((self.pull(other), other.pull(self)), (0, 0), "there is no more to say");
    }

    fn articles(&self) -> Vec<&str> {
        let mut articles: Vec<&str> = self.articles.iter().collect();
        articles.sort();
        articles
    }

    fn prices(&self) -> BTreeMap<&str, &str> {
        self.prices.iter().collect()
    }
}

/// The office and the tablet on the first day.
fn first_day() -> (Stock, Stock) {
    let (mut office, mut tablet) = (Stock::new("office"), Stock::new("tablet"));
    for article in ["anvil", "bolt", "crate"] {
        office.add(article);
        office.price(article, "10", 0);
    }
    tablet.set_status("open", 1);
    office.meet(&mut tablet);
    (office, tablet)
}

/// A month of work at the office: every day the prices change, and gradually every article of the
/// first day is removed, or removed and added again.
fn month_at(office: &mut Stock) {
    for day in 1..=30 {
        let time = day * DAY;
        for article in ["anvil", "bolt", "crate"] {
            office.price(article, &format!("{}", 10 + day), time);
        }
        office.add(&format!("article of day {day}"));
        if day > 1 {
            office.remove(&format!("article of day {}", day - 1));
        }
    }
    office.remove("anvil");
    office.delete_price("anvil", 31 * DAY);
    office.remove("crate");
    office.add("crate");
    office.set_status("closed", 31 * DAY);
}

#[test]
fn a_replica_that_was_away_for_thirty_days_brings_nothing_back_and_loses_nothing() {
    let (mut office, mut tablet) = first_day();
    month_at(&mut office);
    // Meanwhile the tablet worked as well, without having seen that.
    tablet.add("drill");
    tablet.price("drill", "99", 3 * DAY);
    tablet.price("bolt", "8", 4 * DAY);
    tablet.remove("crate");
    tablet.set_status("counting", 5 * DAY);

    office.meet(&mut tablet);
    for stock in [&office, &tablet] {
        // The anvil and the articles of past days are gone; the drill is there. The tablet removed
        // the crate without having seen that it was added again.
        assert_eq!(stock.articles(), ["article of day 30", "bolt", "crate", "drill"]);
        let prices = [("bolt", "40"), ("crate", "40"), ("drill", "99")];
        assert_eq!(stock.prices(), prices.into());
        assert_eq!(stock.status.value(), Some("closed"));

        // The decision that lost is still there for users to decide.
        assert_eq!(stock.articles.conflicts().map(|open| open.key).collect::<Vec<_>>(), ["crate"]);
        assert_eq!(stock.prices.conflicts().map(|open| open.key).collect::<Vec<_>>(), ["bolt"]);
        assert!(stock.status.conflict().is_some());
    }
}

#[test]
fn a_replica_that_was_set_back_by_a_month_brings_nothing_back_and_loses_nothing() {
    let (mut office, mut tablet) = first_day();
    let backup = tablet.clone();
    // The tablet works for a month. The office receives some of it, and nobody the rest.
    tablet.add("drill");
    tablet.remove("bolt");
    tablet.price("drill", "99", 3 * DAY);
    tablet.delete_price("bolt", 3 * DAY);
    office.meet(&mut tablet);
    month_at(&mut office);
    tablet.add("lost with the tablet");
    tablet.price("lost with the tablet", "1", 20 * DAY);

    // It breaks, and goes on from the backup with the following operations. The first of them have
    // the same numbers as the lost ones.
    let mut tablet = backup.restored();
    assert_eq!(tablet.articles(), ["anvil", "bolt", "crate"]);
    tablet.add("hammer");
    tablet.add("drill");
    tablet.price("hammer", "12", 31 * DAY);
    tablet.set_status("back again", 32 * DAY);

    office.meet(&mut tablet);
    for stock in [&office, &tablet] {
        // The bolt stays removed, by the tablet itself before the restore; so does the anvil.
        assert_eq!(stock.articles(), ["article of day 30", "crate", "drill", "hammer"]);
        let prices = [("bolt", "40"), ("crate", "40"), ("drill", "99"), ("hammer", "12")];
        assert_eq!(stock.prices(), prices.into());
        assert_eq!(stock.status.value(), Some("back again"));
    }
    // Both incarnations of the tablet are known, and late operations of the first one are applied
    // as well.
    assert_eq!(office.articles.vector().actor_table().origins().len(), 3);
}
