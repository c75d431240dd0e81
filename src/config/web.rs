//! `[web]`: where pages are served. Opens no socket.

use crate::keys::Keys;
use crate::web::Network;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

/// `[web]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSettings {
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    /// Who may name a visitor's address in `X-Forwarded-For`.
    pub trusted_proxies: Vec<Network>,
}

pub fn web(keys: &Keys<'_>) -> WebSettings {
    let web = keys.section("web");
    let settings = WebSettings {
        listen: socket(&web, "listen", 8080),
        admin_listen: socket(&web, "admin_listen", 8081),
        trusted_proxies: networks(&web, "trusted_proxies"),
    };
    web.finish();
    settings
}

fn socket(web: &Keys<'_>, key: &str, port: u16) -> SocketAddr {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    web.parsed(key, "write an IP address and a port, like \"127.0.0.1:8080\"").map_or(default, |at| at.into_inner())
}

fn networks(web: &Keys<'_>, key: &str) -> Vec<Network> {
    let Some(texts) = web.strings(key) else { return Vec::new() };
    let mut networks = Vec::new();
    for text in texts.get_ref() {
        match text.get_ref().parse() {
            Ok(network) => networks.push(network),
            Err(error) => {
                let message = format!("`{}`: {error}", web.path(key));
                web.error(text.span(), message, "write addresses or networks, like [\"10.0.0.0/8\"]");
            }
        }
    }
    networks
}
