//! The pages that mails link to, asked for over a real socket: what they show, what they change, and what they don't.

pub mod browser;
mod confirm;
mod course;
mod dump;
mod headers;
mod leave;
mod logs;
mod my;
mod own;
mod site;
mod style;
mod view;
