//! English.

use crate::text::Mail;
use crate::text::Page;
use crate::text::Words;

const BACK: &str = "\
Dear {{ subscriber.first_name or \"friend\" }},

your pause is over, and your place in the course was kept. Nothing was lost, and there is nothing to catch up on.

You needn't do anything: the next lesson comes by itself, a day from now or at the next hour that suits you.

Would you rather read the last lesson once more first, or stay paused a little longer? Both are good choices. Answer this \
mail and say so.
";

const CLOSING: &str = "\
Dear {{ subscriber.first_name or \"friend\" }},

you have had every lesson of this course. Nothing more comes of it by itself.

The lessons stay yours: they are in your mailbox, and reading one again in a month or a year is part of the way. If you \
would like one of them sent again, answer this mail.
";

pub const WORDS: Words = Words {
    language: "en",
    name: "English",
    mail: Mail {
        progress: "Lesson {number} of {of}",
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
        back_subject: "Good to have you back: {{ course.title }}",
        back_preview: "You needn't do anything: the next lesson comes by itself.",
        back_text: BACK,
        closing_subject: "That was the last lesson of {{ course.title }}",
        closing_preview: "Thank you for reading. Here is what you can do from here.",
        closing_text: CLOSING,
        closing_next: "If you would like to go on, this is open to you:",
        offered: "New in this course since you went past its place:",
        offered_how: "Answer this mail if you would like to have it sent to you.",
    },
    page: Page {
        home_title: "Courses by e-mail",
        home: "Each comes by e-mail, a little at a time. Open one to see what it is.",
        courses: "Courses",
        newsletters: "Newsletters",
        course_open: "What it is, and how to begin",
        home_none: "There is no course here yet.",
        lessons_one: "One lesson",
        lessons: "{count} lessons",
        issues: "You get each new issue on the day it appears.",
        rhythm_days_one: "A lesson a day. It comes {when} where you live.",
        rhythm_days: "A lesson about every {count} days. It comes {when} where you live.",
        rhythm_hours: "A lesson about every {count} hours.",
        pace: "You can pause, go slower, or stop at any time: nothing is lost, and there is nothing to keep up with.",
        starts: "It begins on {date}.",
        closed: "This course has begun and takes nobody any more.",
        sign_up_title: "Begin by e-mail",
        sign_up_title_newsletter: "Get it by e-mail",
        email: "Your e-mail address",
        first_name: "Your first name, if you like",
        zone: "Where you live, so that mails come at a good hour",
        optional: "if you like",
        agree: "Yes, I agree",
        sign_up_button: "Send me the mail to confirm",
        sign_up_next: "You get one mail, with a link. Nothing else is sent before you have opened it and said yes.",
        wrong_email: "This doesn't look like an e-mail address. It should look like name@example.org.",
        wrong_zone: "Please choose a place from the list.",
        wrong_field: "Please fill this in; the course needs it.",
        wrong_agree: "Please tick this box if you agree. Without it we can't send you the course.",
        something_wrong: "Something is missing. Nothing was sent yet.",
        asked_title: "Please look into your mailbox",
        asked: "If this address doesn't get it yet, a mail is on its way that asks you to confirm. Open its link and press the button: then it begins.",
        asked_lost: "It should be there within a minute or two. If not, look in the folder for unwanted mail.",
        asked_again: "We ask at most once a day, so that nobody can be bothered by others.",
        close: "You can close this page.",
        confirm_title: "Please confirm",
        confirm_asked: "Somebody, most likely you, asked for this:",
        confirm_button: "Yes, send me this",
        confirm_not_you: "If that wasn't you, close this page: you won't get anything else.",
        confirmed_title: "You're in",
        confirmed: "The first lesson is on its way. It comes by e-mail: soon, or on the day your course begins. Of a newsletter you get each new issue on its day.",
        confirmed_lost: "If you can't find it, look in the folder for unwanted mail, and mark it as wanted.",
        used_title: "You have confirmed already",
        used: "This link has done its work. There is nothing more to do: your lessons come by e-mail.",
        used_again: "If you have left since and would like to come back, please sign up again.",
        gone_title: "This link no longer works",
        gone: "A link to confirm is good for 7 days, and only as a whole: some mail programs cut long links.",
        gone_next: "Open it once more from the newest mail, or sign up again and you'll get a fresh one.",
        leave_title: "Leave this course?",
        leave: "One press, and no more of its mails come. You needn't give a reason.",
        leave_button: "Leave this course",
        leave_all: "Or would you like no more mail of any kind from this site?",
        leave_all_button: "Leave everything from this site",
        left_title: "You have left",
        left_course: "You'll get no more mail from this course.",
        left_all: "You'll get no more mail from this site.",
        left_under_way: "A mail that was already on its way may still arrive.",
        left_back: "Thank you for having been here. You are welcome back at any time.",
        leave_invalid_title: "This link isn't whole",
        leave_invalid: "Some mail programs cut long links, so we can't see which course you would like to leave.",
        leave_invalid_next: "Please answer the mail and say that you'd like to leave. A person reads the answers.",
        view_gone_title: "This mail can't be shown here",
        view_gone: "The link isn't whole, or the mail is no longer kept.",
        view_gone_next: "Open it once more from the mail itself, or answer the mail and ask for the lesson.",
        not_found_title: "There is no page here",
        not_found: "The address may have been cut or mistyped.",
        not_found_next: "Open the link once more from the mail it came in, or answer that mail and ask.",
        failure_title: "That didn't work, and it isn't your fault",
        failure: "Something went wrong on our side, and we have taken note of it.",
        failure_next: "Please try again in a few minutes. If it still doesn't work, answer the mail that led you here.",
    },
};
