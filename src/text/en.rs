//! English.

use crate::text::Mail;
use crate::text::Words;

pub const WORDS: Words = Words {
    language: "en",
    mail: Mail {
        view: "Read this in your browser",
        answer: "You can simply answer this mail.",
        why_course: "You get this because you signed up for the course “{course}”.",
        why_newsletter: "You get this because you signed up for “{course}”.",
        leave: "Stop these mails",
        content_note: "Before you read on",
        ask_reply: "To answer, simply reply to this mail with the one that fits best.",
        ask_reply_many: "To answer, simply reply to this mail with all that fit.",
        ask_reply_scale: "To answer, simply reply to this mail with a number.",
        ask_reply_words: "To answer, simply reply to this mail in your own words.",
        ask_scale: "From {min} to {max}",
        ask_scale_ends: "From {min} ({low}) to {max} ({high})",
        confirm_subject: "Please confirm your sign-up at {site}",
        confirm_asked: "Somebody, most likely you, asked that this address get:",
        confirm_button: "Yes, send me this",
        confirm_valid: "The link is good for 7 days. Nothing is sent before you have confirmed.",
        confirm_not_you: "If that wasn't you, do nothing: you won't get anything else.",
        confirm_never: "Never write to me again",
        confirm_why: "You get this one mail because your address was entered at {site}.",
    },
};
