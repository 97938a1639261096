"""Results of correlations in one form: the engine's and those of the rows that a platform returns.

A result is (key, first firing, last firing, firings, names of the events seen, values shown); times in
milliseconds, values as text, a value that is not there as "".
"""

import datetime


def text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(text, value))
    return str(value)


def instant(value):
    value = value[:23] + "+00:00" if len(value) > 23 else value.replace("Z", "+00:00")
    return round(datetime.datetime.fromisoformat(value).timestamp() * 1000)


def key(values, names):
    return tuple(str(values.get(name)) for name in names)


def of_engine(results, names, shows):
    return {
        (key(one["key"], names), instant(one["first"]), instant(one["last"]), one["count"], frozenset(one["seen"]),
         tuple(text(one.get("show", {}).get(show)) for show in shows))
        for one in results
    }


def of_splunk(row, names, shows):
    seen = row.get("seen", [])
    times = [round(float(row[column]) * 1000) for column in ("first_firing", "last_firing")]
    return (key(row, names), *times, int(row["firings"]), frozenset(seen if isinstance(seen, list) else [seen]),
            tuple(text(row.get(show)) for show in shows))


def of_kql(row, names, shows):
    times = [instant(row[column]) for column in ("FirstFiring", "LastFiring")]
    return (key(row, names), *times, int(row["Firings"]), frozenset(row["Seen"].split(", ")),
            tuple(text(row.get(show)) for show in shows))


def shown(results, rows, names):
    """The names of all values that anyone shows: an event's name, a dot and a field."""
    of_rows = {column for row in rows for column in row if "." in column and column not in names}
    return sorted(of_rows | {name for one in results for name in one.get("show", {})})


def both(target, results, rows, names):
    """What the engine says and what the rows of a platform say."""
    shows = shown(results, rows, names)
    of_row = of_splunk if target == "splunk" else of_kql
    found = [of_row(row, names, shows) for row in rows]
    wanted = of_engine(results, names, shows)
    # A key that is returned twice is a difference.
    return wanted, set(found) if len(set(found)) == len(found) else found
