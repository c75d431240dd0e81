//! The pages that mails link to, asked for over a real socket: what they show, what they change, and what they don't.

mod abuse;
mod archive;
pub mod browser;
mod confirm;
mod consent;
mod corpus;
mod course;
mod dump;
mod embed;
mod headers;
mod hostile;
mod json;
mod leave;
mod logs;
mod my;
mod own;
mod pair;
mod never;
mod site;
mod slow;
mod stored;
mod style;
mod tokens;
mod view;
