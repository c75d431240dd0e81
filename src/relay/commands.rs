//! What an envelope says to a relay: the lines that open a mail, with the parameters that this relay knows. Knows no
//! connection.

use crate::address::Address;
use crate::outcome::Phase;
use crate::outcome::Reply;
use crate::relay::connector::Capabilities;
use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::commands::Mail;
use lettre::transport::smtp::commands::Rcpt;
use lettre::transport::smtp::extension::MailParameter;
use std::fmt;

/// Who the mail is from, whom it is for, and how large it is. Prints without addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The bounce address; empty for a mail that may not bounce.
    pub from: String,
    pub to: Address,
    /// Bytes of the body.
    pub size: usize,
}

/// The commands of one envelope, each with its CRLF.
pub struct Lines {
    pub mail: String,
    pub rcpt: String,
}

impl Lines {
    /// MAIL, RCPT and DATA in one, for a relay that offers PIPELINING; DATA may only come last (RFC 2920 §3.1).
    pub fn group(&self) -> String {
        format!("{}{}{Data}", self.mail, self.rcpt)
    }
}

/// The lines of an envelope. A mail larger than the relay takes is refused here, in the relay's place (RFC 1870 §6.1).
///
/// # Errors
/// What the relay would say, and to which command.
pub fn lines(envelope: &Envelope, capabilities: &Capabilities) -> Result<Lines, (Phase, Reply)> {
    let made_up = |phase, code, text| Err((phase, Reply::new(code, text)));
    let size = u64::try_from(envelope.size).unwrap_or(u64::MAX);
    if capabilities.largest.is_some_and(|largest| size > largest) {
        return made_up(Phase::Mail, 552, "5.3.4 (our words, not the relay's) larger than the relay's SIZE allows");
    }
    let Ok(from) = Some(&envelope.from).filter(|from| !from.is_empty()).map(|from| from.parse()).transpose() else {
        return made_up(Phase::Mail, 553, "5.1.7 (our words, not the relay's) the bounce address is no address");
    };
    let Ok(to) = envelope.to.as_str().parse() else {
        return made_up(Phase::Rcpt, 553, "5.1.3 (our words, not the relay's) the address can't be written in SMTP");
    };
    let parameters = if capabilities.size { vec![MailParameter::Size(envelope.size)] } else { vec![] };
    Ok(Lines { mail: Mail::new(from, parameters).to_string(), rcpt: Rcpt::new(to, vec![]).to_string() })
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("to", &self.to).field("size", &self.size).finish_non_exhaustive()
    }
}
