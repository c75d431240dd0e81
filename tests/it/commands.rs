//! Every command from outside: exit statuses, and the JSON that other programs rely on.
