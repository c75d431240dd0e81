"""What a mail is made of, by Python's strict parser: nothing of ours is imported.

Question (standard input, JSON): {"mail": in base64}. Answer (standard output, JSON): {"tree": the types of its parts, parts of parts in brackets,
"sources": what images of the HTML name, "images": [{"id", "type", "disposition", "file", "sha256", "longest"}]},
"longest" being the longest line of the part as it travels.
"""

import base64
import email
import email.policy
import hashlib
import json
import re
import sys

STRICT = email.policy.SMTP.clone(raise_on_defect=True)


def tree(part):
    if not part.is_multipart():
        return part.get_content_type()
    return [part.get_content_type(), *(tree(inner) for inner in part.iter_parts())]


def image(part):
    data = part.get_payload(decode=True)
    lines = part.get_payload(decode=False).splitlines()
    return {"id": part["Content-ID"], "type": part.get_content_type(), "disposition": part.get_content_disposition(),
            "file": part.get_filename(), "sha256": hashlib.sha256(data).hexdigest(), "longest": max(map(len, lines))}


mail = email.message_from_bytes(base64.b64decode(json.load(sys.stdin)["mail"]), policy=STRICT)
parts = list(mail.walk())
page = next(part for part in parts if part.get_content_type() == "text/html").get_content()
images = [image(part) for part in parts if part.get_content_maintype() == "image"]
json.dump({"tree": tree(mail), "sources": re.findall(r'<img[^>]* src="([^"]*)"', page), "images": images}, sys.stdout)
