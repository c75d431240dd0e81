//! What people with bad intentions send, and programs by mistake: texts, whole bodies, and a generator that spoils requests
//! the same way in every run. Knows no page.

use super::pair::Ask;

/// Stands in many inputs: an answer that holds it as it is didn't escape it.
pub const MARK: &str = "<zz9";
/// `{{ 7*7 }}` stands before it in others: an answer with 49 there ran what a visitor sent.
pub const RUN: &str = "49zz8";
/// Names of everything that any form or query of ours has.
pub const FIELDS: [&str; 18] = [
    "email",
    "first_name",
    "zone",
    "language",
    "field:instrument",
    "agree",
    "comment",
    "shown",
    "answer",
    "choice",
    "hour",
    "day",
    "reason",
    "all",
    "lesson",
    "stage",
    "q",
    "o",
];

const TEXTS: &[&str] = &[
    "",
    " ",
    "\t",
    "\n",
    "a",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "1e309",
    "NaN",
    "Infinity",
    "0x10",
    "1_000",
    "\u{661}\u{662}",
    "true",
    "null",
    "[]",
    "{}",
    "<zz9 onload=alert(1)>",
    "<script><zz9>alert(1)</script>",
    "\"><zz9>",
    "'><zz9>",
    "\" onfocus=\"<zz9",
    "</textarea><zz9>",
    "</title><zz9>",
    "</option></select><zz9>",
    "<!--<zz9-->",
    "]]><zz9>",
    "javascript:alert('<zz9')",
    "&lt;zz9",
    "&#60;zz9",
    "&#x3c;zz9",
    "<zz9\u{0}>",
    "<\u{0}zz9>",
    "+ADw-zz9+AD4-",
    "\u{ff1c}zz9\u{ff1e}",
    "{{ 7*7 }}zz8",
    "{{7*7}}zz8",
    "{% set x = 7*7 %}{{ x }}zz8",
    "${7*7}zz8",
    "#{7*7}zz8",
    "<%= 7*7 %>zz8",
    "[[7*7]]zz8",
    "{% include \"web/layout.html\" %}<zz9",
    "{{ get_env(name=\"PATH\") }}",
    "{{ __tera_context }}<zz9",
    "{% raw %}<zz9",
    "{# <zz9",
    "{title}<zz9",
    "{course}{name}{",
    "}{<zz9",
    "{{{{{{{{",
    "%}<zz9",
    "[<zz9](javascript:alert(1))",
    "![<zz9](https://evil.example/p.png)",
    "**<zz9**",
    "# <zz9",
    "```\n<zz9",
    "<https://evil.example/<zz9>",
    "../../../../etc/passwd",
    "..\\..\\win.ini",
    "%2e%2e%2f%2e%2e%2f",
    "/etc/passwd",
    "file:///etc/passwd",
    "//evil.example/<zz9",
    ".",
    "..",
    "/",
    "?",
    "#<zz9",
    "%00",
    "%zz",
    "%",
    "%e2%28",
    "%ff",
    "%c0%af",
    "%ed%a0%80",
    "%u003czz9",
    "%253Czz9",
    "\u{0}",
    "a\u{0}b<zz9",
    "\r\nSet-Cookie: zz9=1",
    "\r\n\r\n<zz9",
    "%0d%0aX-Zz9: 1",
    "\nBcc: zz9@evil.example",
    "\rLocation: //zz9.example",
    "\u{560a}\u{560d}<zz9",
    "\u{85}<zz9",
    "\u{b}<zz9",
    "\u{1b}[31m<zz9",
    "\u{7f}<zz9",
    "\u{202e}<zz9",
    "\u{2066}<zz9\u{2069}",
    "\u{200b}<zz9",
    "\u{200e}\u{200f}\u{61c}",
    "\u{feff}<zz9",
    "\u{2028}<zz9\u{2029}",
    "\u{fffd}",
    "\u{e000}",
    "\u{10ffff}",
    "\u{fdd0}\u{ffff}",
    "I\u{307}\u{130}\u{131}\u{df}\u{1e9e}",
    "\u{fb00}\u{fb03}<zz9",
    "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "' OR '1'='1",
    "'; DROP TABLE subscriber;--<zz9",
    "\" OR 1=1",
    "$1",
    "?1",
    "\\'<zz9",
    "%' OR 1=1 --",
    "\\",
    "\"",
    "'",
    "`",
    ";",
    "&",
    "=",
    "&&==",
    "a=b&a=c",
    "%s%n%x",
    "`id`",
    "$(id)",
    "|id",
    "=cmd|'/c calc'!A0<zz9",
    "+1",
    "@SUM(1)",
    "-2+3",
    "ana@example.org",
    "ANA@EXAMPLE.ORG",
    "<zz9@example.org>",
    "\"<zz9\"@example.org",
    "a@b\r\nBcc: x@evil.example",
    "ana@example.org,ben@example.org",
    "ana@exam\u{200b}ple.org",
    "{{7*7}}zz8@example.org",
    "@",
    "a@",
    "@a",
    "a@[127.0.0.1]",
    "a@xn--0.example",
    "a@\u{202e}example.org",
    "a@-.example",
    "a@a..b",
    "a\u{0}@example.org",
    "Europe/../../etc/passwd",
    "Mars/<zz9",
    "/etc/localtime",
    "posix/Europe/London",
    "UTC0<zz9",
    "Etc/GMT+99",
    "25:61",
    "-01:00",
    "00:00:60",
    "24:00",
    "1w",
    "open",
    "0.75",
    "3",
    "en",
    "en-x-<zz9",
    "he;q=1e9",
    "*;q=NaN",
    "*",
    "pt-BR,,,;;q=",
    "x;q=-0",
    "::1",
    "127.0.0.1, <zz9",
    "999.1.1.1",
    "fe80::1%eth0",
    "Mon",
    "again",
    "calm",
    "one",
    "@back",
    "@closing",
    "lesson/calm/one",
];

const RAW: &[&[u8]] = &[
    b"\xff\xfe<zz9",
    b"\xc0\xaf<zz9",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
    b"<zz9\xff",
    b"\x80",
    b"\xef\xbb\xbf<zz9",
    b"\0\0\0\0",
];

/// Texts and other bytes that may stand anywhere.
pub fn inputs() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = TEXTS.iter().map(|text| text.as_bytes().to_vec()).collect();
    all.extend(RAW.iter().map(|bytes| bytes.to_vec()));
    let long =
        [("a", 100_000), ("<zz9>", 20_000), ("{{ 7*7 }}zz8", 1_000), ("e\u{301}", 3_000), ("\u{1f469}\u{200d}", 300)];
    all.extend(long.map(|(text, times)| text.repeat(times).into_bytes()));
    all.extend(
        [("Z\u{301}\u{302}", 60), ("\u{202e}", 500), ("..%2f", 2_000), ("&a=", 3_000)]
            .map(|(text, times)| text.repeat(times).into_bytes()),
    );
    // Behind and before what is right, where a check may look at one end alone.
    for (before, after) in [("1", ""), ("calm", ""), ("", "@example.org"), ("Sam ", " Sam")] {
        all.extend(TEXTS.iter().step_by(3).map(|text| format!("{before}{text}{after}").into_bytes()));
    }
    all
}

/// Whole bodies with the kind that they say they are, if any.
pub fn bodies() -> Vec<(Option<&'static str>, Vec<u8>)> {
    const JSON: Option<&str> = Some("application/json");
    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(15_000), close.repeat(15_000)).into_bytes();
    let part =
        "--b\r\nContent-Disposition: form-data; name=\"email\"; filename=\"<zz9\"\r\n\r\n<zz9@example.org\r\n--b--\r\n";
    let mut all = vec![
        (JSON, deep("[", "]")),
        (JSON, "[".repeat(32_000).into_bytes()),
        (JSON, "{\"fields\":".repeat(3_000).into_bytes()),
        (
            JSON,
            format!(
                "{{\"fields\":{{{}\"z\":\"\"}}}}",
                (0..2_000).map(|n| format!("\"<zz9{n}\":\"\",")).collect::<String>()
            )
            .into_bytes(),
        ),
        (None, part.into()),
        (Some("multipart/form-data; boundary=b"), part.into()),
        (Some("multipart/form-data"), part.into()),
        (Some("multipart/form-data; boundary="), part.into()),
        (Some("text/plain"), b"email=<zz9".to_vec()),
        (
            Some("application/xml"),
            b"<!DOCTYPE x [<!ENTITY zz9 SYSTEM \"file:///etc/passwd\">]><x>&zz9;<zz9/></x>".to_vec(),
        ),
        (Some("APPLICATION/JSON ; charset=utf-16"), b"\xff\xfe{\0}\0".to_vec()),
        (Some(";;;<zz9"), b"email=a".to_vec()),
        (FORM, "a=b&".repeat(8_000).into_bytes()),
        (FORM, "=&".repeat(60_000).into_bytes()),
        (FORM, b"email=ana@example.org&email=ben@example.org&agree&agree=1".to_vec()),
        (FORM, b"answer=7&answer=8&answer=%3Czz9".to_vec()),
        (FORM, b"%ff%fe=%c0%af&email=%ff&first_name=%00&reason=%ff%00%3Czz9&answer=%ed%a0%80".to_vec()),
        (FORM, b"email=%&%=email&reason=%3&answer=%3".to_vec()),
        (FORM, b"all=1%00&choice[]=1w&hour[x]=1&fields[instrument]=<zz9".to_vec()),
        (None, Vec::new()),
        (JSON, Vec::new()),
    ];
    let texts = [
        "{\"email\":\"\\ud800\"}",
        "{\"email\":\"\\udc00\\ud800<zz9\"}",
        "{\"\\ud800\":1}",
        "{\"email\":\"a\",\"email\":\"b\"}",
        "{\"email\":\"a@example.org\",\"agree\":true,\"first_name\":\"\\u0000<zz9\\r\\nBcc: x\"}",
        "{\"<zz9\":1}",
        "\"<zz9\"",
        "<zz9",
        "[\"<zz9\"]",
        "{\"email\":1e999}",
        "{\"agree\":99999999999999999999999999}",
        "{\"agree\":\"<zz9\"}",
        "{\"fields\":[\"<zz9\"]}",
        "{\"fields\":{\"instrument\":{\"<zz9\":1}}}",
        "{\"fields\":{\"<zz9\":\"<zz9\",\"instrument\":\"{{ 7*7 }}zz8\"},\"email\":\"b@example.org\",\"agree\":true}",
        "{\"email\":null}",
        "\u{feff}{}",
        "{} {}",
        "{\"email\":\"a\\",
        "{\"zone\":\"<zz9\",\"language\":\"<zz9\"}",
        "nul",
        "-",
        "{,}",
    ];
    all.extend(texts.map(|text| (JSON, text.as_bytes().to_vec())));
    all
}

/// Every byte that isn't a letter or a digit, as URLs write it.
pub fn encoded(bytes: &[u8]) -> String {
    let one =
        |byte: &u8| if byte.is_ascii_alphanumeric() { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    bytes.iter().map(one).collect()
}

/// The same chances in every run (xorshift64*).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }

    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Does harm to a part of a request, as often as not to several.
    pub fn spoil(&mut self, ask: &mut Ask, inputs: &[Vec<u8>]) {
        loop {
            let input = self.of(inputs).clone();
            match self.below(6) {
                0 | 1 => self.spoil_bytes(&mut ask.path, &input),
                2 | 3 => self.spoil_bytes(&mut ask.body, &input),
                4 => {
                    let at = self.below(ask.headers.len());
                    if let Some((_, value)) = ask.headers.get_mut(at) {
                        self.spoil_bytes(value, &input);
                    }
                }
                _ => ask.path.extend(format!("{}{}", self.of(&["?", "&", "/", ";", "%"]), encoded(&input)).bytes()),
            }
            if self.below(2) == 0 {
                return;
            }
        }
    }

    fn spoil_bytes(&mut self, bytes: &mut Vec<u8>, input: &[u8]) {
        let (a, b) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 16));
        match self.below(6) {
            0 => drop(bytes.splice(from..from, input.iter().copied())),
            1 => drop(bytes.splice(from..from, encoded(input).bytes())),
            2 => drop(bytes.splice(from..to, encoded(input).bytes())),
            3 => drop(bytes.drain(from..to)),
            4 => bytes.insert(from, self.below(256) as u8),
            _ => {
                let twice = bytes[from..to].to_vec();
                bytes.splice(from..from, twice);
            }
        }
    }
}
