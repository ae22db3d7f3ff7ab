//! Measures what each step of Rejoin's syncs takes: microseconds of all replicas together, a workload a
//! line.
//!
//! By the clock and not by the processor's time, which is too slow to ask for so often: run it on a
//! quiet machine. The lower quartile of the rounds is printed.

use clap::Parser;
use peers::Arguments;
use peers::libraries::rejoin::Rejoin;
use peers::participant::Replica;
use peers::workload::Workload;
use std::time::{Duration, Instant};

fn main() {
    let arguments = Arguments::parse();
    println!("| | vectors | delta | encode | decode | apply |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for workload in arguments.workloads() {
        let mut rounds: Vec<[Duration; 5]> =
            (0..arguments.rounds).map(|_| round(&workload)).collect();
        let cells = (0..5).map(|step| {
            rounds.sort_by_key(|round| round[step]);
            format!("{:.1}", rounds[rounds.len() / 4][step].as_secs_f64() * 1e6)
        });
        println!("| {} | {} |", workload.name, cells.collect::<Vec<_>>().join(" | "));
    }
}

fn round(workload: &Workload) -> [Duration; 5] {
    let mut server = Rejoin::new(0);
    workload.base.iter().for_each(|transaction| server.apply(transaction));
    let others = 1..workload.offline.len() as u64;
    let mut others: Vec<Rejoin> = others.map(|author| server.fork(author)).collect();
    let replicas = std::iter::once(&mut server).chain(&mut others);
    for (replica, transactions) in replicas.zip(&workload.offline) {
        transactions.iter().for_each(|transaction| replica.apply(transaction));
    }
    let mut spent = [Duration::ZERO; 5];
    for other in &mut others {
        let mut last = Instant::now();
        let after = |step| {
            spent[step as usize] += last.elapsed();
            last = Instant::now();
        };
        other.exchange(&mut server, workload.one_way, after);
    }
    spent
}
