"""Judges DKIM signatures with dkimpy, which receivers of mail use (Debian: python3-dkim, python3-nacl).

Question (standard input, JSON): {"folder": mails as *.eml, "records": {DNS name: TXT value}}
Answer (standard output, JSON): {file: [whether each signature holds, from top to bottom]}.
"""

import json
import os
import pathlib
import sys

sys.path.pop(0)  # a judge beside this one has the same name
try:
    import dkim
except ImportError:
    # Debian's packages belong to Debian's Python.
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", __file__])

question = json.load(sys.stdin)


def record(name, timeout=5):
    return question["records"].get(name.decode().rstrip("."), "").encode()


def holds(raw):
    count = raw.split(b"\r\n\r\n", 1)[0].lower().count(b"\r\ndkim-signature:") + raw.lower().startswith(b"dkim-signature:")
    return [dkim.DKIM(raw).verify(at, dnsfunc=record) for at in range(count)]


files = sorted(pathlib.Path(question["folder"]).glob("*.eml"))
json.dump({path.name: holds(path.read_bytes()) for path in files}, sys.stdout)
