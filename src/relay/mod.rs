//! The SMTP conversation with the relay, phase by phase, so that it is always known whether a mail was handed over.
//! Knows no outbox, no message and no retry: it says what happened on the wire.
//!
//! A connection is opened by [`Connector::open`], an envelope is offered by [`Session::offer`] until the relay asks for
//! the body, and [`Offered::body`] sends it. **A session on which anything timed out, was cancelled or made no sense is
//! closed and never used again.**

mod auth;
mod body;
mod commands;
mod connector;
mod reply;
mod session;
mod settings;
mod tls;
mod wire;

pub use crate::relay::commands::Envelope;
pub use crate::relay::connector::Connector;
pub use crate::relay::connector::ConnectorError;
pub use crate::relay::session::Offer;
pub use crate::relay::session::Offered;
pub use crate::relay::session::Outcome;
pub use crate::relay::session::Proposed;
pub use crate::relay::session::Session;
pub use crate::relay::settings::DomainLimit;
pub use crate::relay::settings::Limits;
pub use crate::relay::settings::Rate;
pub use crate::relay::settings::RateError;
pub use crate::relay::settings::Settings;
pub use crate::relay::settings::Timeouts;
pub use crate::relay::settings::Tls;
pub use crate::relay::settings::is_loopback;
pub use crate::relay::wire::Broken;
