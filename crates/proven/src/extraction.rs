//! The extracted language, as it is in the JSON files of spec/extracted.
//!
//! Meaning: the parts that can be run. Types are left out: the kernel has checked them, and the
//! extraction says for each file that no cast (`need_magic`) was needed. A file with a cast is refused.
//! Source: the JSON output of Coq's extraction (plugins/extraction/json.ml of Coq 8.16).

use super::program::Reason;
use rejoin::json::Json;

/// One file.
pub struct Module {
    pub name: String,
    need_magic: bool,
    need_dummy: bool,
    pub declarations: Vec<Declaration>,
}

/// A declaration of a file.
pub enum Declaration {
    Inductive { name: String, constructors: Vec<Constructor> },
    Term { name: String, value: Expression },
    Group { functions: Vec<Definition> },
    Abbreviation { name: String },
}

/// A constructor of an inductive type.
pub struct Constructor {
    pub name: String,
    pub fields: usize,
}

/// A recursive function at the top of a file.
pub struct Definition {
    pub name: String,
    pub value: Expression,
}

pub enum Expression {
    Variable {
        name: String,
    },
    Global {
        name: String,
    },
    /// A use of a top-level definition, without arguments.
    Lambda {
        parameters: Vec<String>,
        body: Box<Expression>,
    },
    Apply {
        function: Box<Expression>,
        arguments: Vec<Expression>,
    },
    Construct {
        constructor: String,
        fields: Vec<Expression>,
    },
    Case {
        scrutinee: Box<Expression>,
        cases: Vec<Case>,
    },
    Let {
        name: String,
        value: Box<Expression>,
        body: Box<Expression>,
    },
    /// Mutually recursive functions, and which of them is used.
    Fix {
        functions: Vec<Local>,
        chosen: usize,
    },
}

/// A recursive function inside an expression.
pub struct Local {
    pub name: String,
    pub body: Expression,
}

pub struct Case {
    pub pattern: Pattern,
    pub body: Expression,
}

pub enum Pattern {
    /// Each field has a name; that of an unused field is `_`.
    Constructor {
        constructor: String,
        fields: Vec<String>,
    },
    /// Matches any value, and binds it to this name.
    Any {
        name: String,
    },
    Wild,
}

/// Reads one file. Nesting deeper than 128 levels of JSON is an error.
pub fn parse(json: &str) -> Result<Module, Reason> {
    let json = Json::parse(json).map_err(|error| Reason::Json(error.to_string()))?;
    let module = Module {
        name: text(&json, "name")?,
        need_magic: flag(&json, "need_magic")?,
        need_dummy: flag(&json, "need_dummy")?,
        declarations: list(&json, "declarations", declaration)?,
    };
    if module.need_magic || module.need_dummy { Err(Reason::Untyped) } else { Ok(module) }
}

fn unlike(json: &Json, expected: &str) -> Reason {
    let found = json.canonical();
    let start: String = found.chars().take(80).collect();
    Reason::Json(format!("expected {expected}, found {start}"))
}

fn member<'j>(json: &'j Json, name: &str) -> Result<&'j Json, Reason> {
    json.get(name).ok_or_else(|| unlike(json, &format!("a member `{name}`")))
}

fn string(json: &Json) -> Result<String, Reason> {
    match json {
        Json::String(text) => Ok(text.clone()),
        other => Err(unlike(other, "a string")),
    }
}

fn text(json: &Json, name: &str) -> Result<String, Reason> {
    string(member(json, name)?)
}

fn flag(json: &Json, name: &str) -> Result<bool, Reason> {
    match member(json, name)? {
        Json::Bool(flag) => Ok(*flag),
        other => Err(unlike(other, "a boolean")),
    }
}

fn list<T>(
    json: &Json,
    name: &str,
    item: impl Fn(&Json) -> Result<T, Reason>,
) -> Result<Vec<T>, Reason> {
    match member(json, name)? {
        Json::Array(items) => items.iter().map(item).collect(),
        other => Err(unlike(other, "an array")),
    }
}

fn declaration(json: &Json) -> Result<Declaration, Reason> {
    Ok(match text(json, "what")?.as_str() {
        "decl:ind" => Declaration::Inductive {
            name: text(json, "name")?,
            constructors: list(json, "constructors", |json| {
                let fields = list(json, "argtypes", |_| Ok(()))?.len();
                Ok(Constructor { name: text(json, "name")?, fields })
            })?,
        },
        "decl:term" => Declaration::Term {
            name: text(json, "name")?,
            value: expression(member(json, "value")?)?,
        },
        "decl:fixgroup" => Declaration::Group {
            functions: list(json, "fixlist", |json| {
                let value = expression(member(json, "value")?)?;
                Ok(Definition { name: text(json, "name")?, value })
            })?,
        },
        "decl:type" => Declaration::Abbreviation { name: text(json, "name")? },
        _ => return Err(unlike(json, "a declaration")),
    })
}

fn expression(json: &Json) -> Result<Expression, Reason> {
    let inner = |name| Ok(Box::new(expression(member(json, name)?)?));
    Ok(match text(json, "what")?.as_str() {
        "expr:rel" => Expression::Variable { name: text(json, "name")? },
        "expr:global" => Expression::Global { name: text(json, "name")? },
        "expr:lambda" => {
            let parameters = list(json, "argnames", string)?;
            Expression::Lambda { parameters, body: inner("body")? }
        }
        "expr:apply" => Expression::Apply {
            function: inner("func")?,
            arguments: list(json, "args", expression)?,
        },
        "expr:constructor" => Expression::Construct {
            constructor: text(json, "name")?,
            fields: list(json, "args", expression)?,
        },
        "expr:case" => Expression::Case {
            scrutinee: inner("expr")?,
            cases: list(json, "cases", |json| {
                let body = expression(member(json, "body")?)?;
                Ok(Case { pattern: pattern(member(json, "pat")?)?, body })
            })?,
        },
        "expr:let" => Expression::Let {
            name: text(json, "name")?,
            value: inner("nameval")?,
            body: inner("body")?,
        },
        "expr:fix" => {
            let functions = list(json, "funcs", |json| {
                let body = expression(member(json, "body")?)?;
                Ok(Local { name: text(json, "name")?, body })
            })?;
            let chosen = member(json, "for")?;
            let number = chosen.as_count().and_then(|count| usize::try_from(count).ok());
            let chosen = number.ok_or_else(|| unlike(chosen, "a count"))?;
            Expression::Fix { functions, chosen }
        }
        _ => return Err(unlike(json, "an expression")),
    })
}

fn pattern(json: &Json) -> Result<Pattern, Reason> {
    Ok(match text(json, "what")?.as_str() {
        "pat:constructor" => Pattern::Constructor {
            constructor: text(json, "name")?,
            fields: list(json, "argnames", string)?,
        },
        "pat:rel" => Pattern::Any { name: text(json, "name")? },
        "pat:wild" => Pattern::Wild,
        _ => return Err(unlike(json, "a pattern")),
    })
}

impl Module {
    /// The name by which other modules refer to `name` of this module. Names declared inside a
    /// nested module already have that form.
    pub fn full_name(&self, name: &str) -> String {
        let mut letters = self.name.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        let prefix: String = first.chain(letters).chain(['.']).collect();
        if name.starts_with(&prefix) { name.to_owned() } else { prefix + name }
    }

    /// The place of a declaration, for messages.
    pub fn place(&self, declaration: &Declaration) -> String {
        match declaration {
            Declaration::Inductive { name, .. }
            | Declaration::Term { name, .. }
            | Declaration::Abbreviation { name } => self.full_name(name),
            Declaration::Group { functions } => {
                let names: Vec<String> =
                    functions.iter().map(|function| self.full_name(&function.name)).collect();
                names.join(", ")
            }
        }
    }
}

impl Expression {
    /// The parameters and the body of a definition; without parameters if it is not a function.
    pub fn as_function(&self) -> (&[String], &Self) {
        match self {
            Self::Lambda { parameters, body } => (parameters, body),
            _ => (&[], self),
        }
    }
}
