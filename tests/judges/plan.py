"""When lessons leave, by the rules as they are written for people, with Python's zone data: nothing of ours is imported.

Question (standard input, JSON): an array of cases {"zone", "signup": local, "pace", "skip": [[first, last]], "lessons":
[{"id", "wait": [count, unit], "send": cron, "date": local or null}]}. The wait is the one before the lesson.
Answer (standard output, JSON): an array of plans, each an array of {"lesson", "local", "utc"}.
"""

import json
import math
import sys
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def instant(civil, zone):
    """A gap is shifted forward by the gap, of an overlap the first: what fold=0 means (PEP 495)."""
    return civil.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)


def local(moment, zone):
    return moment.astimezone(zone).replace(tzinfo=None)


def numbers(field, low, high):
    found = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            first, _, last = span.partition("-")
            first, last = (NAMES.index(it[:3].lower()) if it and it[0].isalpha() else it for it in (first, last or first))
            first, last = int(first), int(last)
        found.update(range(first, last + 1, int(step or 1)))
    return found


def moments(cron, first):
    """Every civil moment of a five-field cron line from a date on; day and weekday must both match."""
    minute, hour, day, month, weekday = cron.split()
    minutes, hours = sorted(numbers(minute, 0, 59)), sorted(numbers(hour, 0, 23))
    days, months = numbers(day, 1, 31), numbers(month, 1, 12)
    weekdays = {number % 7 for number in numbers(weekday, 0, 7)}
    while True:
        if first.day in days and first.month in months and first.isoweekday() % 7 in weekdays:
            for h in hours:
                for m in minutes:
                    yield datetime.combine(first, time(h, m))
        first += DAY


def next_send(lesson, earliest, zone, skips, used):
    for civil in moments(lesson["send"], local(earliest, zone).date() - DAY):
        moment = instant(civil, zone)
        day = civil.date()
        if moment >= earliest and day not in used and not any(first <= day <= last for first, last in skips):
            return moment


def due(lesson, basis, zone, pace, skips, used):
    if lesson["date"]:
        fixed = instant(datetime.fromisoformat(lesson["date"]), zone)
        return fixed if fixed >= basis else next_send(lesson, basis, zone, skips, used)
    count, unit = lesson["wait"]
    if unit == "hours":
        return basis + timedelta(hours=count * pace)
    days = math.ceil((count * 7 if unit == "weeks" else count) * pace)
    midnight = instant(datetime.combine(local(basis, zone).date() + days * DAY, time()), zone)
    return next_send(lesson, max(midnight, basis + timedelta(hours=12)), zone, skips, used)


def plan(case):
    zone, pace = ZoneInfo(case["zone"]), case["pace"]
    skips = [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in case["skip"]]
    basis = instant(datetime.fromisoformat(case["signup"]), zone)
    rows, used = [], set()
    for number, lesson in enumerate(case["lessons"]):
        # The first lesson answers the confirmation: at once, and it uses its date.
        if number > 0:
            basis = due(lesson, basis, zone, pace, skips, used)
        there = local(basis, zone)
        used.add(there.date())
        utc = basis.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
        rows.append({"lesson": lesson["id"], "local": there.isoformat(timespec="seconds"), "utc": utc})
    return rows


json.dump([plan(case) for case in json.load(sys.stdin)], sys.stdout)
