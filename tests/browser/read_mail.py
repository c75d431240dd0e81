"""Reads mails by Python's strict parser: file names on the command line, one JSON array on standard output."""
import json
import sys
from email import policy
from email.parser import BytesParser


def read(path):
    with open(path, "rb") as file:
        mail = BytesParser(policy=policy.SMTP).parse(file)

    def part(kind):
        found = mail.get_body((kind,))
        return found.get_content() if found else ""

    # Of several headers of one name the last would win; ours has none twice.
    headers = {name.lower(): str(value) for name, value in mail.items()}
    return {"to": mail["to"].addresses[0].addr_spec, "subject": str(mail["subject"]), "headers": headers,
            "text": part("plain"), "html": part("html")}


print(json.dumps([read(path) for path in sys.argv[1:]]))
