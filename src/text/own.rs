//! The words of the pages on which people look after what is theirs: their link, their address, their data, their farewell.
//! Each is a whole sentence; `{name}` stands for a value.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Own {
    pub link_title: &'static str,
    pub link: &'static str,
    pub link_address: &'static str,
    pub link_button: &'static str,
    pub link_sent: &'static str,
    pub link_often: &'static str,
    pub address_title: &'static str,
    /// `{address}`
    pub address_now: &'static str,
    pub address: &'static str,
    pub address_new: &'static str,
    pub address_button: &'static str,
    pub address_sent_title: &'static str,
    pub address_sent: &'static str,
    pub address_often: &'static str,
    pub new_title: &'static str,
    pub new: &'static str,
    pub new_button: &'static str,
    pub new_not_you: &'static str,
    pub changed_title: &'static str,
    pub changed: &'static str,
    pub changed_told: &'static str,
    pub changed_before: &'static str,
    pub new_gone: &'static str,
    pub new_gone_next: &'static str,
    pub erase_title: &'static str,
    pub erase: &'static str,
    pub erase_stays: &'static str,
    pub erase_final: &'static str,
    pub erase_export: &'static str,
    pub erase_button: &'static str,
    pub erased_title: &'static str,
    pub erased: &'static str,
    pub erased_links: &'static str,
    pub gone_title: &'static str,
    pub gone: &'static str,
    /// `{url}`
    pub gone_next: &'static str,
    pub leave_which: &'static str,
    pub left_why: &'static str,
    pub left_why_hint: &'static str,
    pub left_why_button: &'static str,
    pub left_thanks: &'static str,
    pub left_undo: &'static str,
    pub left_undo_hint: &'static str,
    pub left_again: &'static str,
}
