"""Writes deadlines.csv: 200 moments over two years and what "48 heures ouvrées" makes of each.

It shares nothing with the Go code: its public holidays are typed in from the official calendar, its summer time is
the zone database's, and it walks minute by minute. Run it as: python3 deadlines.py > deadlines.csv
"""

import random
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

HOLIDAYS = {date.fromisoformat(d) for d in """
2026-11-01 2026-11-11 2026-12-25
2027-01-01 2027-03-29 2027-05-01 2027-05-06 2027-05-08 2027-05-17 2027-07-14 2027-08-15 2027-11-01 2027-11-11 2027-12-25
2028-01-01 2028-04-17 2028-05-01 2028-05-08 2028-05-25 2028-06-05 2028-07-14 2028-08-15 2028-11-01 2028-11-11 2028-12-25
""".split()}

CLOSINGS = [("2026-12-24", "2027-01-01"), ("2027-05-07", "2027-05-07"), ("2027-08-09", "2027-08-20"), ("2028-02-29", "2028-02-29")]
CLOSED = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in CLOSINGS]

MORNING, AFTERNOON = (time(8, 30), time(12, 0)), (time(13, 30), time(17, 30))
WEEK = {0: [MORNING, AFTERNOON], 1: [MORNING, AFTERNOON], 2: [MORNING], 3: [MORNING, AFTERNOON], 4: [MORNING, AFTERNOON],
        5: [(time(9, 0), time(12, 0))], 6: []}


def works(day):
    return bool(WEEK[day.weekday()]) and day not in HOLIDAYS and not any(a <= day <= b for a, b in CLOSED)


def is_open(moment):
    local = moment.astimezone(PARIS)
    clock = local.time().replace(second=0, microsecond=0)
    return works(local.date()) and any(a <= clock < b for a, b in WEEK[local.weekday()])


def deadline(moment):
    if not is_open(moment):  # to the next minute that is open
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        while not is_open(moment):
            moment += timedelta(minutes=1)
    local = moment.astimezone(PARIS)
    day, left = local.date(), 2
    while left:
        day += timedelta(days=1)
        left -= works(day)
    return datetime.combine(day, local.time(), PARIS).astimezone(timezone.utc)


def moments():
    rng = random.Random(48)
    first = datetime(2026, 10, 1, tzinfo=timezone.utc)
    near = ["2026-10-23", "2026-11-10", "2026-12-23", "2027-03-26", "2027-04-30", "2027-05-05", "2027-05-14", "2027-08-06",
            "2027-10-29", "2027-12-24", "2028-02-28", "2028-03-24", "2028-04-14", "2028-05-24"]
    for day in near:  # five moments within four days of what disturbs
        start = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
        for _ in range(5):
            yield start + timedelta(seconds=rng.randrange(4 * 86400))
    for _ in range(200 - 5 * len(near)):
        yield first + timedelta(seconds=rng.randrange(2 * 365 * 86400))


print("from,due")
for m in sorted(moments()):
    print(m.strftime("%Y-%m-%dT%H:%M:%SZ") + "," + deadline(m).strftime("%Y-%m-%dT%H:%M:%SZ"))
