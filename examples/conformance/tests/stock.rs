//! The suite on a counter that is right.

use conformance_example::Stock;
use rejoin_conformance::{Json, Operation, Replicated, Type, Unsupported, answer, conformance};

#[derive(Clone)]
struct Tested(Stock);

impl Replicated for Tested {
    const TYPE: Type = Type::PnCounter;

    fn new(name: &str) -> Self {
        Self(Stock::new(name))
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        match operation {
            Operation::Increment { amount } => self.0.buy(*amount),
            Operation::Decrement { amount } => self.0.sell(*amount),
            other => return Err(Unsupported::operation(other)),
        }
        Ok(())
    }

    fn value(&self) -> Json {
        answer::integer(self.0.count())
    }

    fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }
}

conformance! { Tested }
