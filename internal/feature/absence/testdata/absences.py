"""Writes absences.csv: what each starting model for reasons gives for days of absence told at several moments.

Written apart from the Go code, from the sentences of the models. Days are chosen around the ends of months and years, 29
February 2028 and both changes of the clock; moments lie a minute before, on and after each limit. Its summer time is that
of the zone database. Run it here as:

    python3 absences.py > absences.csv

Columns: model, first day of what is told, the day, its rank in the absence, the moment told on the town's clock with
seconds, "in", "early" or "late", the last minute to bring the proof ("" for none), percent billed without a proof, with.
The activity starts at 11:30.
"""

import csv
import sys
from datetime import date, datetime, time, timedelta

DAYS = [date(2027, 1, 11), date(2027, 1, 29), date(2027, 2, 26), date(2028, 2, 28), date(2028, 2, 29), date(2027, 3, 26), date(2027, 3, 29),
        date(2026, 10, 23), date(2026, 10, 26), date(2026, 12, 31), date(2027, 4, 30), date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]
END = time(23, 59)


def month_end(d):
    following = date(d.year + d.month // 12, d.month % 12 + 1, 1)
    return following - timedelta(days=1)


def last_tell(model, day):
    """The last minute to tell, None when any moment will do."""
    if model == "malade-48h":
        return datetime.combine(day, time(9, 0))
    if model == "malade-appel":
        return datetime.combine(day, time(8, 30))
    if model.startswith("malade"):
        return datetime.combine(day, END)
    if model == "prevenu":
        return datetime.combine(day - timedelta(days=2), END)
    if model == "sortie-annuler":
        return datetime.combine(day - timedelta(days=8), END)
    return None


def timing(model, anchor, now):
    limit = last_tell(model, anchor)
    if limit is not None and now >= limit + timedelta(minutes=1):
        return "late"
    if model == "malade-appel" and now < datetime.combine(anchor, time(8, 0)):
        return "early"
    return "in"


def due_of(model, first, day):
    if model == "malade-48h":
        return datetime.combine(first + timedelta(days=2), time(11, 30))
    if model == "malade-7j":
        return datetime.combine(first + timedelta(days=7), END)
    if model in ("malade-8j", "malade-deux-jours", "malade-carence"):
        return datetime.combine(first + timedelta(days=8), END)
    if model == "malade-mois":
        return datetime.combine(month_end(day), END)
    return None


def bill(model, rank, due, now):
    """What is billed without a proof and with one, and whether a proof is asked."""
    if model == "malade-deux-jours" and rank <= 2:
        return 0, 0, False
    if model == "malade-carence" and rank <= 1:
        return 100, 100, False
    if model == "malade-appel" or model in ("greve", "enseignant", "renvoye", "sortie", "sortie-annuler"):
        return 0, 0, False
    if model == "prevenu":
        return 50, 50, False
    if model == "autre":
        return 100, 100, False
    if due is not None and now >= due + timedelta(minutes=1):
        return 100, 100, False
    return 100, 0, True


MODELS = ["malade-48h", "malade-7j", "malade-8j", "malade-mois", "malade-deux-jours", "malade-carence", "malade-appel", "prevenu", "autre",
          "greve", "enseignant", "renvoye", "sortie", "sortie-annuler"]
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["model", "first", "day", "rank", "now", "timing", "due", "without", "with"])
seen = set()
for model in MODELS:
    for first in DAYS:
        for rank in (1, 2, 3):
            day = first + timedelta(days=rank - 1)
            moments = [datetime.combine(first, time(8, 15)), datetime.combine(day, time(8, 0)), datetime.combine(day, time(7, 59, 59)), datetime.combine(first, time(12, 0))]
            for anchor in (first, day):
                limit = last_tell(model, anchor)
                if limit is not None:
                    moments += [limit, limit + timedelta(seconds=59), limit + timedelta(minutes=1)]
            due = due_of(model, first, day)
            for now in moments:
                key = (model, first, rank, now)
                if key in seen:
                    continue
                seen.add(key)
                told = timing(model, day, now)
                if told != "in" and timing(model, first, now) == "in":
                    told = "in"
                without, with_, proof, shown = 100, 100, False, ""
                if told == "in":
                    without, with_, proof = bill(model, rank, due, now)
                    shown = due.strftime("%Y-%m-%d %H:%M") if proof and due else ""
                out.writerow([model, first, day, rank, now.strftime("%Y-%m-%d %H:%M:%S"), told, shown, without, with_])
