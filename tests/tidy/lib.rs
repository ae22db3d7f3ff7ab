//! The rules of the project, as tests over its texts. This package has no dependencies, so that a
//! change of the specification is checked within seconds.

#[cfg(test)]
mod book;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod rules;

/// The root of the project.
#[cfg(test)]
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
