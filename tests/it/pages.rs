//! The pages that mails link to, asked for over a real socket: what they show, what they change, and what they don't.

mod browser;
mod confirm;
mod headers;
mod leave;
mod logs;
mod site;
mod style;
mod view;
