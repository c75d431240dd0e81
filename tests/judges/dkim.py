"""Judges DKIM signatures by RFC 6376, 8301 and 8463: canonicalisation, RSA and Ed25519 are written out here, so that
nothing is shared with what signed.

Question (standard input, JSON): {"mails": [base64 of a mail], "records": {DNS name: TXT value}}
Answer (standard output, JSON): for each mail an array, one entry a signature from top to bottom:
{"algorithm", "domain", "selector", "time", "named": [header names, in small letters], "defect": null or a sentence}.
"""

import base64
import hashlib
import json
import re
import sys

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, PRIME) % PRIME
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def relaxed_header(name, value):
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t")
    return name.strip(b" \t").lower() + b":" + value


def relaxed_body(body):
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def split(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            name, value = headers[-1]
            headers[-1] = (name, value + b"\r\n" + line)
        else:
            name, _, value = line.partition(b":")
            headers.append((name, value))
    return headers, body


def tags(text):
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}


def der(data):
    """The content of a DER value, and what stands behind it."""
    length, start = data[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(data[2:start], "big")
    return data[start : start + length], data[start + length :]


def rsa_numbers(spki):
    inside, _ = der(spki)
    _, bits = der(inside)
    key, _ = der(der(bits)[0][1:])
    modulus, rest = der(key)
    return int.from_bytes(modulus, "big"), int.from_bytes(der(rest)[0], "big")


def rsa_holds(spki, data, signature):
    modulus, exponent = rsa_numbers(spki)
    size = (modulus.bit_length() + 7) // 8
    if modulus.bit_length() < 2048 or len(signature) != size:
        return False
    found = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    digest = SHA256_PREFIX + hashlib.sha256(data).digest()
    return found == b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest


def point(data):
    """A point of the curve from its 32 bytes (RFC 8032 5.1.3), in affine coordinates."""
    y = int.from_bytes(data, "little") & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if x * x % PRIME != square:
        return None
    return (PRIME - x if (x & 1) != data[31] >> 7 else x), y


def add(p, q):
    (a, b), (c, d) = p, q
    product = D * a * b * c * d % PRIME
    x = (a * d + b * c) * pow(1 + product, -1, PRIME)
    y = (b * d + a * c) * pow(1 - product, -1, PRIME)
    return x % PRIME, y % PRIME


def times(number, p):
    result = (0, 1)
    while number:
        if number & 1:
            result = add(result, p)
        p, number = add(p, p), number >> 1
    return result


def ed25519_holds(public, data, signature):
    """RFC 8463 3: what is signed is the SHA-256 of the data."""
    if len(signature) != 64 or len(public) != 32:
        return False
    base = point((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little"))
    key, commitment, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or s >= ORDER:
        return False
    message = hashlib.sha256(data).digest()
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little")
    return times(s, base) == add(commitment, times(challenge % ORDER, key))


def defect(headers, body, header, given, records):
    if given.get("v") != "1" or "l" in given or given.get("c") != "relaxed/relaxed":
        return "the signature isn't of the form that was promised"
    if base64.b64decode(given["bh"]) != hashlib.sha256(relaxed_body(body)).digest():
        return "the body isn't the one that was signed"
    left = [(name, value) for name, value in headers]
    data = b""
    for wanted in given["h"].lower().encode().split(b":"):
        found = [at for at, (name, _) in enumerate(left) if name.strip().lower() == wanted]
        if found:
            data += relaxed_header(*left.pop(found[-1])) + b"\r\n"
    value = re.sub(rb"([;\s]b\s*=)[^;]*", rb"\1", header[1], count=1)
    data += relaxed_header(header[0], value)
    record = tags(records.get(f"{given['s']}._domainkey.{given['d']}", ""))
    public, signature = base64.b64decode(record.get("p", "")), base64.b64decode(given["b"])
    holds = {"rsa-sha256": ("rsa", rsa_holds), "ed25519-sha256": ("ed25519", ed25519_holds)}.get(given["a"])
    if record.get("v") != "DKIM1" or holds is None or record.get("k") != holds[0]:
        return "no record in the DNS fits"
    return None if holds[1](public, data, signature) else "the signature doesn't hold"


def judged(raw, records):
    headers, body = split(raw)
    for header in headers:
        if header[0].strip().lower() == b"dkim-signature":
            given = tags(header[1].decode())
            yield {
                "algorithm": given["a"],
                "domain": given["d"],
                "selector": given["s"],
                "time": int(given["t"]),
                "named": given["h"].lower().split(":"),
                "defect": defect(headers, body, header, given, records),
            }


question = json.load(sys.stdin)
answer = [list(judged(base64.b64decode(mail), question["records"])) for mail in question["mails"]]
json.dump(answer, sys.stdout)
