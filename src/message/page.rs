//! The coach's texts on the pages of a course, written once for each version of the course. Knows no visitor and no form.

use crate::course::Course;
use crate::message::blocks;
use crate::problem::Problem;
use crate::site::Site;
use serde::Serialize;

/// The long texts of one course as HTML; an absent one is empty.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CoursePage {
    pub about: String,
    pub disclaimer: String,
    pub consent: String,
    /// Where to turn in an emergency.
    pub crisis: String,
}

/// Every problem is added where the text stands.
pub fn course_page(site: &Site, course: &Course, problems: &mut Vec<Problem>) -> CoursePage {
    let mut html = |key: &str, text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        blocks::of_course(text, key, site, course, problems).html
    };
    CoursePage {
        about: html("about", &course.about),
        disclaimer: html("disclaimer", &course.disclaimer),
        consent: html("consent", &course.consent),
        crisis: html("crisis", &course.crisis),
    }
}
