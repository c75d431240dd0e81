//! Every test that looks at the program from outside, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod app;
mod awkward;
mod cli;
mod commands;
mod conformance;
mod course_files;
mod crash;
mod dkim;
mod edits;
mod issues;
mod journeys;
mod languages;
mod message;
mod operator;
mod outcomes;
mod pages;
mod people;
mod plans;
mod poison;
mod program;
mod recovery;
mod tidy;
mod whole;
mod wire;
mod zones;
