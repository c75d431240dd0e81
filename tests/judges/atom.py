"""Reads an Atom feed with a real XML parser and hands back what a feed reader would see (RFC 4287)."""

import json
import sys
import xml.etree.ElementTree as tree

ATOM = "{http://www.w3.org/2005/Atom}"


def texts(element):
    """The simple elements directly below, and where each link leads by its relation."""
    found = {child.tag.removeprefix(ATOM): child.text for child in element if child.text and child.text.strip()}
    links = {link.get("rel"): link.get("href") for link in element.findall(ATOM + "link")}
    return found | {"links": links}


feed = tree.fromstring(json.load(sys.stdin)["feed"].encode())
assert feed.tag == ATOM + "feed", feed.tag
said = texts(feed) | {"author": feed.findtext(f"{ATOM}author/{ATOM}name")}
json.dump(said | {"entries": [texts(entry) for entry in feed.findall(ATOM + "entry")]}, sys.stdout)
