//! The store: what survives crashes, failing disks, damaged bytes and restored backups.

mod crashes;
mod damage;
mod disk;
mod faults;
mod files;
mod pieces;
