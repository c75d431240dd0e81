//! What people do with what is theirs: their link, their address, their data.

mod addresses;
mod data;
mod letters;
