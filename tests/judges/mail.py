"""Judges mails by the standards, with Python's own parser: nothing of ours is imported.

Question (standard input, JSON): {"folder", "site", "domain", "both": [text that must be read in both parts],
"without": maybe what stands in the names of files that aren't judged}
Answer (standard output, JSON): an array of {"file", "to", "subject", "message_id", "text", "defects": [sentence]},
in the order of the file names.
"""

import base64
import email
import email.policy
import email.utils
import html.parser
import json
import pathlib
import re
import sys

STRICT = email.policy.SMTP.clone(raise_on_defect=True)
ONCE = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]
ONCE_IN_LESSONS = ["List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"]


class Visible(html.parser.HTMLParser):
    """What a reader sees of a page, and where its links go."""

    def __init__(self):
        super().__init__()
        self.hidden, self.words, self.links = 0, [], []

    def handle_starttag(self, tag, attributes):
        self.hidden += tag in ("style", "script", "title")
        if tag == "a":
            self.links += [value for name, value in attributes if name == "href"]

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "script", "title")

    def handle_data(self, data):
        if not self.hidden:
            self.words.append(data)


def flat(text):
    return " ".join(text.split())


def wire(raw):
    """RFC 5322 2.1.1 and 2.2, RFC 2047 2: what holds for the bytes before anybody parses them."""
    if re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        yield "a line ends with CR or LF alone"
    if b"\0" in raw:
        yield "there is a NUL"
    if any(len(line) > 998 for line in raw.split(b"\r\n")):
        yield "a line is longer than 998 bytes"
    head = raw.split(b"\r\n\r\n", 1)[0]
    if any(byte > 126 for byte in without_international_address(head)):
        yield "a header isn't ASCII"
    for word in re.findall(rb"=\?[^?\s]+\?[bqBQ]\?[^?]*\?=", head):
        if len(word) > 75:
            yield f"an encoded word is longer than 75: {word!r}"
    if re.search(rb'"[^"\r\n]*=\?[^"\r\n]*"', head):
        yield "an encoded word stands inside quotes"


def without_international_address(head):
    """RFC 6532: letters outside ASCII may stand raw before the @ of whom the mail is to, and of Postfix's notes of that."""
    name = re.compile(rb"(?im)^((?:to|x-original-to|delivered-to): [^\r]*<|\tfor <)([^@>\r]*)@")
    return name.sub(rb"\1@", head)


def decoded(part):
    """The text of a part, decoded by hand as strictly as can be."""
    encoding = part["Content-Transfer-Encoding"].lower()
    payload = part.get_payload(decode=False).encode("ascii")
    if encoding == "base64":
        data = base64.b64decode(re.sub(rb"\s", b"", payload), validate=True)
    elif encoding == "quoted-printable":
        if re.search(rb"=(?!\r?\n|[0-9A-F]{2})", payload):
            raise ValueError("quoted-printable with a stray =")
        if any(len(line) > 76 for line in payload.splitlines()):
            raise ValueError("a line of quoted-printable is longer than 76")
        data = part.get_payload(decode=True)
    elif encoding == "7bit":
        data = payload
    else:
        raise ValueError(f"transfer encoding {encoding}")
    return data.decode(part.get_content_charset("ascii"), errors="strict")


def one_click(mail, site):
    """RFC 8058 3: exactly one https link, and the other header to the letter."""
    links = re.findall(r"<([^<>]*)>", mail["List-Unsubscribe"])
    web = [link for link in links if link.startswith("https:")]
    if len(web) != 1 or not web[0].startswith(site + "/leave/"):
        yield f"List-Unsubscribe is {mail['List-Unsubscribe']}"
    if mail["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click":
        yield f"List-Unsubscribe-Post is {mail['List-Unsubscribe-Post']}"


def headers(mail, question):
    for name in ONCE + ONCE_IN_LESSONS:
        if len(mail.get_all(name, [])) != 1:
            yield f"{name} stands {len(mail.get_all(name, []))} times"
            return
    if email.utils.parsedate_to_datetime(mail["Date"]).tzinfo is None:
        yield "Date has no zone"
    if not re.fullmatch(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@" + re.escape(question["domain"]) + ">", mail["Message-ID"]):
        yield f"Message-ID is {mail['Message-ID']}"
    if len(mail["To"].addresses) != 1 or len(mail["From"].addresses) != 1:
        yield "From or To isn't one address"
    yield from one_click(mail, question["site"])


def parts(mail, question):
    """Both parts, the plain one first; answers with its text too."""
    if mail.get_content_type() != "multipart/alternative":
        return f"the mail is {mail.get_content_type()}", ""
    both = list(mail.iter_parts())
    if len(both) == 2 and both[1].get_content_type() == "multipart/related":
        # RFC 2387: the HTML first, then the images that it shows.
        both[1] = list(both[1].iter_parts())[0]
    kinds = [part.get_content_type() for part in both]
    if kinds != ["text/plain", "text/html"]:
        return f"the parts are {kinds}", ""
    plain, page = (decoded(part) for part in both)
    visible = Visible()
    visible.feed(page)
    visible.close()
    seen = flat(" ".join(visible.words))
    for text in question["both"]:
        if text not in flat(plain):
            return f"the plain part doesn't say: {text}", plain
        if text not in seen:
            return f"the HTML part doesn't say: {text}", plain
    leave = question["site"] + "/leave/"
    if leave not in plain or not any(link.startswith(leave) for link in visible.links):
        return "a part has no link to leave", plain
    if re.search(r"</?(p|div|td|span|a|br)\b|&(nbsp|amp|lt|#\d+);|\{\{|\{%", plain):
        return "the plain part has markup in it", plain
    if any(len(line) > 100 and "http" not in line for line in plain.splitlines()):
        return "the plain part has lines longer than 100", plain
    return None, plain


def judge(path, question):
    raw = path.read_bytes()
    found = {"file": path.name, "to": "", "subject": "", "message_id": "", "text": "", "defects": list(wire(raw))}
    try:
        mail = email.message_from_string(raw.decode(), policy=STRICT)
        found["defects"] += headers(mail, question)
        found["to"] = mail["To"].addresses[0].addr_spec
        found["subject"], found["message_id"] = str(mail["Subject"]), str(mail["Message-ID"])
        defect, found["text"] = parts(mail, question)
        found["defects"] += [defect] if defect else []
    except Exception as error:  # whatever the strict parser says is a defect of the mail
        found["defects"].append(f"{type(error).__name__}: {error}")
    return found


def main():
    question = json.load(sys.stdin)
    found = pathlib.Path(question["folder"]).glob("*.eml")
    files = [path for path in found if question.get("without", "/") not in path.name]
    files.sort(key=lambda path: int(path.name.split("-")[0]))
    json.dump([judge(path, question) for path in files], sys.stdout)


main()
