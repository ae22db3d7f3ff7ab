//! A type of the zoo as a process that `oracle drive` talks to: `zoo NAME`, or `zoo clean-NAME` for
//! its twin. Without a name it lists them.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        for mutant in zoo::MUTANTS.iter().chain(zoo::STRANGERS) {
            println!("{:18} {}", mutant.name, mutant.bug);
        }
        return ExitCode::SUCCESS;
    };
    let served = zoo::find(&name).map(|animal| {
        let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
        rejoin_conformance::serve(animal.subject().as_mut(), &mut input, &mut output)
    });
    match served {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("zoo: {error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("zoo: no type is {name}; `zoo` lists them");
            ExitCode::from(64)
        }
    }
}
