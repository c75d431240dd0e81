//! Who may look: a browser at this machine that was told to by nobody else. Knows no page.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;
use std::net::IpAddr;

/// For every answer that doesn't say otherwise.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Refuses what came by another name than this machine's, since another site may have made its name lead here (DNS
/// rebinding), and a form that another site sends.
pub async fn keep(request: Request, next: Next) -> Response {
    let host = text(request.headers(), &header::HOST).unwrap_or_default();
    let mut response = if !is_loopback(host) {
        let why =
            "The preview answers only at this machine's own names: open the address that `dripline preview` printed.\n";
        (StatusCode::MISDIRECTED_REQUEST, why).into_response()
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) && !is_own(request.headers(), host) {
        (StatusCode::FORBIDDEN, "This was sent from another site, and nothing was done.\n").into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Whether a `Host` means this machine, with or without a port.
pub fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a page of ours sent this (Fetch Metadata; where a browser has none, Origin, RFC 6454 §7).
fn is_own(headers: &HeaderMap, host: &str) -> bool {
    let origin = text(headers, &header::ORIGIN);
    match text(headers, &HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        None => origin.and_then(|origin| origin.strip_prefix("http://")).is_some_and(|it| it == host),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let check = |host: &str, expect: bool| assert_eq!(is_loopback(host), expect, "{host}");
        check("127.0.0.1:8026", true);
        check("127.0.0.1", true);
        check("localhost:1", true);
        check("LOCALHOST", true);
        check("[::1]:8026", true);
        check("", false);
        check("example.org:8026", false);
        check("127.0.0.1.example.org", false);
        check("localhost.example.org:8026", false);
        check("192.168.1.2:8026", false);
        check("[::2]:1", false);
    }

    #[test]
    fn only_our_own_pages_may_send_a_form() {
        let check = |headers: &[(&'static str, &'static str)], expect: bool| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(is_own(&map, "127.0.0.1:8026"), expect, "{headers:?}");
        };
        check(&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8026")], true);
        check(&[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:8026")], false);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("origin", "http://127.0.0.1:8026")], true);
        check(&[("origin", "http://127.0.0.1:9000")], false);
        check(&[("origin", "null")], false);
        check(&[], false);
    }
}
