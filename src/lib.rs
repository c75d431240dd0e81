//! Dripline turns a folder of Markdown into e-mail courses and newsletters that arrive.
//!
//! A coach's files become a `course`; `timing` and `enrolment` say what one person gets next and when; when that moment
//! has come, `flow::deliver` claims it in the `store`, has `message` make the mail of it, and hands it to the `relay`,
//! whose answer `outcome` reads and the store records. `web` shows the pages that mails link to, `daemon` keeps all of
//! it going, `cli` asks and tells.
//!
//! The rooms stand in the order in which the data flows, and **a room may use only the rooms above it**. That sentence
//! is the architecture; `tests/it/tidy.rs` enforces it. `store` and `relay` are strangers to each other.
//!
//! `timing` stands above `course`, so that course files are parsed into its types at the door and nobody checks a cron
//! line or a wait again. `keys` reads TOML for both `course` and `config`; `site` holds what both the coach's mails and
//! the pages must say.

#![forbid(unsafe_code)]

// Words: plain values that everyone may use.
pub mod ids;
pub mod address;
pub mod site;
pub mod clock;
pub mod problem;
pub mod keys;
pub mod text;

// Rules: values in, values out.
pub mod timing;
pub mod course;
pub mod subscriber;
pub mod enrolment;
pub mod outcome;
pub mod delivery;
pub mod pace;
pub mod link;
pub mod picture;
pub mod message;

// Adapters: the outside world; strangers to each other.
pub mod store;
pub mod relay;
pub mod reach;

// Verbs: where the adapters meet.
pub mod flow;

// Edges: translate the world into verbs.
pub mod web;
pub mod mailbox;
pub mod config;
pub mod daemon;
pub mod cli;
