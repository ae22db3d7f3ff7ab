//! Programs: extracted modules, made ready to run.
//!
//! Meaning: the code of every function is a sequence of instructions for a machine with a stack
//! ([`super::machine`]). Every variable is a place on that stack, every constructor a number in
//! its type. Values of type `N` and `positive` are numbers, not lists of binary digits.
//! Cost: loading is one pass over the files.
//!
//! Source: Leroy, The ZINC experiment, INRIA RT-0117 (1990): calls with several arguments at once
//! of functions that take one at a time.

use super::compiler::{Frame, compile};
use super::constructors::{self, Constructor};
use super::extraction::{self, Declaration, Definition, Expression, Module};
use std::collections::HashMap;
use std::fmt;

/// One step of the machine.
#[derive(Clone, Copy, Debug)]
pub(super) enum Instruction {
    /// Pushes what is at this place above the base.
    Local(u32),
    /// Pushes 0 of type `N`, or 1 of type `positive`.
    Number(u32),
    /// Goes from a positive p to 2p, or 2p + 1.
    Double { and_one: bool },
    /// Pushes a function of the program.
    Function(u32),
    /// Pops the values that a local function captures, and pushes that function.
    Capture { function: u32, values: u32 },
    /// Pops fields and pushes a constructor with them.
    Construct { tag: u32, fields: u32 },
    /// Pops a function and so many arguments, and calls. The last call of a function returns for
    /// it.
    Apply { arguments: u32, last: bool },
    /// Pops all arguments of a function of the program, and calls.
    Call { function: u32, last: bool },
    /// Pops arguments and pushes what is calculated natively.
    Native(Native),
    /// Pops a value and goes on at the arm of its constructor.
    Switch(u32),
    /// Drops so many values below the topmost one.
    Slide(u32),
    /// Skips so many instructions.
    Jump(u32),
    /// Ends the function with the topmost value.
    Return,
}

/// What the machine does natively.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Native {
    /// Compares names or values of the user.
    CompareAtoms,
    /// Hashes a message of a domain of spec/state_hash.v.
    Hash,
    /// Gives back what it is given.
    Same,
    /// The bytes of a name or value of the user.
    BytesOf,
    Add,
    Compare,
    Equal,
    LessOrEqual,
    Less,
    FromNat,
}

/// The function that compares atoms. No module declares it, and every program has it.
pub(super) const COMPARE_ATOMS: u32 = 0;

/// The function that hashes; as [`COMPARE_ATOMS`].
pub(super) const HASH: u32 = 1;

/// The function of what is its own bytes; as [`COMPARE_ATOMS`].
pub(super) const SAME: u32 = 2;

/// The function that gives the bytes of an atom; as [`COMPARE_ATOMS`].
pub(super) const BYTES_OF: u32 = 3;

/// The functions that every program has, by their numbers, with their parameters.
const UNDECLARED: [(Native, &[&str]); 4] = [
    (Native::CompareAtoms, &["x", "y"]),
    (Native::Hash, &["domain", "message"]),
    (Native::Same, &["x"]),
    (Native::BytesOf, &["x"]),
];

/// The arithmetic that the definitions use; each is tested against the extracted function.
pub(super) const ARITHMETIC: [(&str, Native); 6] = [
    ("BinNat.N.add", Native::Add),
    ("BinNat.N.compare", Native::Compare),
    ("BinNat.N.eqb", Native::Equal),
    ("BinNat.N.leb", Native::LessOrEqual),
    ("BinNat.N.ltb", Native::Less),
    ("BinNat.N.of_nat", Native::FromNat),
];

#[derive(Debug)]
pub(super) struct Function {
    pub parameters: Vec<String>,
    /// How many values it captured.
    pub captured: usize,
    /// The local functions that it may call: the first of them, and how many.
    pub group: (u32, u32),
    /// Where its code begins.
    pub entry: usize,
    /// Does without code.
    pub native: Option<Native>,
}

#[derive(Debug)]
pub(super) struct Switch {
    pub kind: Kind,
    /// One for each constructor of the type.
    pub arms: Vec<Arm>,
}

/// How the values of a type are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Data,
    /// Numbers from 0: type `N`.
    Natural,
    /// Numbers from 1: type `positive`.
    Positive,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Arm {
    pub binds: Binds,
    /// How many instructions to skip.
    pub skip: usize,
}

/// What an arm pushes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Binds {
    /// Fields: the first is the lowest bit.
    Fields(u64),
    /// The whole value.
    Whole,
}

/// Extracted modules, ready to run.
pub struct Program {
    pub(super) code: Vec<Instruction>,
    pub(super) functions: Vec<Function>,
    pub(super) switches: Vec<Switch>,
    globals: HashMap<String, u32>,
    constructors: HashMap<String, Known>,
}

/// A declared constructor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Its type: how many constructors were declared before it, and how many it has.
    pub family: (usize, usize),
    pub kind: Kind,
    pub tag: u32,
    pub fields: usize,
}

/// Why modules cannot be loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadError {
    /// In which file, or in which declaration.
    pub place: String,
    /// Why.
    pub reason: Reason,
}

/// What cannot be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// It is not what an extraction writes, or has a node that is not known here.
    Json(String),
    /// The extraction had to cast.
    Untyped,
    /// Something of this name has been declared already.
    DeclaredTwice(String),
    /// No module declares this function.
    UnknownGlobal(String),
    /// No module declares this constructor.
    UnknownConstructor(String),
    /// No variable of this name is in scope.
    UnknownVariable(String),
    /// This constructor has another place in its type, or other fields.
    WrongConstructor(String),
    /// A `match` on constructors of several types or of none, or one that leaves some out.
    WrongMatch,
    /// This recursive definition is not that of a function.
    NotAFunction(String),
    /// A group of local functions does not have the one that is meant.
    NoSuchFunction,
    /// There is more than can be counted: 64 fields, 2^32 of anything else.
    TooLarge,
}

pub(super) type Loaded<T> = Result<T, Reason>;

impl Program {
    /// Loads modules, given as file name and JSON. With `natively`, arithmetic is done natively.
    pub fn load(files: &[(&str, &str)], natively: bool) -> Result<Self, LoadError> {
        let mut modules = Vec::new();
        for (file, json) in files {
            let failed = |reason| LoadError { place: (*file).to_owned(), reason };
            modules.push(extraction::parse(json).map_err(failed)?);
        }
        let mut program = Self {
            code: Vec::new(),
            functions: Vec::new(),
            switches: Vec::new(),
            globals: HashMap::new(),
            constructors: HashMap::new(),
        };
        for (native, parameters) in UNDECLARED {
            let parameters: Vec<String> = parameters.iter().map(|of| (*of).to_owned()).collect();
            let entry = program.code.len();
            program.functions.push(Function { entry, ..Function::new(&parameters) });
            program.code.extend([Instruction::Native(native), Instruction::Return]);
        }
        for module in &modules {
            for declaration in &module.declarations {
                let failed = |reason| LoadError { place: module.place(declaration), reason };
                program.declare(module, declaration, natively).map_err(failed)?;
            }
        }
        for known in constructors::ALL {
            let failed = |reason| LoadError {
                place: String::from("crates/proven/src/constructors.rs"),
                reason,
            };
            program.recognize(known).map_err(failed)?;
        }
        for module in &modules {
            for declaration in &module.declarations {
                let failed = |reason| LoadError { place: module.place(declaration), reason };
                program.define(module, declaration).map_err(failed)?;
            }
        }
        Ok(program)
    }

    /// The function of this full name: `Module.name`.
    pub fn function(&self, name: &str) -> Option<u32> {
        self.globals.get(name).copied()
    }

    /// The names of its parameters; none of a function that the program does not have.
    pub fn parameters(&self, function: u32) -> &[String] {
        self.functions.get(function as usize).map_or(&[], |function| &function.parameters)
    }

    /// Names a module's functions and constructors, so that all can refer to all.
    fn declare(&mut self, module: &Module, declared: &Declaration, natively: bool) -> Loaded<()> {
        match declared {
            Declaration::Abbreviation { .. } => {}
            Declaration::Term { name, value } => {
                self.declare_function(module, name, value, natively)?
            }
            Declaration::Group { functions } => {
                for Definition { name, value } in functions {
                    self.declare_function(module, name, value, natively)?;
                }
            }
            Declaration::Inductive { name, constructors } => {
                let family = (self.constructors.len(), constructors.len());
                let kind = match module.full_name(name).as_str() {
                    "BinNums.coq_N" => Kind::Natural,
                    "BinNums.positive" => Kind::Positive,
                    _ => Kind::Data,
                };
                for (tag, constructor) in constructors.iter().enumerate() {
                    let name = module.full_name(&constructor.name);
                    let fields = constructor.fields;
                    if fields > 64 {
                        return Err(Reason::TooLarge);
                    }
                    let known = Known { family, kind, tag: count(tag)?, fields };
                    if self.constructors.insert(name.clone(), known).is_some() {
                        return Err(Reason::DeclaredTwice(name));
                    }
                }
            }
        }
        Ok(())
    }

    fn declare_function(
        &mut self,
        module: &Module,
        name: &str,
        value: &Expression,
        natively: bool,
    ) -> Loaded<()> {
        let name = module.full_name(name);
        if self.globals.insert(name.clone(), count(self.functions.len())?).is_some() {
            return Err(Reason::DeclaredTwice(name));
        }
        let native = ARITHMETIC.iter().find(|(known, _)| natively && *known == name);
        let (parameters, _) = value.as_function();
        let native = native.map(|(_, native)| *native);
        self.functions.push(Function { native, ..Function::new(parameters) });
        Ok(())
    }

    /// Checks that a constructor which Rust makes is the declared one, if there is one.
    fn recognize(&self, constructor: &Constructor) -> Loaded<()> {
        let Constructor { name, tag, arity } = *constructor;
        match self.constructors.get(name) {
            Some(known) if (known.tag, known.fields) != (tag, arity) => {
                Err(Reason::WrongConstructor(name.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Compiles a module's functions.
    fn define(&mut self, module: &Module, declaration: &Declaration) -> Loaded<()> {
        let definitions: Vec<(&str, &Expression)> = match declaration {
            Declaration::Term { name, value } => vec![(name, value)],
            Declaration::Group { functions } => {
                functions.iter().map(|definition| (&*definition.name, &definition.value)).collect()
            }
            Declaration::Inductive { .. } | Declaration::Abbreviation { .. } => Vec::new(),
        };
        for (name, value) in definitions {
            let function = self.global(module, name)?;
            let (parameters, body) = value.as_function();
            let frame = Frame { parameters, captured: Vec::new(), group: Vec::new() };
            compile(self, module, function, &frame, body)?;
        }
        Ok(())
    }

    pub(super) fn global(&self, module: &Module, name: &str) -> Loaded<u32> {
        let own = self.globals.get(&module.full_name(name));
        let unknown = || Reason::UnknownGlobal(name.to_owned());
        own.or_else(|| self.globals.get(name)).copied().ok_or_else(unknown)
    }

    pub(super) fn constructor(&self, module: &Module, name: &str, fields: usize) -> Loaded<Known> {
        let own = self.constructors.get(&module.full_name(name));
        let unknown = || Reason::UnknownConstructor(name.to_owned());
        let known = own.or_else(|| self.constructors.get(name)).ok_or_else(unknown)?;
        if known.fields != fields {
            return Err(Reason::WrongConstructor(name.to_owned()));
        }
        Ok(*known)
    }
}

impl Function {
    pub(super) fn new(parameters: &[String]) -> Self {
        let parameters = parameters.to_vec();
        Self { parameters, captured: 0, group: (0, 0), entry: 0, native: None }
    }
}

pub(super) fn count(places: usize) -> Loaded<u32> {
    u32::try_from(places).map_err(|_| Reason::TooLarge)
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program of {} functions", self.functions.len())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match &self.reason {
            Reason::Json(error) => write!(f, "not an extraction as Coq 8.16 writes it: {error}"),
            Reason::Untyped => {
                write!(f, "the extraction had to cast; write the definition so that it need not")
            }
            Reason::DeclaredTwice(name) => write!(f, "{name} is declared twice"),
            Reason::UnknownGlobal(name) => {
                write!(f, "no file declares {name}; add the file that does to the program")
            }
            Reason::UnknownConstructor(name) => {
                write!(f, "no file declares the constructor {name}; add the file that does")
            }
            Reason::UnknownVariable(name) => write!(f, "no variable {name} is in scope"),
            Reason::WrongConstructor(name) => write!(
                f,
                "the constructor {name} is declared with another place or other fields than it is \
                 used with"
            ),
            Reason::WrongMatch => {
                write!(f, "a match must name constructors of one type, and cover all of them")
            }
            Reason::NotAFunction(name) => write!(f, "{name} is recursive, and not a function"),
            Reason::NoSuchFunction => {
                write!(f, "a group of local functions lacks the one that is meant")
            }
            Reason::TooLarge => write!(f, "more than 64 fields, or more than 2^32 of anything"),
        }
    }
}

impl std::error::Error for LoadError {}
