//! Who asks for a page, as far as their request tells: the languages they read, where they ask from, and with what. Knows
//! no person.

use crate::address::one_line;
use crate::flow::sign_up::Evidence;
use crate::web::Web;
use crate::web::network::Network;
use axum::extract::ConnectInfo;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use std::convert::Infallible;
use std::net::IpAddr;
use std::net::SocketAddr;

/// Languages of a browser that are looked at; nobody sets up more.
const MOST_LANGUAGES: usize = 16;
/// Characters of a browser's name that are kept.
const MOST_AGENT: usize = 200;

/// What a request tells of who sent it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visitor {
    /// BCP 47 tags, the most wanted first: that of `?language=`, then the browser's.
    pub languages: Vec<String>,
    /// Where the request came from; behind trusted proxies, what the last of them says.
    pub ip: Option<IpAddr>,
    /// What the browser calls itself.
    pub agent: String,
}

impl Visitor {
    /// What is kept with an agreement that they gave on a page.
    pub fn evidence(&self, page: String) -> Evidence {
        let ip = self.ip.map(|ip| ip.to_string()).unwrap_or_default();
        Evidence { page, ip, agent: self.agent.clone() }
    }

    fn of(parts: &Parts, proxies: &[Network]) -> Visitor {
        let chosen = parts.uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("language="));
        let chosen = chosen.map(|tag| percent_decode_str(tag).decode_utf8_lossy().into_owned());
        let agent = parts.headers.get(header::USER_AGENT).map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip().to_canonical());
        Visitor {
            languages: chosen.into_iter().chain(languages(&parts.headers)).collect(),
            ip: peer.map(|peer| behind(peer, &parts.headers, proxies)),
            agent: one_line(&agent.unwrap_or_default()).chars().take(MOST_AGENT).collect(),
        }
    }
}

impl FromRequestParts<Web> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Visitor, Infallible> {
        Ok(Visitor::of(parts, &web.proxies))
    }
}

/// The languages of `Accept-Language` (RFC 9110 §12.5.4), the most wanted first; those with `q=0` aren't wanted.
pub fn languages(headers: &HeaderMap) -> Vec<String> {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let mut wanted: Vec<(f32, String)> = header.split(',').take(MOST_LANGUAGES).filter_map(wish).collect();
    wanted.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    wanted.into_iter().map(|(_, tag)| tag).collect()
}

fn wish(text: &str) -> Option<(f32, String)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next().filter(|tag| !tag.is_empty() && *tag != "*")?;
    let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
    (weight > 0.0).then(|| (weight, tag.to_string()))
}

/// The first address, read from the nearest one on, that no trusted proxy has. Only what a trusted proxy wrote counts:
/// whatever a visitor puts into `X-Forwarded-For` themselves stands farther away.
fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let is_proxy = |ip: &IpAddr| proxies.iter().any(|network| network.contains(*ip));
    let mut nearest = peer;
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|it| it.to_str().ok()).collect();
    for text in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_proxy(&nearest) {
            break;
        }
        let Ok(ip) = text.trim().parse::<IpAddr>() else { break };
        nearest = ip.to_canonical();
    }
    nearest
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a request that can't be made is a failed test")]
mod tests {
    use super::*;
    use axum::http::Request;

    fn parts(uri: &str, headers: &[(&str, &str)], peer: &str) -> Parts {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts.extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1234)));
        parts
    }

    #[test]
    fn the_language_that_was_chosen_comes_before_the_browsers_and_those_by_their_weight() {
        let check = |uri: &str, accept: &str, expect: &[&str]| {
            let parts = parts(uri, &[("accept-language", accept)], "192.0.2.1");
            assert_eq!(Visitor::of(&parts, &[]).languages, expect, "{uri} {accept}");
        };
        check("/", "", &[]);
        check("/", "he", &["he"]);
        check("/", "en-GB;q=0.5, pt-BR, *;q=0.1, he;q=0.9", &["pt-BR", "he", "en-GB"]);
        check("/", "en;q=0, pt;q=x, he;q=0.1", &["he"]);
        check("/?x=1&language=pt%2DBR", "he", &["pt-BR", "he"]);
    }

    #[test]
    fn only_a_trusted_proxy_says_where_a_request_came_from() {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let check = |peer: &str, forwarded: &[&str], expect: &str| {
            let headers: Vec<(&str, &str)> = forwarded.iter().map(|it| ("x-forwarded-for", *it)).collect();
            let ip = Visitor::of(&parts("/", &headers, peer), &proxies).ip.unwrap();
            assert_eq!(ip.to_string(), expect, "{peer} {forwarded:?}");
        };
        check("192.0.2.1", &[], "192.0.2.1");
        check("192.0.2.1", &["198.51.100.7"], "192.0.2.1");
        check("10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7");
        check("10.0.0.1", &["203.0.113.9", "198.51.100.7, 10.0.0.2"], "198.51.100.7");
        check("10.0.0.1", &["nonsense"], "10.0.0.1");
        check("::1", &["2001:db8::7"], "2001:db8::7");
        check("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7");
    }

    #[test]
    fn a_browsers_name_is_cleaned_and_cut() {
        let name = format!("Mozilla\u{202e}{}", "x".repeat(500));
        let agent = Visitor::of(&parts("/", &[("user-agent", &name)], "192.0.2.1"), &[]).agent;
        assert!(agent.starts_with("Mozillax") && agent.chars().count() <= MOST_AGENT, "{agent}");
    }
}
