//! The manual pages and completion scripts, made from the command line's own description.

use crate::args::Cli;
use crate::exit::{Exit, PRECEDENCE};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;

/// The manual page of the program, or of one of its commands; `None` if there is no such command.
pub fn page(command: Option<&str>) -> Option<Vec<u8>> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    let described = match command {
        None => cli,
        Some(name) => cli.find_subcommand(name)?.clone(),
    };
    let mut page = Vec::new();
    render(described, &mut page).expect("memory takes what is written to it");
    Some(page)
}

fn render(command: clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let judges = command.get_after_help().is_some();
    let has_commands = command.has_subcommands();
    let man = Man::new(command);
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if has_commands {
        man.render_subcommands_section(page)?;
    }
    if judges {
        exit_status(page)?;
    }
    Ok(())
}

/// The exit codes, as a section of a manual page.
fn exit_status(page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for exit in Exit::ALL {
        roff.control("TP", []);
        roff.text([bold(exit.code().to_string())]);
        roff.text([roman(exit.meaning())]);
    }
    roff.control("PP", []);
    roff.text([roman(PRECEDENCE)]);
    roff.to_writer(page)
}

/// The completion script of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "oracle", &mut script);
    script
}
