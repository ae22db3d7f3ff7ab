//! Two replicated types that know nothing of Rejoin: a counter that is right, and a set that is not.

mod basket;
mod stock;

pub use basket::Basket;
pub use stock::Stock;
