//! The machine that runs the extracted definitions, and the loader of the extracted files.
//!
//! Shown: every kind of node has its meaning in Coq; functions accept their arguments in any
//! portions; native arithmetic equals the extracted arithmetic; lists of 100,000 items and values
//! of any depth are built, compared, shown and dropped on a small stack; a program that cannot be
//! loaded or run is a typed error that says where; the program has all extracted files.

use rejoin::dot::{Origin, ReplicaId};
use rejoin::lattice::Lattice;
use rejoin::reference::Author;
use rejoin::reference::log::Log;
use rejoin::reference::replica::Object;
use rejoin_proven::machine::{Machine, RunError};
use rejoin_proven::program::{LoadError, Program, Reason};
use rejoin_proven::replica::{Objects, Replica};
use rejoin_proven::value::{Shared, Value};
use rejoin_proven::{EXTRACTED, STEPS};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

type Term = Value<char>;

// Making expressions, modules and values

fn var(name: &str) -> Json {
    json!({"what": "expr:rel", "name": name})
}

fn global(name: &str) -> Json {
    json!({"what": "expr:global", "name": name})
}

fn lambda(parameters: &[&str], body: Json) -> Json {
    json!({"what": "expr:lambda", "argnames": parameters, "body": body})
}

fn apply(function: Json, arguments: &[Json]) -> Json {
    json!({"what": "expr:apply", "func": function, "args": arguments})
}

fn construct(name: &str, fields: &[Json]) -> Json {
    json!({"what": "expr:constructor", "name": name, "args": fields})
}

fn case(scrutinee: Json, cases: &[(Json, Json)]) -> Json {
    let cases: Vec<Json> = cases
        .iter()
        .map(|(pattern, body)| json!({"what": "case", "pat": pattern, "body": body}))
        .collect();
    json!({"what": "expr:case", "expr": scrutinee, "cases": cases})
}

fn pattern(constructor: &str, fields: &[&str]) -> Json {
    json!({"what": "pat:constructor", "name": constructor, "argnames": fields})
}

fn any(name: &str) -> Json {
    json!({"what": "pat:rel", "name": name})
}

fn wild() -> Json {
    json!({"what": "pat:wild"})
}

fn local(name: &str, value: Json, body: Json) -> Json {
    json!({"what": "expr:let", "name": name, "nameval": value, "body": body})
}

fn fix(functions: &[(&str, Json)], chosen: usize) -> Json {
    let functions: Vec<Json> = functions
        .iter()
        .map(|(name, body)| json!({"what": "fix:item", "name": name, "body": body}))
        .collect();
    json!({"what": "expr:fix", "funcs": functions, "for": chosen})
}

fn term(name: &str, value: Json) -> Json {
    json!({"what": "decl:term", "name": name, "type": {"what": "type:unknown"}, "value": value})
}

fn group(functions: &[(&str, Json)]) -> Json {
    let functions: Vec<Json> = functions
        .iter()
        .map(|(name, value)| json!({"what": "fixgroup:item", "name": name, "value": value}))
        .collect();
    json!({"what": "decl:fixgroup", "fixlist": functions})
}

/// `Leaf`, `Node` with two fields, `Other` with one.
fn tree() -> Json {
    let constructor = |name: &str, fields: usize| {
        let types = vec![json!({"what": "type:unknown"}); fields];
        json!({"name": name, "argtypes": types})
    };
    let constructors = [constructor("Leaf", 0), constructor("Node", 2), constructor("Other", 1)];
    json!({"what": "decl:ind", "name": "tree", "argnames": [], "constructors": constructors})
}

fn module(declarations: &[Json]) -> String {
    json!({
        "what": "module", "name": "test", "need_magic": false, "need_dummy": false,
        "used_modules": [], "declarations": declarations
    })
    .to_string()
}

/// A program of the extracted files and one more module.
fn load(module: &str) -> Result<Program, LoadError> {
    let mut files = EXTRACTED.to_vec();
    files.push(("test.json", module));
    Program::load(&files, true)
}

fn number(number: u128) -> Term {
    Value::Number(number)
}

fn data<const FIELDS: usize>(tag: u32, fields: [Term; FIELDS]) -> Term {
    Value::Data(tag, fields.into_iter().collect())
}

fn list(items: impl IntoIterator<Item = Term, IntoIter: DoubleEndedIterator>) -> Term {
    items.into_iter().rev().fold(data(0, []), |rest, first| data(1, [first, rest]))
}

fn function(program: &Program, name: &str) -> Term {
    let function = program.function(name).unwrap_or_else(|| panic!("no function {name}"));
    Value::Function(function, Shared::EMPTY)
}

fn call(program: &Program, name: &str, arguments: &[Term]) -> Result<Term, RunError> {
    Machine::new(program).apply(function(program, name), arguments.to_vec(), &mut { STEPS })
}

/// The value of an expression, in a module that declares trees and an identity, `same`.
fn value_of(expression: Json) -> Term {
    let module = module(&[
        tree(),
        term("same", lambda(&["x"], var("x"))),
        term("value", lambda(&[], expression)),
    ]);
    let program = load(&module).unwrap_or_else(|error| panic!("{error}"));
    call(&program, "Test.value", &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn leaf() -> Json {
    construct("Leaf", &[])
}

fn other(field: Json) -> Json {
    construct("Other", &[field])
}

fn one() -> Json {
    construct("BinNums.Npos", &[construct("BinNums.Coq_xH", &[])])
}

// What each kind of node means

#[test]
fn constructors_keep_their_fields_in_order() {
    let node = construct("Node", &[other(leaf()), leaf()]);
    assert_eq!(value_of(node), data(1, [data(2, [data(0, [])]), data(0, [])]));
    assert_eq!(value_of(construct("Datatypes.Coq_true", &[])), data(0, []));
}

#[test]
fn a_match_binds_what_is_used_and_takes_the_first_arm_that_fits() {
    let arms = |scrutinee: Json| {
        case(
            scrutinee,
            &[
                (pattern("Node", &["_", "right"]), var("right")),
                (pattern("Leaf", &[]), other(leaf())),
                (any("whole"), construct("Node", &[leaf(), var("whole")])),
            ],
        )
    };
    let leaf_term = data(0, []);
    let other_term = data(2, [leaf_term.clone()]);
    assert_eq!(value_of(arms(construct("Node", &[leaf(), other(leaf())]))), other_term);
    assert_eq!(value_of(arms(leaf())), other_term);
    assert_eq!(value_of(arms(other(leaf()))), data(1, [leaf_term.clone(), other_term]));
    let rest = case(other(leaf()), &[(pattern("Leaf", &[]), leaf()), (wild(), one())]);
    assert_eq!(value_of(rest), number(1));
}

#[test]
fn the_innermost_binding_of_a_name_counts() {
    let inner = apply(lambda(&["x"], var("x")), &[other(var("x"))]);
    assert_eq!(value_of(local("x", leaf(), inner)), data(2, [data(0, [])]));
    let shadowed = case(
        construct("Node", &[leaf(), one()]),
        &[(pattern("Node", &["_", "x"]), var("x")), (wild(), var("x"))],
    );
    assert_eq!(value_of(local("x", leaf(), shadowed)), number(1));
}

/// After a `match` or a `let` inside an argument, the other variables are still in their places.
#[test]
fn values_at_work_do_not_move_variables() {
    let inner = local(
        "y",
        one(),
        case(
            other(var("y")),
            &[
                (pattern("Other", &["z"]), construct("Node", &[var("z"), var("x")])),
                (wild(), leaf()),
            ],
        ),
    );
    let expression = local("x", leaf(), construct("Node", &[inner, other(var("x"))]));
    let expected = data(1, [data(1, [number(1), data(0, [])]), data(2, [data(0, [])])]);
    assert_eq!(value_of(expression), expected);
}

#[test]
fn functions_take_their_arguments_in_any_portions() {
    let node = lambda(
        &["x"],
        lambda(
            &["y", "z"],
            construct("Node", &[var("x"), construct("Node", &[var("y"), var("z")])]),
        ),
    );
    let arguments = [leaf(), one(), other(leaf())];
    let expected = value_of(construct("Node", &[leaf(), construct("Node", &arguments[1..])]));
    assert_eq!(value_of(apply(node.clone(), &arguments)), expected, "at once");
    let (first, last) = arguments.split_at(1);
    assert_eq!(value_of(apply(apply(node.clone(), first), last)), expected, "one, then two");
    let (first, last) = arguments.split_at(2);
    assert_eq!(value_of(apply(apply(node.clone(), first), last)), expected, "two, then one");
    let passed = lambda(&["f"], apply(var("f"), &arguments[2..]));
    let partial = apply(node.clone(), &arguments[..2]);
    assert_eq!(value_of(apply(passed, &[partial])), expected, "passed to another function");
    let too_many: Vec<Json> = [node].into_iter().chain(arguments).collect();
    assert_eq!(value_of(apply(global("same"), &too_many)), expected, "to an identity");
}

#[test]
fn local_functions_call_themselves_and_each_other_and_capture() {
    // even and odd of unary numbers; they answer with their captured values.
    let next = |name: &str, at_zero: Json| {
        lambda(
            &["n"],
            case(
                var("n"),
                &[
                    (pattern("Datatypes.O", &[]), at_zero),
                    (pattern("Datatypes.S", &["m"]), apply(var(name), &[var("m")])),
                ],
            ),
        )
    };
    let group = [("even", next("odd", var("yes"))), ("odd", next("even", leaf()))];
    let unary = |n: usize| {
        let zero = construct("Datatypes.O", &[]);
        (0..n).fold(zero, |n, _| construct("Datatypes.S", &[n]))
    };
    for n in 0..5 {
        for chosen in 0..2 {
            let answer = local("yes", one(), apply(fix(&group, chosen), &[unary(n)]));
            let is_yes = n % 2 == chosen;
            assert_eq!(value_of(answer), if is_yes { number(1) } else { data(0, []) });
        }
    }
}

#[test]
fn functions_of_a_module_call_each_other() {
    let swap = |name: &str| {
        lambda(
            &["t"],
            case(
                var("t"),
                &[
                    (pattern("Other", &["t'"]), other(apply(global(name), &[var("t'")]))),
                    (wild(), var("t")),
                ],
            ),
        )
    };
    let module = module(&[tree(), group(&[("one", swap("two")), ("two", swap("Test.one"))])]);
    let program = load(&module).expect("it loads");
    let nested = || data(2, [data(2, [data(0, [])])]);
    assert_eq!(call(&program, "Test.one", &[nested()]), Ok(nested()));
}

// Numbers

#[test]
fn native_arithmetic_equals_the_extracted() {
    let native = Program::load(&EXTRACTED, true).expect("it loads");
    let extracted = Program::load(&EXTRACTED, false).expect("it loads");
    let mut numbers: Vec<u128> = (0..20).collect();
    numbers.extend([1 << 64, (1 << 64) - 1, (1 << 126) + 5, (1 << 127) - 1]);
    for a in &numbers {
        for b in &numbers {
            for name in
                ["add", "compare", "eqb", "leb", "ltb"].map(|name| format!("BinNat.N.{name}"))
            {
                let arguments = [number(*a), number(*b)];
                let results = [&native, &extracted].map(|with| call(with, &name, &arguments));
                assert!(results[0].is_ok(), "{name} {a} {b}");
                assert_eq!(results[0], results[1], "{name} {a} {b}");
            }
        }
    }
    let mut unary: Term = data(0, []);
    for n in 0..40 {
        for program in [&native, &extracted] {
            assert_eq!(call(program, "BinNat.N.of_nat", &[unary.clone()]), Ok(number(n)));
        }
        unary = data(1, [unary]);
    }
}

#[test]
fn numbers_are_built_and_taken_apart() {
    let positive = |name: &str, half: Json| construct(name, &[half]);
    let two = || positive("BinNums.Coq_xO", construct("BinNums.Coq_xH", &[]));
    let five = || positive("BinNums.Coq_xI", two());
    assert_eq!(value_of(construct("BinNums.Npos", &[five()])), number(5));
    assert_eq!(value_of(construct("BinNums.N0", &[])), number(0));
    let digits = |of: Json| {
        case(
            of,
            &[
                (pattern("BinNums.Coq_xI", &["p"]), construct("Node", &[leaf(), var("p")])),
                (pattern("BinNums.Coq_xO", &["p"]), other(var("p"))),
                (pattern("BinNums.Coq_xH", &[]), leaf()),
            ],
        )
    };
    assert_eq!(value_of(digits(five())), data(1, [data(0, []), number(2)]));
}

#[test]
fn a_number_too_great_is_an_error() {
    let program =
        load(&module(&[term("double", lambda(&["p"], construct("BinNums.Coq_xO", &[var("p")])))]))
            .expect("it loads");
    let greatest = [number(u128::MAX), number(1)];
    assert_eq!(call(&program, "BinNat.N.add", &greatest), Err(RunError::TooLarge));
    assert_eq!(call(&program, "Test.double", &greatest[..1]), Err(RunError::TooLarge));
}

// Atoms

#[test]
fn atoms_are_compared_as_rust_compares_them() {
    let program = Program::load(&EXTRACTED, true).expect("it loads");
    let compare = Value::Function(0, Shared::EMPTY);
    let atoms = ['b', 'a', 'c', 'a'].map(|atom| Value::Atom(Rc::new(atom)));
    let set = call(&program, "Sorted_map.set_of", &[compare, list(atoms)]);
    assert_eq!(set, Ok(list(['a', 'b', 'c'].map(|atom| Value::Atom(Rc::new(atom))))));
}

// Limits

#[test]
fn what_does_not_end_is_out_of_steps() {
    let forever = lambda(&["x"], apply(global("forever"), &[var("x")]));
    let deeper = lambda(&["x"], other(apply(global("deeper"), &[var("x")])));
    let module = module(&[tree(), group(&[("forever", forever)]), group(&[("deeper", deeper)])]);
    let program = load(&module).expect("it loads");
    for name in ["Test.forever", "Test.deeper"] {
        let mut steps = 100_000;
        let mut machine = Machine::new(&program);
        let result = machine.apply(function(&program, name), [number(1)], &mut steps);
        assert_eq!(result, Err(RunError::OutOfSteps));
        assert_eq!(steps, 0);
    }
}

#[test]
fn ill_typed_values_are_an_error() {
    let program = Program::load(&EXTRACTED, true).expect("it loads");
    let wrong = [number(3), data(7, []), data(1, [number(1)]), Value::Atom(Rc::new('a'))];
    for value in &wrong {
        let arguments = [function(&program, "Datatypes.negb"), value.clone()];
        assert_eq!(call(&program, "List.map", &arguments), Err(RunError::WrongType), "{value:?}");
        let sum = call(&program, "BinNat.N.add", &[data(0, []), value.clone()]);
        assert_eq!(sum, Err(RunError::WrongType));
        let applied = Machine::new(&program).apply(value.clone(), [number(1)], &mut { STEPS });
        assert_eq!(applied, Err(RunError::WrongType));
    }
}

/// Runs on a stack that would overflow if a long list were handled recursively.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(test);
    thread.expect("a thread").join().expect("it does not fail");
}

const MANY: u128 = 100_000;

#[test]
fn long_lists_need_no_deep_stack() {
    on_a_small_stack(|| {
        let program = Program::load(&EXTRACTED, true).expect("it loads");
        let numbers = || list((0..MANY).map(number));
        let add = function(&program, "BinNat.N.add");
        let sum = call(&program, "List.fold_right", &[add.clone(), number(0), numbers()]);
        assert_eq!(sum, Ok(number(MANY * (MANY - 1) / 2)));
        let one_more = Machine::new(&program).apply(add, [number(1)], &mut { STEPS });
        let mapped = call(&program, "List.map", &[one_more.expect("a function"), numbers()]);
        assert_eq!(mapped, Ok(list((1..=MANY).map(number))));
        let compare = function(&program, "BinNat.N.compare");
        let (even, odd) = (0..MANY).partition::<Vec<u128>, _>(|number| number % 2 == 0);
        let [even, odd] = [even, odd].map(|numbers| list(numbers.into_iter().map(number)));
        let union = call(&program, "Sorted_map.union", &[compare, even, odd]);
        assert_eq!(union, Ok(numbers()));
        let length = call(&program, "Datatypes.length", &[numbers()]).expect("a length");
        assert_eq!(call(&program, "BinNat.N.of_nat", &[length]), Ok(number(MANY)));
    });
}

#[test]
fn deep_values_are_compared_shown_and_dropped() {
    on_a_small_stack(|| {
        let first = (0..MANY).fold(data(0, []), |deep, _| data(1, [deep, number(1)]));
        let both = (0..MANY).fold(number(1), |deep, _| data(0, [deep.clone(), deep]));
        let given =
            (0..MANY).fold(number(1), |deep, _| Value::Function(0, [deep].into_iter().collect()));
        let last = list((0..MANY).map(number));
        assert_ne!(first, last);
        assert_eq!(first, first.clone());
        assert!(format!("{last:?}").starts_with("#1(0, #1(1, "));
        assert!(format!("{given:?}").contains("function 0(function 0(1))"));
        drop((first, both, given, last));
    });
}

#[test]
fn long_logs_join_and_translate() {
    on_a_small_stack(|| {
        let origin = |name: &str| Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
        let log = |name: &str, seqs: std::ops::Range<u64>| {
            let mut log: Log<Option<u64>> = Log::bottom();
            for seq in seqs {
                let author = Author { origin: origin(name), seq, user: None };
                log.append(&author, Some(seq), seq).expect("it fits");
            }
            log
        };
        let (a, b) = (log("a", 1..50_001), log("b", 1..50_001));
        let objects =
            |log: Log<Option<u64>>| BTreeMap::from([("log".into(), Object::<char, _>::Log(log))]);
        let mut both = a.clone();
        both.join(&b);
        let (a, b) = (Objects::from(&objects(a)), Objects::from(&objects(b)));
        let mut proven = Replica::restored(&origin("a"), a).expect("a replica");
        proven.join(&b).expect("it joins");
        let joined = proven.objects().and_then(|joined| joined.to_reference());
        assert_eq!(joined.expect("it translates"), objects(both));
    });
}

// What cannot be loaded

/// Why a module with trees and this definition cannot be loaded.
fn refused(value: Json) -> Reason {
    let error = load(&module(&[tree(), term("odd", value)])).expect_err("it is refused");
    assert_eq!(error.place, "Test.odd");
    assert!(error.to_string().starts_with("Test.odd: "));
    error.reason
}

#[test]
fn what_is_not_declared_is_refused() {
    assert_eq!(refused(global("nowhere")), Reason::UnknownGlobal("nowhere".into()));
    let applied = apply(global("List.nowhere"), &[leaf()]);
    assert_eq!(refused(applied), Reason::UnknownGlobal("List.nowhere".into()));
    assert_eq!(refused(construct("Tree", &[])), Reason::UnknownConstructor("Tree".into()));
    assert_eq!(refused(lambda(&["x"], var("y"))), Reason::UnknownVariable("y".into()));
    let unknown = case(leaf(), &[(pattern("Tree", &[]), leaf())]);
    assert_eq!(refused(unknown), Reason::UnknownConstructor("Tree".into()));
}

#[test]
fn constructors_have_all_their_fields() {
    assert_eq!(refused(construct("Node", &[leaf()])), Reason::WrongConstructor("Node".into()));
    assert_eq!(refused(construct("Leaf", &[leaf()])), Reason::WrongConstructor("Leaf".into()));
}

#[test]
fn a_match_covers_one_type() {
    let leaves = |cases: &[(Json, Json)]| refused(case(leaf(), cases));
    let (on_leaf, on_true) = (pattern("Leaf", &[]), pattern("Datatypes.Coq_true", &[]));
    assert_eq!(leaves(&[(on_leaf.clone(), leaf())]), Reason::WrongMatch);
    assert_eq!(
        leaves(&[(on_leaf, leaf()), (on_true, leaf()), (wild(), leaf())]),
        Reason::WrongMatch
    );
    assert_eq!(leaves(&[(wild(), leaf())]), Reason::WrongMatch);
    assert_eq!(leaves(&[]), Reason::WrongMatch);
    let short = [(pattern("Node", &["x"]), leaf()), (wild(), leaf())];
    assert_eq!(leaves(&short), Reason::WrongConstructor("Node".into()));
}

#[test]
fn local_recursive_definitions_are_functions() {
    let constant = fix(&[("x", other(var("x")))], 0);
    assert_eq!(refused(constant), Reason::NotAFunction("x".into()));
    let function = ("f", lambda(&["x"], var("x")));
    assert_eq!(refused(fix(&[function], 1)), Reason::NoSuchFunction);
    assert_eq!(refused(fix(&[], 0)), Reason::NoSuchFunction);
}

#[test]
fn names_are_declared_once() {
    let error = load(&module(&[term("x", one()), term("x", one())])).expect_err("it is refused");
    assert_eq!(error.reason, Reason::DeclaredTwice("Test.x".into()));
    let error = load(&module(&[tree(), tree()])).expect_err("it is refused");
    assert_eq!(error.reason, Reason::DeclaredTwice("Test.Leaf".into()));
}

/// Rust builds and matches what Coq declares: another order of constructors is noticed.
#[test]
fn constructors_that_rust_knows_are_checked() {
    let swapped = EXTRACTED.map(|(file, json)| {
        let swapped = json.replace("Removed", "Swapped").replace("Added", "Removed");
        (file, swapped.replace("Swapped", "Added"))
    });
    let files: Vec<(&str, &str)> = swapped.iter().map(|(file, json)| (*file, &**json)).collect();
    let error = Program::load(&files, true).expect_err("it is refused");
    assert_eq!(error.reason, Reason::WrongConstructor("Definition.Removed".into()));
}

#[test]
fn what_is_no_extraction_is_refused() {
    let sound = module(&[tree(), term("x", other(one()))]);
    assert!(load(&sound).is_ok());
    let load_alone = |json: &str| Program::load(&[("test.json", json)], true);
    let refused = |json: &str| load_alone(json).expect_err("it is refused").reason;
    for cut in 0..sound.len() {
        assert!(matches!(refused(&sound[..cut]), Reason::Json(_)), "cut at {cut}");
    }
    let magic = sound.replace(r#""need_magic":false"#, r#""need_magic":true"#);
    assert_eq!(refused(&magic), Reason::Untyped);
    for (kind, other) in [
        ("expr:constructor", "expr:axiom"),
        ("expr:constructor", "expr:coerce"),
        ("decl:term", "decl:module"),
        (r#""args":"#, r#""arguments":"#),
    ] {
        assert_ne!(sound, sound.replace(kind, other));
        assert!(matches!(refused(&sound.replace(kind, other)), Reason::Json(_)), "{other}");
    }
    let deep =
        (0..100_000).fold(String::new(), |deep, _| deep + r#"{"what":"expr:lambda","body":"#);
    assert!(matches!(refused(&deep), Reason::Json(_)));
}

#[test]
fn the_program_has_all_extracted_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/spec/extracted");
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("a file").file_name().into_string().expect("a name")
    };
    let files: BTreeSet<String> = entries.map(name).collect();
    let known: BTreeSet<String> = EXTRACTED.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(files, known);
}
