//! Two arrays are filled apart and joined; then the elements are read as a whole and place by place.

use dson::crdts::mvreg::MvRegValue;
use dson::transaction::{ArrayTransaction, CrdtValue};
use dson::{CausalDotStore, Identifier, OrArray};
use std::process::ExitCode;

fn show(array: &CausalDotStore<OrArray>) -> [Vec<String>; 2] {
    let text = |value: CrdtValue<'_, usize>| match value {
        CrdtValue::Register(register) => format!("{:?}", register.0.values().next()),
        _ => "another kind".into(),
    };
    let whole = array.store.with_list(|value, _, _| {
        Ok::<_, std::convert::Infallible>(Some(text(CrdtValue::from_type_variant(value))))
    });
    let whole = whole.unwrap_or_else(|never| match never {});
    let places = (0..array.store.len()).map(|place| {
        array
            .store
            .get(place)
            .map_or("nothing".into(), |value| text(CrdtValue::from_type_variant(value)))
    });
    [whole.into_iter().map(|(text, _, _)| text).collect(), places.collect()]
}

fn main() -> ExitCode {
    let mut stores = [CausalDotStore::<OrArray>::default(), CausalDotStore::default()];
    for (node, store) in (1_u8..).zip(&mut stores) {
        let mut transaction = ArrayTransaction::new(store, Identifier::new(node, 0));
        for place in 0..2 {
            let text = format!("{node}.{place}");
            transaction.insert_register(place, MvRegValue::String(text));
        }
        let _delta = transaction.commit();
    }
    let [mut left, mut right] = stores;
    let of_left = left.clone();
    left.join_or_replace_with(right.store.clone(), &right.context);
    right.join_or_replace_with(of_left.store, &of_left.context);
    let shown = [&left, &right].map(show);
    for (name, [whole, places]) in ["left", "right"].iter().zip(&shown) {
        println!("{name}, as a whole:     {whole:?}\n{name}, place by place: {places:?}");
    }
    let agree = shown.iter().all(|[whole, places]| whole == places) && shown[0] == shown[1];
    if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
