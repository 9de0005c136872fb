#!/usr/bin/env python3
"""The server beside pgbench, in one run. See README.md beside this file."""

import argparse
import json
import random
import re
import sys
import tempfile
from pathlib import Path

from machine import Cluster, Raw, Server, pgbench, wrk
from sqlite import fill

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# What is asked, and the SQL that the engine makes of it.
COLUMNS = ("id", "userId", "companyId", "companyName", "documentName", "documentUrl", "status", "currentStage",
           "errorMessage", "completedAt", "createdAt", "updatedAt")
SQL_COLUMNS = ", ".join(f't0."{re.sub("([A-Z])", lambda m: "_" + m[1].lower(), name)}"' for name in COLUMNS)
LIST = "query($u: UUID!) { runs(first: 20, filter: {userId: {eq: $u}}) { nodes { %s } } }" % " ".join(COLUMNS)
NESTED = ("{ runs(first: 20) { nodes { id companyName status createdAt user { email } "
          "cards(first: 5) { nodes { id number title tagline starred } } } } }")
COUNT = "query($u: UUID!) { opportunityCards(filter: {userId: {eq: $u}, starred: {eq: true}}) { totalCount } }"
STATUS = "query($s: RunStatus!) { runs(first: 20, filter: {status: {eq: $s}}) { nodes { %s } } }" % " ".join(COLUMNS)
ROW = ("query($r: UUID!) { run(id: $r) { %s cards { nodes { id number title tagline problem solution starred } } } }"
       % " ".join(COLUMNS))
KEY = "('{kind}0000000-0000-7000-8000-' || lpad(to_hex(:n::int), 12, '0'))::uuid"
OPERATIONS = {
    "list": (LIST, {"u": "{user}"}, [
        r"\set n random(1, :users)",
        f"SELECT {SQL_COLUMNS} FROM runs t0 WHERE t0.user_id = {KEY.format(kind=1)} "
        "ORDER BY t0.created_at DESC, t0.id DESC LIMIT 20;"]),
    "status": (STATUS, {"s": "{status}"}, [
        f"SELECT {SQL_COLUMNS} FROM runs t0 WHERE t0.status = 'COMPLETED' "
        "ORDER BY t0.created_at DESC, t0.id DESC LIMIT 20;"]),
    "row": (ROW, {"r": "{run}"}, [
        r"\set n random(1, :runs)",
        f"SELECT {SQL_COLUMNS} FROM runs t0 WHERE t0.id = {KEY.format(kind=2)};",
        "SELECT id, number, title, tagline, problem, solution, starred FROM opportunity_cards "
        f"WHERE run_id = {KEY.format(kind=2)} ORDER BY number LIMIT 50;"]),
    "starred": (COUNT, {"u": "{user}"}, [
        r"\set n random(1, :users)",
        f"SELECT count(*) FROM opportunity_cards WHERE user_id = {KEY.format(kind=1)} AND starred;"]),
    "nested": (NESTED, {}, [
        "WITH r AS (SELECT t0.id, t0.company_name, t0.status, t0.created_at, t1.email FROM runs t0 "
        "LEFT JOIN users t1 ON t1.id = t0.user_id ORDER BY t0.created_at DESC, t0.id DESC LIMIT 20) "
        "SELECT r.*, x.* FROM r CROSS JOIN LATERAL (SELECT id, number, title, tagline, starred FROM opportunity_cards c "
        "WHERE c.run_id = r.id ORDER BY number LIMIT 5) x;"]),
}


def bodies(operation, scale, fresh=False):
    """Requests of an operation, their variables filled at random; `fresh` makes every document a new one."""
    document, variables, _ = operation
    chance = random.Random(7)
    text = document + (" # @@" if fresh else "")
    for _ in range(500):
        values = {
            "{user}": f"10000000-0000-7000-8000-{chance.randint(1, scale.users):012x}",
            "{run}": f"20000000-0000-7000-8000-{chance.randint(1, scale.runs):012x}",
            "{status}": "COMPLETED",
        }
        given = {name: values.get(value, value) for name, value in variables.items()}
        yield json.dumps({"query": text, "variables": given})


def raw_paths(name, scale):
    chance = random.Random(7)
    for _ in range(500):
        user = f"10000000-0000-7000-8000-{chance.randint(1, scale.users):012x}"
        yield f"/list/{user}" if name == "list" else "/nested"


def answered(server, name, operation, scale, *rest):
    """Known documents, then new ones; nothing may be refused."""
    answer = server.ask(next(bodies(operation, scale)))
    if "errors" in answer:
        sys.exit(f"{name}: {answer}")
    known = wrk(server, bodies(operation, scale), scale, *rest)
    fresh = wrk(server, bodies(operation, scale, True), scale, *rest)
    if known["bad"] or fresh["bad"]:
        sys.exit(f"{name}: {known['bad']} and {fresh['bad']} requests failed")
    return known, fresh


def table(*head):
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head), flush=True)


def chosen(scale):
    for name, operation in OPERATIONS.items():
        if not scale.only or name in scale.only.split(","):
            yield name, operation


def on_postgres(scale, place):
    cluster = Cluster(place / "postgres")
    server = raw = None
    try:
        server = Server(scale.binary, cluster.url, place / "data")
        server.admin("admin@example.test")
        given = ["-v", f"users={scale.users}", "-v", f"runs={scale.runs}"]
        cluster.psql((HERE / "data.sql").read_text(), "bench", *given)
        cluster.psql("VACUUM ANALYZE")
        raw = Raw(scale.raw, cluster.url) if scale.raw else None
        table("PostgreSQL", "limit/s", "known/s", "of limit", "CPU ms", "database ms", "p50", "p99", "new/s", "new CPU ms",
              "raw/s", "raw CPU ms", "of raw", "MB")
        for name, operation in chosen(scale):
            limit = pgbench(cluster, operation[2], scale, place)
            known, fresh = answered(server, name, operation, scale, place, cluster)
            line = [name, f"{limit:.0f}", f"{known['rate']:.0f}", f"{100 * known['rate'] / limit:.0f} %",
                    f"{known['cpu']:.3f}", f"{known['database']:.3f}", known["p50"], known["p99"],
                    f"{fresh['rate']:.0f}", f"{fresh['cpu']:.3f}"]
            if raw and name in ("list", "nested"):
                bare = wrk(raw, raw_paths(name, scale), scale, place, cluster)
                line += [f"{bare['rate']:.0f}", f"{bare['cpu']:.3f}", f"{100 * known['rate'] / bare['rate']:.0f} %"]
            else:
                line += [""] * 3
            print("| " + " | ".join([*line, f"{known['memory']:.0f}"]) + " |", flush=True)
            if scale.short:
                break
    finally:
        for process in (server, raw):
            if process:
                process.stop()
        cluster.stop()


def on_sqlite(scale, place):
    server = Server(scale.binary, None, place / "embedded", lambda folder: fill(folder, scale.users, scale.runs))
    try:
        server.admin("admin@example.test")
        table("SQLite", "known/s", "CPU ms", "p50", "p99", "new/s", "new CPU ms", "MB")
        for name, operation in chosen(scale):
            known, fresh = answered(server, name, operation, scale, place, None)
            print(f"| {name} | {known['rate']:.0f} | {known['cpu']:.3f} | {known['p50']} | {known['p99']} "
                  f"| {fresh['rate']:.0f} | {fresh['cpu']:.3f} | {known['memory']:.0f} |", flush=True)
            if scale.short:
                break
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/dist/chancery")
    parser.add_argument("--raw", type=Path, help="the bare server of benches/raw, to be measured too")
    parser.add_argument("--engine", choices=["postgres", "sqlite"], help="this engine only")
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--short", action="store_true", help="the first operation only")
    parser.add_argument("--only", help="these operations only, by their names with commas between")
    scale = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chancery-measure-") as name:
        place = Path(name)
        (place / "postgres").mkdir()
        place.chmod(0o755)
        print(f"{scale.runs} runs of {scale.users} people", file=sys.stderr)
        if scale.engine != "sqlite":
            on_postgres(scale, place)
        if scale.engine != "postgres":
            on_sqlite(scale, place)


if __name__ == "__main__":
    main()
