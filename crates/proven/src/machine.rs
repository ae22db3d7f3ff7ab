//! The machine that runs programs.
//!
//! Meaning: strict evaluation, with one stack for values and one for calls, both on the heap. So
//! memory and the budget of steps limit how deep a definition recurs, and not the stack of the
//! thread.
//! Cost: a step is one instruction. No instruction copies a value; only partial applications cost
//! more than their arguments.

use super::constructors::{CONS, DOMAINS, EQUAL, FALSE, GREATER, LESS, NIL, O, S, TRUE};
use super::program::{Binds, Function, Instruction, Kind, Native, Program};
use super::value::{Shared, Value};
use std::cmp::Ordering;
use std::fmt;

/// A machine that runs functions of one program.
pub struct Machine<'p, A> {
    program: &'p Program,
    /// The bytes of an atom, where definitions ask for them.
    bytes_of: Option<fn(&A) -> Vec<u8>>,
    stack: Vec<Value<A>>,
    calls: Vec<Call>,
    /// The index of the next instruction.
    next: usize,
    /// The index of the running function's first value.
    base: usize,
}

/// What happens to a result.
enum Call {
    /// The caller goes on with it.
    Return { next: usize, base: usize },
    /// It is a function, and is applied to the arguments below it.
    Apply { arguments: usize },
}

/// Why a function has no result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunError {
    /// It took more steps than it was allowed.
    OutOfSteps,
    /// A number exceeds 2^128 − 1.
    TooLarge,
    /// A value does not have the type that the function takes.
    WrongType,
}

impl<'p, A: Ord> Machine<'p, A> {
    /// A machine for this program.
    pub fn new(program: &'p Program) -> Self {
        let (stack, calls) = (Vec::new(), Vec::new());
        Self { program, bytes_of: None, stack, calls, next: 0, base: 0 }
    }

    /// The same machine, for definitions that ask for the bytes of names and values.
    pub fn with_bytes(self, bytes_of: fn(&A) -> Vec<u8>) -> Self {
        Self { bytes_of: Some(bytes_of), ..self }
    }

    /// Applies a function to arguments, in at most so many steps.
    pub fn apply(
        &mut self,
        function: Value<A>,
        arguments: impl IntoIterator<Item = Value<A>, IntoIter: DoubleEndedIterator>,
        steps: &mut u64,
    ) -> Result<Value<A>, RunError> {
        self.stack.clear();
        self.calls.clear();
        self.stack.extend(arguments.into_iter().rev());
        let arguments = self.stack.len();
        self.stack.push(function);
        if self.enter(arguments)? || self.give_back()? {
            self.run(steps)?;
        }
        self.pop()
    }

    fn run(&mut self, steps: &mut u64) -> Result<(), RunError> {
        loop {
            *steps = steps.checked_sub(1).ok_or(RunError::OutOfSteps)?;
            let instruction = self.program.code[self.next];
            self.next += 1;
            match instruction {
                Instruction::Local(place) => {
                    let value = self.stack[self.base + place as usize].clone();
                    self.stack.push(value);
                }
                Instruction::Number(number) => self.stack.push(Value::Number(number.into())),
                Instruction::Double { and_one } => {
                    let half = self.pop_number()?;
                    let number = half.checked_mul(2).ok_or(RunError::TooLarge)?;
                    self.stack.push(Value::Number(number | u128::from(and_one)));
                }
                Instruction::Function(function) => {
                    self.stack.push(Value::Function(function, Shared::EMPTY));
                }
                Instruction::Capture { function, values } => {
                    let values = self.take(values as usize);
                    self.stack.push(Value::Function(function, values));
                }
                Instruction::Construct { tag, fields } => {
                    let fields = self.take(fields as usize);
                    self.stack.push(Value::Data(tag, fields));
                }
                Instruction::Apply { arguments, last } => {
                    let arguments = arguments as usize;
                    if last {
                        self.stack.drain(self.base..self.stack.len() - arguments - 1);
                    } else {
                        self.calls.push(Call::Return { next: self.next, base: self.base });
                    }
                    if !(self.enter(arguments)? || self.give_back()?) {
                        return Ok(());
                    }
                }
                Instruction::Call { function, last } => {
                    let Function { parameters, entry, .. } =
                        &self.program.functions[function as usize];
                    let first = self.stack.len() - parameters.len();
                    if last {
                        self.stack.drain(self.base..first);
                    } else {
                        self.calls.push(Call::Return { next: self.next, base: self.base });
                        self.base = first;
                    }
                    self.next = *entry;
                }
                Instruction::Native(native) => self.native(native)?,
                Instruction::Switch(switch) => self.switch(switch)?,
                Instruction::Slide(values) => {
                    let result = self.pop()?;
                    self.stack.truncate(self.stack.len() - values as usize);
                    self.stack.push(result);
                }
                Instruction::Jump(instructions) => self.next += instructions as usize,
                Instruction::Return => {
                    let result = self.pop()?;
                    self.stack.truncate(self.base);
                    self.stack.push(result);
                    if !self.give_back()? {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn pop(&mut self) -> Result<Value<A>, RunError> {
        self.stack.pop().ok_or(RunError::WrongType)
    }

    fn pop_number(&mut self) -> Result<u128, RunError> {
        match self.pop()? {
            Value::Number(number) => Ok(number),
            _ => Err(RunError::WrongType),
        }
    }

    /// Pops values; the topmost is the last.
    fn take(&mut self, values: usize) -> Shared<A> {
        match values {
            0 => Shared::EMPTY,
            _ => self.stack.drain(self.stack.len() - values..).collect(),
        }
    }

    /// Begins the function on top of the stack, if it has all its arguments. Else, or where it is
    /// not yet its turn, leaves a result and returns false.
    fn enter(&mut self, arguments: usize) -> Result<bool, RunError> {
        let Value::Function(id, given) = self.pop()? else { return Err(RunError::WrongType) };
        let function = &self.program.functions[id as usize];
        let missing = function.captured + function.parameters.len() - given.as_slice().len();
        if arguments < missing {
            let first = self.stack.len() - arguments;
            let given = self.stack.drain(first..).chain(given.as_slice().iter().cloned()).collect();
            self.stack.push(Value::Function(id, given));
            return Ok(false);
        }
        if arguments > missing {
            self.calls.push(Call::Apply { arguments: arguments - missing });
        }
        self.base = self.stack.len() - missing;
        self.stack.extend_from_slice(given.as_slice());
        let (first, siblings) = function.group;
        for sibling in first..first + siblings {
            let captured = self.stack[self.base + function.parameters.len()..][..function.captured]
                .iter()
                .cloned()
                .collect();
            self.stack.push(Value::Function(sibling, captured));
        }
        self.next = function.entry;
        Ok(true)
    }

    /// Gives the result on top of the stack to whom it is for; false if that is nobody here.
    fn give_back(&mut self) -> Result<bool, RunError> {
        loop {
            match self.calls.pop() {
                None => return Ok(false),
                Some(Call::Return { next, base }) => {
                    (self.next, self.base) = (next, base);
                    return Ok(true);
                }
                Some(Call::Apply { arguments }) => {
                    if self.enter(arguments)? {
                        return Ok(true);
                    }
                }
            }
        }
    }

    fn native(&mut self, native: Native) -> Result<(), RunError> {
        let first = self.pop()?;
        let result = match (native, first) {
            (Native::CompareAtoms, Value::Atom(first)) => match self.pop()? {
                Value::Atom(second) => comparison(first.cmp(&second)),
                _ => return Err(RunError::WrongType),
            },
            (Native::Same, first) => first,
            (Native::BytesOf, Value::Atom(atom)) => {
                list(&self.bytes_of.ok_or(RunError::WrongType)?(&atom))
            }
            (Native::Hash, domain) => hash(&domain, &self.pop()?)?,
            (Native::FromNat, first) => Value::Number(length(&first)?),
            (Native::Add, Value::Number(first)) => {
                let sum = first.checked_add(self.pop_number()?);
                Value::Number(sum.ok_or(RunError::TooLarge)?)
            }
            (Native::Compare, Value::Number(first)) => comparison(first.cmp(&self.pop_number()?)),
            (Native::Equal, Value::Number(first)) => boolean(first == self.pop_number()?),
            (Native::LessOrEqual, Value::Number(first)) => boolean(first <= self.pop_number()?),
            (Native::Less, Value::Number(first)) => boolean(first < self.pop_number()?),
            _ => return Err(RunError::WrongType),
        };
        self.stack.push(result);
        Ok(())
    }

    fn switch(&mut self, switch: u32) -> Result<(), RunError> {
        let switch = &self.program.switches[switch as usize];
        let value = self.pop()?;
        let (tag, half) = match (switch.kind, &value) {
            (Kind::Data, Value::Data(tag, _)) => (*tag, 0),
            (Kind::Natural, Value::Number(0)) => (0, 0),
            (Kind::Natural, Value::Number(number)) => (1, *number),
            (Kind::Positive, Value::Number(1)) => (2, 0),
            (Kind::Positive, Value::Number(number)) => (u32::from(number % 2 == 0), number / 2),
            _ => return Err(RunError::WrongType),
        };
        let arm = switch.arms.get(tag as usize).ok_or(RunError::WrongType)?;
        self.next += arm.skip;
        match (arm.binds, &value) {
            (Binds::Whole, _) => self.stack.push(value),
            (Binds::Fields(0), _) => {}
            (Binds::Fields(used), Value::Data(_, fields)) => {
                for (place, field) in fields.as_slice().iter().enumerate() {
                    if used >> place & 1 == 1 {
                        self.stack.push(field.clone());
                    }
                }
            }
            (Binds::Fields(_), _) => self.stack.push(Value::Number(half)),
        }
        Ok(())
    }
}

fn boolean<A>(holds: bool) -> Value<A> {
    if holds { TRUE.make([]) } else { FALSE.make([]) }
}

fn comparison<A>(ordering: Ordering) -> Value<A> {
    match ordering {
        Ordering::Equal => EQUAL.make([]),
        Ordering::Less => LESS.make([]),
        Ordering::Greater => GREATER.make([]),
    }
}

/// BLAKE3 of a message, under the key of its domain (spec/state-hash.md).
fn hash<A>(domain: &Value<A>, message: &Value<A>) -> Result<Value<A>, RunError> {
    let Value::Data(domain, _) = domain else { return Err(RunError::WrongType) };
    let domain = DOMAINS.iter().find(|(constructor, _)| constructor.tag == *domain);
    let (_, domain) = domain.ok_or(RunError::WrongType)?;
    let key = blake3::hash(format!("rejoin/1 {domain}").as_bytes());
    let digest = blake3::keyed_hash(key.as_bytes(), &bytes(message)?);
    Ok(list(digest.as_bytes()))
}

/// Bytes as a list of numbers.
fn list<A>(bytes: &[u8]) -> Value<A> {
    let bytes = bytes.iter().rev();
    bytes.fold(NIL.make([]), |rest, byte| CONS.make([Value::Number((*byte).into()), rest]))
}

/// The bytes that a list of numbers stands for.
fn bytes<A>(mut list: &Value<A>) -> Result<Vec<u8>, RunError> {
    let mut bytes = Vec::new();
    loop {
        let Value::Data(tag, fields) = list else { return Err(RunError::WrongType) };
        match (*tag, fields.as_slice()) {
            (tag, []) if tag == NIL.tag => return Ok(bytes),
            (tag, [Value::Number(byte), rest]) if tag == CONS.tag => {
                bytes.push(u8::try_from(*byte).map_err(|_| RunError::WrongType)?);
                list = rest;
            }
            _ => return Err(RunError::WrongType),
        }
    }
}

/// The number that a unary number stands for.
fn length<A>(mut unary: &Value<A>) -> Result<u128, RunError> {
    let mut number = 0;
    loop {
        match unary {
            Value::Data(tag, fields) if *tag == S.tag && fields.as_slice().len() == S.arity => {
                unary = &fields.as_slice()[0];
                number += 1;
            }
            Value::Data(tag, fields) if *tag == O.tag && fields.as_slice().is_empty() => {
                return Ok(number);
            }
            _ => return Err(RunError::WrongType),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfSteps => {
                write!(f, "more steps than were allowed; allow more, or ask for less")
            }
            Self::TooLarge => write!(f, "a number exceeds 2^128 − 1"),
            Self::WrongType => write!(f, "a value is not of the type that the function takes"),
        }
    }
}

impl std::error::Error for RunError {}
