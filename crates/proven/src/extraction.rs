//! The extracted language, as the JSON files of spec/extracted say it.
//!
//! Meaning: the parts that can be run. Types are left out: the kernel has checked them, and the
//! extraction says of each file that it needed no cast (`need_magic`) to keep to them.
//! Source: the JSON output of Coq's extraction (plugins/extraction/json.ml of Coq 8.16).

use super::program::Reason;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// One file.
#[derive(Deserialize)]
pub struct Module {
    pub name: String,
    need_magic: bool,
    need_dummy: bool,
    pub declarations: Vec<Declaration>,
}

/// What a file declares.
#[derive(Deserialize)]
#[serde(tag = "what")]
pub enum Declaration {
    #[serde(rename = "decl:ind")]
    Inductive { name: String, constructors: Vec<Constructor> },
    #[serde(rename = "decl:term")]
    Term { name: String, value: Expression },
    #[serde(rename = "decl:fixgroup")]
    Group {
        #[serde(rename = "fixlist")]
        functions: Vec<Definition>,
    },
    #[serde(rename = "decl:type")]
    Abbreviation { name: String },
}

/// How a value of an inductive type is made.
#[derive(Deserialize)]
pub struct Constructor {
    pub name: String,
    #[serde(rename = "argtypes")]
    pub fields: Vec<IgnoredAny>,
}

/// A recursive function at the top of a file.
#[derive(Deserialize)]
pub struct Definition {
    pub name: String,
    pub value: Expression,
}

#[derive(Deserialize)]
#[serde(tag = "what")]
pub enum Expression {
    #[serde(rename = "expr:rel")]
    Variable { name: String },
    #[serde(rename = "expr:global")]
    Global { name: String },
    /// Without parameters where a constant is meant.
    #[serde(rename = "expr:lambda")]
    Lambda {
        #[serde(rename = "argnames")]
        parameters: Vec<String>,
        body: Box<Expression>,
    },
    #[serde(rename = "expr:apply")]
    Apply {
        #[serde(rename = "func")]
        function: Box<Expression>,
        #[serde(rename = "args")]
        arguments: Vec<Expression>,
    },
    #[serde(rename = "expr:constructor")]
    Construct {
        #[serde(rename = "name")]
        constructor: String,
        #[serde(rename = "args")]
        fields: Vec<Expression>,
    },
    #[serde(rename = "expr:case")]
    Case {
        #[serde(rename = "expr")]
        scrutinee: Box<Expression>,
        cases: Vec<Case>,
    },
    #[serde(rename = "expr:let")]
    Let {
        name: String,
        #[serde(rename = "nameval")]
        value: Box<Expression>,
        body: Box<Expression>,
    },
    /// Functions that call each other, and which of them is meant.
    #[serde(rename = "expr:fix")]
    Fix {
        #[serde(rename = "funcs")]
        functions: Vec<Local>,
        #[serde(rename = "for")]
        chosen: usize,
    },
}

/// A recursive function inside an expression.
#[derive(Deserialize)]
pub struct Local {
    pub name: String,
    pub body: Expression,
}

#[derive(Deserialize)]
pub struct Case {
    #[serde(rename = "pat")]
    pub pattern: Pattern,
    pub body: Expression,
}

#[derive(Deserialize)]
#[serde(tag = "what")]
pub enum Pattern {
    /// Each field has a name; that of a field that is not used is `_`.
    #[serde(rename = "pat:constructor")]
    Constructor {
        #[serde(rename = "name")]
        constructor: String,
        #[serde(rename = "argnames")]
        fields: Vec<String>,
    },
    /// Any value, under this name.
    #[serde(rename = "pat:rel")]
    Any { name: String },
    #[serde(rename = "pat:wild")]
    Wild,
}

/// Reads one file. Nesting deeper than 128 levels of JSON is an error.
pub fn parse(json: &str) -> Result<Module, Reason> {
    let module: Module =
        serde_json::from_str(json).map_err(|error| Reason::Json(error.to_string()))?;
    if module.need_magic || module.need_dummy { Err(Reason::Untyped) } else { Ok(module) }
}

impl Module {
    /// The name by which other modules call what this one calls `name`. What is declared inside
    /// of a module of this one has that name already.
    pub fn full_name(&self, name: &str) -> String {
        let mut letters = self.name.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        let prefix: String = first.chain(letters).chain(['.']).collect();
        if name.starts_with(&prefix) { name.to_owned() } else { prefix + name }
    }

    /// Where a declaration is, for a reader.
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
    /// Its parameters and its body; no parameters of what is not a function.
    pub fn as_function(&self) -> (&[String], &Self) {
        match self {
            Self::Lambda { parameters, body } => (parameters, body),
            _ => (&[], self),
        }
    }
}
