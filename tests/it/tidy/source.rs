//! Reads Rust just well enough to keep house: what is code, what is comment, where a function ends. Knows no rule.

use std::ops::Range;

/// One file of the project.
#[derive(Debug, Clone)]
pub struct Source {
    /// Relative to the project, with `/` between names.
    pub path: String,
    pub text: String,
    /// `text` with comments and the insides of strings blanked, every other byte where it was.
    pub code: String,
    /// `text` with everything but comments blanked.
    pub comments: String,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// Counted from 1.
    pub line: usize,
    /// From the line that says `fn` to the line of the closing brace.
    pub lines: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Quoted,
    Comment,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let mut code = text.as_bytes().to_vec();
        let mut comments = code.clone();
        for (part, range) in parts(text.as_bytes()) {
            if part != Part::Code {
                blank(&mut code[range.clone()]);
            }
            if part != Part::Comment {
                blank(&mut comments[range]);
            }
        }
        Source {
            path: path.to_string(),
            text: text.to_string(),
            code: String::from_utf8(code).unwrap(),
            comments: String::from_utf8(comments).unwrap(),
        }
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// Where `path` stands in the code as the beginning of a path: `crate::` in `crate::ids::Id`, not in `a_crate::b`.
    pub fn uses<'a>(&'a self, path: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.match_indices(path).map(|(at, _)| at).filter(|at| {
            let before = self.code.as_bytes()[..*at].iter().next_back();
            before.is_none_or(|byte| !is_word(*byte) && *byte != b':' && *byte != b'$')
        })
    }

    /// The word that begins at `offset` of the code; empty when none does.
    pub fn word(&self, offset: usize) -> &str {
        let rest = &self.code[offset..];
        &rest[..rest.bytes().take_while(|byte| is_word(*byte)).count()]
    }

    pub fn functions(&self) -> Vec<Function> {
        let keywords = self.code.match_indices("fn ").map(|(at, _)| at).filter(|at| {
            let before = self.code.as_bytes()[..*at].iter().next_back();
            before.is_none_or(|byte| !is_word(*byte)) && !self.word(at + 3).is_empty()
        });
        let functions = keywords.filter_map(|at| {
            let body = body(self.code.as_bytes(), at)?;
            let lines = self.line(body.end - 1) - self.line(at) + 1;
            Some(Function { name: self.word(at + 3).to_string(), line: self.line(at), lines })
        });
        functions.collect()
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

/// The braces of the function whose `fn` is at `from`; none when it ends in a semicolon.
fn body(code: &[u8], from: usize) -> Option<Range<usize>> {
    let mut brackets = 0_i32;
    let mut open = from;
    loop {
        match code.get(open)? {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets -= 1,
            b';' if brackets == 0 => return None,
            b'{' if brackets == 0 => break,
            _ => {}
        }
        open += 1;
    }
    let mut braces = 0_i32;
    for (offset, byte) in code[open..].iter().enumerate() {
        match byte {
            b'{' => braces += 1,
            b'}' => braces -= 1,
            _ => {}
        }
        if braces == 0 {
            return Some(open..open + offset + 1);
        }
    }
    None
}

fn parts(text: &[u8]) -> Vec<(Part, Range<usize>)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (part, length) = part(text, at);
        parts.push((part, at..at + length));
        at += length;
    }
    parts
}

/// What begins at `at`, and how long it is. The quotes around a string count as code.
fn part(text: &[u8], at: usize) -> (Part, usize) {
    let rest = &text[at..];
    let opened = at.checked_sub(1).map(|before| text[before]);
    if rest.starts_with(b"//") {
        return (Part::Comment, rest.iter().take_while(|byte| **byte != b'\n').count());
    }
    if rest.starts_with(b"/*") {
        return (Part::Comment, block_comment(rest));
    }
    if rest[0] == b'"' {
        return (Part::Quoted, quoted(rest));
    }
    let raw = rest.strip_prefix(b"br").or_else(|| rest.strip_prefix(b"r"));
    if let Some(raw) = raw.filter(|_| opened.is_none_or(|byte| !is_word(byte)))
        && let Some(length) = raw_string(raw)
    {
        return (Part::Quoted, rest.len() - raw.len() + length);
    }
    if rest[0] == b'\''
        && let Some(length) = character(rest)
    {
        return (Part::Quoted, length);
    }
    (Part::Code, 1)
}

/// Block comments nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw_string(raw: &[u8]) -> Option<usize> {
    let hashes = raw.iter().take_while(|byte| **byte == b'#').count();
    if raw.get(hashes) != Some(&b'"') {
        return None;
    }
    let end: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let inside = &raw[hashes + 1..];
    let length = inside.windows(end.len()).position(|window| window == end).unwrap_or(inside.len());
    Some((hashes + 1 + length + end.len()).min(raw.len()))
}

/// A character's length with its quotes; none for a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        let close = rest.iter().skip(3).position(|byte| *byte == b'\'')?;
        return Some(3 + close + 1);
    }
    let text = std::str::from_utf8(&rest[1..rest.len().min(6)]);
    let valid = text.or_else(|error| std::str::from_utf8(&rest[1..1 + error.valid_up_to()])).ok()?;
    let length = valid.chars().next()?.len_utf8();
    (rest.get(1 + length) == Some(&b'\'')).then_some(length + 2)
}

#[test]
fn strings_and_comments_are_not_code() {
    let check = |text: &str, code: &str| {
        let source = Source::new("a.rs", text);
        assert_eq!(source.code.split_whitespace().collect::<Vec<_>>().join(" "), code, "{text}");
    };
    check("a // b", "a");
    check("a /* b /* c */ d */ e", "a e");
    check(r#"f("b { \" // c") + d"#, "f( ) + d");
    check(r###"f(r#"b " } "# ) + d"###, "f( ) + d");
    check(r###"f(br"b\", 'x', b'{', '\'', '\u{7d}', '—') + d"###, "f( , , b , , , ) + d");
    check("fn a<'a>(b: &'a str) -> &'static str { b }", "fn a<'a>(b: &'a str) -> &'static str { b }");
    assert_eq!(Source::new("a.rs", "a(\"// no\") // yes").comments.trim(), "// yes");
}

#[test]
fn a_function_is_as_long_as_its_lines() {
    let text = "fn a() {}\nimpl B {\n    fn b(c: [u8; 2])\n    -> u8\n    {\n        '}'; \"{\" // {\n    }\n}\n\
                trait C { fn d(); }\ntype E = fn (u8);\n";
    let found = Source::new("a.rs", text).functions();
    let expect = [("a", 1, 1), ("b", 3, 5)];
    let expect: Vec<Function> =
        expect.map(|(name, line, lines)| Function { name: name.to_string(), line, lines }).into();
    assert_eq!(found, expect);
}
