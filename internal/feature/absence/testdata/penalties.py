"""Writes penalties.csv: what each starting model about incidents, quotients and balances gives.

Written apart from the Go code, from the sentences of the models. Run it here as:

    python3 penalties.py > penalties.csv

Columns: model, what, given, gives, more. For "nth": the nth incident of its month, period or year, the family told of each
one before; what the day costs in cents, in all, and how many times the price is taken, 0 when it is not charged. A day
costs 4 euros, its cost price is 12, the top tariff 7. For "proof": the day on which a quotient is brought, and the last
day at the top tariff. For "owed": a balance in cents, and whether it closes booking.
"""

import csv
import sys
from datetime import date, timedelta

TARIFF, COST, TOP = 400, 1200, 700


def charged(model, n):
    """In cents in all, and how many times the price is taken."""
    if model == "sans-10":
        return (1000, 1) if n > 1 else (TARIFF, 0)
    if model == "sans-13":
        return (1300, 1) if n > 1 else (TARIFF, 0)
    if model == "sans-revient":
        return (COST, 1) if n > 1 else (TARIFF, 0)
    if model == "sans-3":
        return (TARIFF + 300, 1) if n > 1 else (TARIFF, 0)
    if model == "sans-double-7":
        return (2 * TARIFF, 1) if n >= 7 else (TARIFF, 0)
    if model == "sans-haut":
        if n >= 7:
            return 2 * TOP, 2
        return (TOP, 1) if n > 2 else (TARIFF, 0)
    if model == "retard-15":
        return (1500, 1) if n > 1 else (0, 0)
    if model == "absent-prevenir":
        return TARIFF, 0
    if model == "absent-5":
        return (TARIFF + 500, 1) if n >= 3 else (TARIFF, 0)
    raise ValueError(model)


out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["model", "what", "given", "gives", "more"])
for model in ("sans-10", "sans-13", "sans-revient", "sans-3", "sans-double-7", "sans-haut", "retard-15", "absent-prevenir", "absent-5"):
    for n in range(1, 10):
        cents, times = charged(model, n)
        out.writerow([model, "nth", n, cents, times])
for proof in (date(2027, 1, 20), date(2027, 2, 9), date(2027, 3, 9), date(2027, 4, 9), date(2027, 5, 9)):
    out.writerow(["quotient-preuve", "proof", proof, proof - timedelta(days=1), ""])
    following = date(proof.year + proof.month // 12, proof.month % 12 + 1, 1)
    out.writerow(["quotient-mois", "proof", proof, following - timedelta(days=1), ""])
for owed in (0, 9999, 10000, 10001, 15000, 20000, 25000):
    out.writerow(["impaye-100", "owed", owed, "closed" if owed > 10000 else "open", ""])
