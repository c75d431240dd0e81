//! Every test that looks at the program from outside, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod app;
mod cli;
mod conformance;
mod course_files;
mod journeys;
mod message;
mod outcomes;
mod plans;
mod poison;
mod recovery;
mod wire;
mod zones;
