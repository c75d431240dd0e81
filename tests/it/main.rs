//! Every test that looks at the program from outside, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cli;
mod commands;
mod course_files;
mod crash;
mod message;
mod pages;
mod plans;
mod program;
mod tidy;
mod whole;
mod wire;
mod zones;
