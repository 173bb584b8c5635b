"""Writes deadlines.csv: what every model of deadline gives for some hundred days of 2026 to 2028.

Written apart from the Go code, from the sentences of the rules and not from their data. Where the Go code walks back
and counts, this one mostly looks for the greatest day of a list that satisfies the sentence. Its summer time is the
zone database's, read through zoneinfo; its days off are deadlines_calendar.csv, which the Go test reads too (holidays
from the autumn of 2027 on are invented: no calendar was published when it was made). Run it here as:

    python3 deadlines.py > deadlines.csv

With days, it writes what every model gives for those days alone, as the story of the rule builder reads it:

    python3 deadlines.py 2027-03-30 2027-04-05 … > ../../../app/testdata/deadlines_shown.csv

Columns: model, day, quality ("" for everybody), action, the last minute (or the opening one) on the town's clock, and
the same minute in UTC. "unset": no date is given for that day; "never": cannot be done; "always": open already.
"""

import csv
import os
import sys
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
ONE = timedelta(days=1)
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
START = time(11, 30)
EVENING = time(23, 59)
ALL = [date(2025, 1, 1) + i * ONE for i in range(4 * 365 + 2)]

runs = {"public": [], "holiday": [], "closing": [], "period": []}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "deadlines_calendar.csv"), encoding="utf-8") as f:
    for row in csv.DictReader(f):
        runs[row["kind"]].append((date.fromisoformat(row["from"]), date.fromisoformat(row["to"])))


def members(kind):
    return {d for d in ALL if any(a <= d <= b for a, b in runs[kind])}


PUBLIC, HOLIDAY, CLOSING = members("public"), members("holiday"), members("closing")
SHUT = PUBLIC | CLOSING
MON_FRI = [d for d in ALL if d.weekday() <= FRI and d not in PUBLIC]
MON_SAT = [d for d in ALL if d.weekday() <= SAT and d not in PUBLIC]
SERVICE = [d for d in ALL if d.weekday() <= FRI and d not in SHUT | HOLIDAY]
SCHOOL = [d for d in SERVICE if d.weekday() != WED]


def last(days, day, n=1):
    """The n-th last of the days before a day."""
    return [d for d in days if d < day][-n]


def last_weekday(w, day):
    """The last such weekday strictly before a day."""
    return max(d for d in ALL if d < day and d.weekday() == w)


def period_start(day):
    return next((a for a, b in runs["period"] if a <= day <= b), None)


def eve(day, hour):
    """Day before, Friday for Monday, the last weekday before holidays; nobody acts on a closing either."""
    return last([d for d in MON_FRI if d not in HOLIDAY | CLOSING], day), hour


def in_week_before(w, day):
    """The weekday of the week before. Closed: the school day before it. In holidays: a week earlier. And again."""
    monday = day - day.weekday() * ONE
    found = monday - 7 * ONE + w * ONE
    while found in SHUT | HOLIDAY:
        found = last(SCHOOL, found) if found in SHUT else found - 7 * ONE
    return found


def week(w, hour):
    return {"book": lambda day: (in_week_before(w, day), hour)}


def hours(n):
    def limit(day):
        t = datetime.combine(day, START) - timedelta(hours=n)
        return t.date(), t.time()
    return limit


def clear_days(n, day):
    """The last day with n whole days between it and the day."""
    return max(d for d in ALL if d < day and len(range(1, (day - d).days)) >= n)


def weekday_table(day):
    back = {MON: WED, TUE: THU, WED: FRI, THU: MON, FRI: TUE}.get(day.weekday())
    if back is None:
        return None
    found = last_weekday(back, day)
    if found in SHUT | HOLIDAY:
        found = last([d for d in MON_FRI if d not in SHUT | HOLIDAY], found)
    return found, EVENING


def before_period(weeks, hour, on=None):
    def limit(day):
        start = period_start(day)
        if start is None:
            return None
        found = start - timedelta(weeks=weeks)
        if on is not None:
            found = max(d for d in ALL if d <= found and d.weekday() == on)
        return found, hour
    return limit


def last_tuesday_of_month_before(day):
    first = day.replace(day=1)
    return max(d for d in ALL if d < first and d.weekday() == TUE), EVENING


def three_weekdays(day):
    """Only three lines: Monday by the Monday before, Wednesday by the Monday of a week earlier still, Friday by Thursday."""
    if day.weekday() == MON:
        return last_weekday(MON, day), nine
    if day.weekday() == WED:
        return last_weekday(MON, day) - 7 * ONE, EVENING
    if day.weekday() == FRI:
        return last_weekday(THU, day), time(12, 0)
    return None


def school_days_before_period(day):
    start = period_start(day)
    return None if start is None else (last(SCHOOL, start, 5), time(18, 30))


def days(n, hour):
    return lambda day: (day - n * ONE, hour)


NEVER, ALWAYS = "never", "always"
thursday = week(THU, EVENING)["book"]
book_2_weeks = before_period(2, EVENING)
nine = time(9, 0)


def saturday(weeks):
    return before_period(weeks, nine, SAT)


# model -> (action, quality) -> limit of a day. An action left out is not written, but for what the sentence implies.
MODELS = {
    "veille-9h": {("book", ""): lambda d: eve(d, nine)},
    "tableau": {("book", ""): weekday_table},
    "semaine-mardi": {("book", ""): week(TUE, EVENING)["book"]},
    "semaine-mercredi": {("book", ""): week(WED, EVENING)["book"]},
    "semaine-jeudi-midi": {("book", ""): week(THU, time(12, 0))["book"]},
    "semaine-jeudi": {("book", ""): thursday},
    "semaine-vendredi-midi": {("book", ""): week(FRI, time(12, 0))["book"]},
    "heures-72": {("book", ""): hours(72)},
    "heures-48": {("book", ""): hours(48)},
    "jours-8": {("book", ""): days(8, EVENING)},
    "francs-15": {("book", ""): lambda d: (clear_days(15, d), EVENING)},
    "ouvres-15-16": {("book", ""): lambda d: (last(MON_FRI, d, 15), EVENING),
                     ("cancel", ""): lambda d: (last(MON_FRI, d, 16), EVENING)},
    "ouvres-2-veille": {("book", ""): lambda d: (last(MON_FRI, d, 2), EVENING), ("cancel", ""): days(1, time(12, 0))},
    "mercredis": {("open", ""): days(42, time(0, 0)), ("book", ""): days(1, nine), ("cancel", ""): days(7, EVENING)},
    "vacances-6-3": {("open", ""): before_period(6, time(0, 0)), ("book", ""): before_period(3, EVENING)},
    "samedi-lundi": {("open", ""): saturday(6), ("book", ""): before_period(3, time(23, 0), MON)},
    "dimanche-20h": {("open", ""): before_period(5, time(20, 0), SUN), ("book", ""): days(8, EVENING)},
    "semaines-ete": {("book", ""): before_period(3, EVENING), ("cancel", ""): lambda d: NEVER},
    "residents-1": {("open", ""): saturday(5), ("open", "resident"): saturday(6), ("book", ""): book_2_weeks},
    "residents-2": {("open", ""): saturday(5), ("open", "resident"): saturday(7), ("book", ""): book_2_weeks},
    "parents-actifs": {("open", ""): saturday(5), ("open", "working"): saturday(6), ("open", "single-working"): saturday(7),
                       ("book", ""): book_2_weeks},
    # An exemption never takes away: before some Mondays Thursday evening is later than the eve's noon.
    "horaires-variables": {("book", ""): thursday, ("book", "variable-hours"): lambda d: max(thursday(d), eve(d, time(12, 0)))},
    "dates-mois": {("book", ""): last_tuesday_of_month_before},
    "apres-refus": {("book", ""): thursday},
    "apres-50": {("book", ""): thursday},
    "apres-double": {("book", ""): thursday},
    "apres-deux": {("book", ""): thursday},
    "apres-case": {("book", ""): thursday, ("late", ""): lambda d: (d, nine)},
    "apres-demande": {("book", ""): thursday, ("late", ""): lambda d: (d, START)},
    # Rules that no regulation has, for the corners of the clock and of the calendar.
    "essai-rien": {("open", ""): lambda d: ALWAYS, ("book", ""): days(1, EVENING)},
    "essai-sans-limite": {("book", ""): days(0, EVENING), ("cancel", ""): days(0, EVENING)},
    "essai-nuit": {("open", ""): days(7, time(2, 30)), ("book", ""): days(1, time(2, 30)), ("cancel", ""): days(0, time(2, 59))},
    "essai-heures-nuit": {("book", ""): hours(9), ("cancel", ""): hours(24 + 9)},
    "essai-ouvrables": {("book", ""): lambda d: (last(MON_SAT, d, 2), time(20, 0))},
    "essai-ecole": {("book", ""): lambda d: (last(SCHOOL, d, 3), time(12, 0)), ("change", ""): lambda d: (last(SCHOOL, d), nine)},
    "essai-service": {("book", ""): lambda d: (last(SERVICE, d, 2), time(7, 15))},
    "essai-meme-semaine": {("book", ""): lambda d: min((d, EVENING), (d - d.weekday() * ONE + 4 * ONE, time(12, 0)))},
    "essai-trois-lignes": {("book", ""): three_weekdays},
    "essai-periode-ecole": {("book", ""): school_days_before_period},
}


def moment(day, clock, opening):
    """The civil minute and its UTC. Twice: the second for a last minute, the first to open. Skipped: an hour on."""
    naive = datetime.combine(day, clock)
    aware = naive.replace(tzinfo=PARIS, fold=0)
    utc = aware.astimezone(timezone.utc)
    if utc.astimezone(PARIS).replace(tzinfo=None) != naive:  # skipped
        naive = utc.astimezone(PARIS).replace(tzinfo=None)
    elif not opening:
        utc = naive.replace(tzinfo=PARIS, fold=1).astimezone(timezone.utc)
    return naive.strftime("%Y-%m-%d %H:%M"), utc.strftime("%Y-%m-%dT%H:%MZ")


def telling_days():
    """Around changes of the clock and a week after, leap day, year ends, ends of holidays and public holidays, and every 13th day."""
    marks = [date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28), date(2027, 10, 31), date(2028, 3, 26), date(2028, 10, 29),
             date(2028, 2, 29), date(2026, 12, 31), date(2027, 12, 31)]
    chosen = {m + i * ONE for m in marks for i in range(-3, 4)}
    chosen |= {m + 7 * ONE for m in marks}
    chosen |= {b + i * ONE for _, b in runs["holiday"] for i in range(1, 4)}
    chosen |= {a + i * ONE for a, _ in runs["public"] for i in range(1, 3)}
    chosen |= {a + i * ONE for a, _ in runs["period"] for i in (0, 9)}
    chosen |= set(ALL[365::13])
    return sorted(d for d in chosen if date(2026, 1, 5) <= d <= date(2028, 12, 22))


asked = [date.fromisoformat(day) for day in sys.argv[1:]]
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["model", "day", "quality", "action", "civil", "utc"])
for name, limits in MODELS.items():
    repeated = name.startswith("apres-")  # the same days as semaine-jeudi
    for day in asked or telling_days()[::7 if repeated else 1]:
        for (action, quality), limit in limits.items():
            got = limit(day)
            if got is None:
                got = "unset"
            civil, utc = (got, "") if isinstance(got, str) else moment(*got, action == "open")
            out.writerow([name, day, quality, action, civil, utc])
