//! What the person does who runs the program: keys, a new site, backups. Through the program alone.

mod backups;
mod keys;
mod new_site;
