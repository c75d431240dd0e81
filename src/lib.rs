//! Dripline turns a folder of Markdown into e-mail courses and newsletters that arrive.
//!
//! The rooms stand in the order in which the data flows, and a room may use only the rooms above it.

#![forbid(unsafe_code)]

// Words: plain values that everyone may use.
pub mod ids;
pub mod address;
pub mod site;
pub mod clock;
pub mod problem;
pub mod keys;

// Rules: values in, values out.
pub mod timing;
pub mod course;
