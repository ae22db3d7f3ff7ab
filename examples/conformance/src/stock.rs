use std::collections::BTreeMap;

/// How many of an article there are, counted in several shops that are not always online.
#[derive(Clone, Default)]
pub struct Stock {
    shop: String,
    bought: BTreeMap<String, u128>,
    sold: BTreeMap<String, u128>,
}

impl Stock {
    /// No articles yet, in this shop.
    pub fn new(shop: &str) -> Self {
        Self { shop: shop.into(), ..Self::default() }
    }

    /// The shop has bought so many.
    pub fn buy(&mut self, amount: u64) {
        *self.bought.entry(self.shop.clone()).or_default() += u128::from(amount);
    }

    /// The shop has sold so many.
    pub fn sell(&mut self, amount: u64) {
        *self.sold.entry(self.shop.clone()).or_default() += u128::from(amount);
    }

    /// How many there are; less than 0 if shops sold articles that they did not have.
    pub fn count(&self) -> i128 {
        let sum = |amounts: &BTreeMap<String, u128>| amounts.values().sum::<u128>() as i128;
        sum(&self.bought) - sum(&self.sold)
    }

    /// Merges the counts of another shop.
    pub fn merge(&mut self, other: &Self) {
        for (ours, theirs) in [(&mut self.bought, &other.bought), (&mut self.sold, &other.sold)] {
            for (shop, amount) in theirs {
                let known = ours.entry(shop.clone()).or_default();
                *known = (*known).max(*amount);
            }
        }
    }
}
