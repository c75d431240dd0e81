//! Every test that looks at the program from outside, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cli;
mod course_files;
mod message;
mod pages;
mod plans;
mod tidy;
mod wire;
mod zones;
