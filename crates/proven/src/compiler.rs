//! Compiling one function of the extracted language.
//!
//! Meaning: the stack of a running function contains, from its base: its arguments, the last one
//! first; the captured values; the local functions of its group; the variables that `match` and
//! `let` bind; temporary values. So the place of every variable is known at compile time.

use super::extraction::{Case, Expression, Module, Pattern};
use super::program::{
    Arm, Binds, Function, Instruction, Kind, Known, Loaded, Program, Reason, Switch, count,
};
use std::collections::BTreeSet;

/// A function that is being compiled.
pub(super) struct Compiler<'a, 'p> {
    program: &'p mut Program,
    module: &'a Module,
    /// The variables and their places above the base, innermost last.
    scope: Vec<(&'a str, usize)>,
    /// How many values there are above the base.
    height: usize,
    code: Vec<Instruction>,
}

/// The layout of a function's stack.
pub(super) struct Frame<'a> {
    pub parameters: &'a [String],
    pub captured: Vec<&'a str>,
    pub group: Vec<&'a str>,
}

/// Compiles the body as the code of this function.
pub(super) fn compile<'a>(
    program: &mut Program,
    module: &'a Module,
    function: u32,
    frame: &Frame<'a>,
    body: &'a Expression,
) -> Loaded<()> {
    let code = match program.functions[function as usize].native {
        Some(native) => vec![Instruction::Native(native), Instruction::Return],
        None => {
            let parameters = frame.parameters.iter().rev().map(String::as_str);
            let outer = frame.captured.iter().chain(&frame.group).copied();
            let places: Vec<(&str, usize)> = parameters.chain(outer).zip(0..).collect();
            let height = places.len();
            // A name means its innermost variable, and the last parameter is the innermost.
            let scope = places.into_iter().rev().collect();
            let mut compiler = Compiler { program, module, scope, height, code: Vec::new() };
            compiler.expression(body, true)?;
            compiler.code
        }
    };
    program.functions[function as usize].entry = program.code.len();
    program.code.extend(code);
    Ok(())
}

impl<'a> Compiler<'a, '_> {
    fn emit(&mut self, instruction: Instruction, pops: usize, pushes: usize) {
        self.code.push(instruction);
        self.height = self.height - pops + pushes;
    }

    /// Emits code that pushes the value of the expression; in tail position, code that returns it.
    fn expression(&mut self, expression: &'a Expression, last: bool) -> Loaded<()> {
        match expression {
            Expression::Variable { name } => self.variable(name)?,
            Expression::Global { name } => {
                let function = self.program.global(self.module, name)?;
                if self.program.functions[function as usize].parameters.is_empty() {
                    return self.call(function, last);
                }
                self.emit(Instruction::Function(function), 0, 1);
            }
            Expression::Construct { constructor, fields } => self.construct(constructor, fields)?,
            Expression::Lambda { parameters, body } if parameters.is_empty() => {
                return self.expression(body, last);
            }
            Expression::Lambda { .. } => self.functions(&[("", expression)], 0)?,
            Expression::Fix { functions, chosen } => {
                let group: Vec<(&str, &Expression)> =
                    functions.iter().map(|local| (&*local.name, &local.body)).collect();
                if *chosen >= group.len() {
                    return Err(Reason::NoSuchFunction);
                }
                self.functions(&group, *chosen)?;
            }
            Expression::Apply { function, arguments } => {
                return self.apply(function, arguments, last);
            }
            Expression::Case { scrutinee, cases } => return self.case(scrutinee, cases, last),
            Expression::Let { name, value, body } => {
                self.expression(value, false)?;
                return self.bound(&[name], body, last);
            }
        }
        if last {
            self.emit(Instruction::Return, 1, 0);
        }
        Ok(())
    }

    fn variable(&mut self, name: &str) -> Loaded<()> {
        let variable = self.scope.iter().rev().find(|(known, _)| *known == name);
        let (_, place) = variable.ok_or_else(|| Reason::UnknownVariable(name.to_owned()))?;
        self.emit(Instruction::Local(count(*place)?), 0, 1);
        Ok(())
    }

    /// Compiles a body in which the topmost values on the stack have these names.
    fn bound(&mut self, names: &[&'a str], body: &'a Expression, last: bool) -> Loaded<()> {
        let outer = self.scope.len();
        let first = self.height - names.len();
        self.scope.extend(names.iter().copied().zip(first..));
        self.expression(body, last)?;
        self.scope.truncate(outer);
        if !last && !names.is_empty() {
            self.emit(Instruction::Slide(count(names.len())?), names.len() + 1, 1);
        }
        Ok(())
    }

    fn construct(&mut self, constructor: &str, fields: &'a [Expression]) -> Loaded<()> {
        let Known { kind, tag, .. } =
            self.program.constructor(self.module, constructor, fields.len())?;
        for field in fields {
            self.expression(field, false)?;
        }
        let instruction = match (kind, tag) {
            (Kind::Data, tag) => Instruction::Construct { tag, fields: count(fields.len())? },
            (Kind::Natural, 0) => Instruction::Number(0),
            // The number of a positive is the positive.
            (Kind::Natural, _) => return Ok(()),
            (Kind::Positive, 0) => Instruction::Double { and_one: true },
            (Kind::Positive, 1) => Instruction::Double { and_one: false },
            (Kind::Positive, _) => Instruction::Number(1),
        };
        self.emit(instruction, fields.len(), 1);
        Ok(())
    }

    /// A local function of a group, with the captures of the group.
    fn functions(&mut self, group: &[(&'a str, &'a Expression)], chosen: usize) -> Loaded<()> {
        let names: Vec<&str> = group.iter().map(|(name, _)| *name).collect();
        let mut captured = BTreeSet::new();
        for (_, function) in group {
            free_variables(function, &mut names.clone(), &mut captured);
        }
        let captured: Vec<&str> = captured.into_iter().collect();
        let first = count(self.program.functions.len())?;
        let siblings = (first, count(group.len())?);
        for (name, function) in group {
            let (parameters, _) = function.as_function();
            if parameters.is_empty() {
                return Err(Reason::NotAFunction((*name).to_owned()));
            }
            self.program.functions.push(Function {
                captured: captured.len(),
                group: siblings,
                ..Function::new(parameters)
            });
        }
        for (function, (_, value)) in (first..).zip(group) {
            let (parameters, body) = value.as_function();
            let frame = Frame { parameters, captured: captured.clone(), group: names.clone() };
            compile(self.program, self.module, function, &frame, body)?;
        }
        for name in &captured {
            self.variable(name)?;
        }
        let function = first + count(chosen)?;
        let values = count(captured.len())?;
        self.emit(Instruction::Capture { function, values }, captured.len(), 1);
        Ok(())
    }

    fn apply(
        &mut self,
        function: &'a Expression,
        arguments: &'a [Expression],
        last: bool,
    ) -> Loaded<()> {
        if let Expression::Global { name } = function {
            let function = self.program.global(self.module, name)?;
            let parameters = self.program.functions[function as usize].parameters.len();
            if 0 < parameters && parameters <= arguments.len() {
                self.arguments(arguments)?;
                let further = arguments.len() - parameters;
                self.call(function, last && further == 0)?;
                return if further > 0 { self.apply_further(further, last) } else { Ok(()) };
            }
        }
        self.arguments(arguments)?;
        self.expression(function, false)?;
        self.apply_further(arguments.len(), last)
    }

    fn arguments(&mut self, arguments: &'a [Expression]) -> Loaded<()> {
        arguments.iter().rev().try_for_each(|argument| self.expression(argument, false))
    }

    /// Applies the function on the stack to the arguments below it.
    fn apply_further(&mut self, arguments: usize, last: bool) -> Loaded<()> {
        let instruction = Instruction::Apply { arguments: count(arguments)?, last };
        self.emit(instruction, arguments + 1, usize::from(!last));
        Ok(())
    }

    /// Calls a function of the program, all of whose arguments are on the stack.
    fn call(&mut self, function: u32, last: bool) -> Loaded<()> {
        let callee = &self.program.functions[function as usize];
        let arguments = callee.parameters.len();
        match callee.native {
            Some(native) => {
                self.emit(Instruction::Native(native), arguments, 1);
                if last {
                    self.emit(Instruction::Return, 1, 0);
                }
            }
            None => {
                let instruction = Instruction::Call { function, last };
                self.emit(instruction, arguments, usize::from(!last));
            }
        }
        Ok(())
    }

    fn case(&mut self, scrutinee: &'a Expression, cases: &'a [Case], last: bool) -> Loaded<()> {
        let named = cases.iter().find_map(|case| match &case.pattern {
            Pattern::Constructor { constructor, fields } => Some((constructor, fields.len())),
            Pattern::Any { .. } | Pattern::Wild => None,
        });
        let (constructor, fields) = named.ok_or(Reason::WrongMatch)?;
        let known = self.program.constructor(self.module, constructor, fields)?;
        let mut arms: Vec<Option<Arm>> = vec![None; known.family.1];

        self.expression(scrutinee, false)?;
        let switch = count(self.program.switches.len())?;
        self.program.switches.push(Switch { kind: known.kind, arms: Vec::new() });
        self.emit(Instruction::Switch(switch), 1, 0);
        let (start, height) = (self.code.len(), self.height);
        let mut ends = Vec::new();
        for Case { pattern, body } in cases {
            let skip = self.code.len() - start;
            let mut names: Vec<&str> = Vec::new();
            let (tags, binds) = match pattern {
                Pattern::Constructor { constructor, fields } => {
                    let other = self.program.constructor(self.module, constructor, fields.len())?;
                    if other.family != known.family {
                        return Err(Reason::WrongMatch);
                    }
                    let mut used = 0;
                    for (place, name) in fields.iter().enumerate() {
                        if name != "_" {
                            used |= 1 << place;
                            names.push(name);
                        }
                    }
                    (other.tag as usize..other.tag as usize + 1, Binds::Fields(used))
                }
                Pattern::Any { name } => {
                    names.push(name);
                    (0..arms.len(), Binds::Whole)
                }
                Pattern::Wild => (0..arms.len(), Binds::Fields(0)),
            };
            for arm in &mut arms[tags] {
                arm.get_or_insert(Arm { binds, skip });
            }
            self.height = height + names.len();
            self.bound(&names, body, last)?;
            if !last {
                ends.push(self.code.len());
                self.emit(Instruction::Jump(0), 0, 0);
            }
        }
        for end in ends {
            self.code[end] = Instruction::Jump(count(self.code.len() - end - 1)?);
        }
        self.height = height + usize::from(!last);
        let arms: Option<Vec<Arm>> = arms.into_iter().collect();
        self.program.switches[switch as usize].arms = arms.ok_or(Reason::WrongMatch)?;
        Ok(())
    }
}

/// Collects the free variables of the expression.
fn free_variables<'a>(
    expression: &'a Expression,
    bound: &mut Vec<&'a str>,
    free: &mut BTreeSet<&'a str>,
) {
    let outer = bound.len();
    match expression {
        Expression::Variable { name } => {
            if !bound.contains(&name.as_str()) {
                free.insert(name);
            }
        }
        Expression::Global { .. } => {}
        Expression::Lambda { parameters, body } => {
            bound.extend(parameters.iter().map(String::as_str));
            free_variables(body, bound, free);
        }
        Expression::Apply { function, arguments } => {
            free_variables(function, bound, free);
            for argument in arguments {
                free_variables(argument, bound, free);
            }
        }
        Expression::Construct { fields, .. } => {
            for field in fields {
                free_variables(field, bound, free);
            }
        }
        Expression::Case { scrutinee, cases } => {
            free_variables(scrutinee, bound, free);
            for Case { pattern, body } in cases {
                match pattern {
                    Pattern::Constructor { fields, .. } => {
                        bound.extend(fields.iter().map(String::as_str));
                    }
                    Pattern::Any { name } => bound.push(name),
                    Pattern::Wild => {}
                }
                free_variables(body, bound, free);
                bound.truncate(outer);
            }
        }
        Expression::Let { name, value, body } => {
            free_variables(value, bound, free);
            bound.push(name);
            free_variables(body, bound, free);
        }
        Expression::Fix { functions, .. } => {
            bound.extend(functions.iter().map(|local| local.name.as_str()));
            for local in functions {
                free_variables(&local.body, bound, free);
            }
        }
    }
    bound.truncate(outer);
}
