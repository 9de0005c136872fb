#!/usr/bin/env python3
"""The statements of a large set: what PostgreSQL does for each, and how long it takes. See README.md beside this file."""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from machine import Cluster, Server, cpu, resident
from measure import COLUMNS, HERE, ROOT

FIELDS = " ".join(COLUMNS)
PAGE = "pageInfo { endCursor startCursor } nodes { %s }" % FIELDS
YEAR = 'range: { from: "2025-03-01T00:00:00Z", to: "2025-08-28T00:00:00Z" }'
MONTH = 'range: { from: "2025-06-01T00:00:00Z", to: "2025-07-01T00:00:00Z" }'
TIMES = 30
# What the server asks by itself meanwhile: the worker's look for jobs, the fold, the packing.
HOUSE = re.compile(r'FROM "(jobs|job_schedules|webhook_deliveries|inbound_events|\w+_deltas|token_day_rollups|token_rollups|run_rollups|user_packs|day_packs)"|FOR UPDATE')


def operations(middle, middle_completed):
    """Documents by the names of the table."""
    user = "10000000-0000-7000-8000-000000000007"
    company = "company_7"
    return {
        "runs: first page": "{ runs(first: 20) { %s } }" % PAGE,
        "runs: page in the middle": '{ runs(first: 20, after: "%s") { %s } }' % (middle, PAGE),
        "runs: last page": "{ runs(last: 20) { %s } }" % PAGE,
        "runs: middle, backwards": '{ runs(last: 20, before: "%s") { %s } }' % (middle, PAGE),
        "runs of a status": "{ runs(first: 20, filter: {status: {eq: COMPLETED}}) { %s } }" % PAGE,
        "runs of a status: middle": '{ runs(first: 20, after: "%s", filter: {status: {eq: COMPLETED}}) { %s } }'
                                    % (middle_completed, PAGE),
        "runs of a status: last": "{ runs(last: 20, filter: {status: {eq: FAILED}}) { %s } }" % PAGE,
        "runs of a company": '{ runs(first: 20, filter: {companyId: {eq: "%s"}}) { %s } }' % (company, PAGE),
        "runs of a person": '{ runs(first: 20, filter: {userId: {eq: "%s"}}) { %s } }' % (user, PAGE),
        "runs, their people and cards": "{ runs(first: 20) { nodes { id companyName user { email } "
                                        "cards(first: 5) { nodes { number title starred } } } } }",
        "people, their runs and cards": "{ users(first: 20) { nodes { email runs(first: 5) { nodes { companyName "
                                        "cards(first: 5) { nodes { title } } } } } } }",
        "starred cards of a person": '{ opportunityCards(filter: {userId: {eq: "%s"}, starred: {eq: true}}) { totalCount } }' % user,
        "how many runs, estimated": "{ runs { estimatedCount } }",
        "chart: tokens of 180 days": "{ analytics { tokenUsage(%s, bucket: DAY) { total series { model total } } } }" % YEAR,
        "chart: tokens by model": "{ analytics { tokenUsage(%s, bucket: DAY, groupBy: [MODEL]) { total costMicros "
                                  "series { model total points { start tokens } } } } }" % YEAR,
        "chart: ten people of most tokens": "{ analytics { tokenUsage(%s, bucket: DAY, groupBy: [USER], top: 10) { total "
                                            "series { userId total } } } }" % YEAR,
        "chart: tokens in another zone": '{ analytics { tokenUsage(%s, bucket: DAY, groupBy: [MODEL], timeZone: "Asia/Tokyo") '
                                         "{ total series { model total } } } }" % YEAR,
        "chart: tokens by model and day, in another zone": '{ analytics { tokenUsage(%s, bucket: DAY, groupBy: [MODEL], '
                                                           'timeZone: "Asia/Tokyo") { total costMicros series { model total points '
                                                           "{ start tokens } } } } }" % YEAR,
        "chart: tokens by model and day, at half past": '{ analytics { tokenUsage(%s, bucket: DAY, groupBy: [MODEL], '
                                                        'timeZone: "Asia/Kolkata") { total costMicros series { model total points '
                                                        "{ start tokens } } } } }" % YEAR,
        "chart: funnel of 30 days": "{ analytics { runFunnel(%s, bucket: DAY) { total { created completed } "
                                    "stages { stage runs } } } }" % MONTH,
        "chart: stage times of 30 days": "{ analytics { stageDurations(%s, bucket: DAY) { stage total { p50 p95 p99 } } } }" % MONTH,
        "chart: stage times of 30 days, exact": "{ analytics { stageDurations(%s, bucket: DAY, exact: true) "
                                                "{ stage total { p50 p95 p99 } } } }" % MONTH,
        "chart: active people": "{ analytics { activeUsers(%s, bucket: DAY) { points { start } } } }" % MONTH,
        "chart: funnel of 180 days, in another zone": '{ analytics { runFunnel(%s, bucket: DAY, timeZone: "Asia/Tokyo") '
                                                      "{ total { created completed } stages { stage runs } } } }" % YEAR,
        "chart: funnel of 180 days, UTC": "{ analytics { runFunnel(%s, bucket: DAY) { total { created completed } "
                                          "stages { stage runs } } } }" % YEAR,
        "chart: active people of 180 days by week": "{ analytics { activeUsers(%s, bucket: WEEK) { total points { start } } } }" % YEAR,
    }


def walk(server, filter, half):
    """The cursor in the middle of a list, found as a client finds it."""
    after, seen = None, 0
    while seen < half:
        given = f', after: "{after}"' if after else ""
        page = server.ask(json.dumps({"query": "{ runs(first: 100%s%s) { pageInfo { endCursor } } }" % (given, filter)}))
        after, seen = page["data"]["runs"]["pageInfo"]["endCursor"], seen + 100
    return after


def plans(log, since):
    """(milliseconds, text of the plan) of every statement that auto_explain wrote since."""
    text = log.read_text(errors="replace")[since:]
    found = re.finditer(r"duration: ([\d.]+) ms  plan:\n((?:\t.*\n)+)", text)
    return [(float(one[1]), one[2].replace("\t", "")) for one in found]


def export(server, scale):
    """All runs as files, and how much larger the server grows meanwhile."""
    flat = "{ runs { nodes { %s } } }" % FIELDS
    deep = "{ runs { nodes { id companyName user { email } cards(first: 5) { nodes { number title } } } } }"
    print("\n| export | rows | seconds | rows/s | CPU ms a row | MB | memory before | most | more |\n|" + "---|" * 9)
    for name, document, format in (("CSV", flat, "csv"), ("JSON Lines", flat, "jsonl"), ("JSON Lines, two levels", deep, "jsonl")):
        # What any export needs once.
        read(server, document.replace("runs {", 'runs(filter: {companyId: {eq: "company_1"}}) {'), format)
        before, spent, begun, most = resident(server.process.pid), cpu(server.process.pid), time.monotonic(), 0
        lines = size = 0
        for chunk in stream(server, document, format):
            lines, size = lines + chunk.count(b"\n"), size + len(chunk)
            most = max(most, resident(server.process.pid))
        took, spent = time.monotonic() - begun, cpu(server.process.pid) - spent
        rows = lines - (format == "csv")
        if rows != scale.runs:
            sys.exit(f"{name}: {rows} rows")
        print(f"| {name} | {rows} | {took:.0f} | {rows / took:.0f} | {1000 * spent / rows:.4f} | {size >> 20} | {before:.1f} MB "
              f"| {most:.1f} MB | {most - before:.1f} MB |", flush=True)


def stream(server, document, format):
    query = urllib.parse.urlencode({"document": document, "format": format})
    headers = {"authorization": f"Bearer {server.key}"}
    answer = urllib.request.urlopen(urllib.request.Request(f"{server.base}/api/v1/export?{query}", headers=headers))
    while chunk := answer.read(1 << 20):
        yield chunk


def read(*asked):
    for _ in stream(*asked):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/dist/chancery")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--messages", type=int, default=3_400_000)
    parser.add_argument("--keep", type=Path, help="an empty folder of whoever runs PostgreSQL, which is kept; one that was filled is used again")
    parser.add_argument("--export", action="store_true", help="the exports alone")
    parser.add_argument("--build", action="store_true", help="build the rollups of a kept folder anew")
    parser.add_argument("--plans", action="store_true", help="the plans alone, without exports")
    parser.add_argument("--only", default="", help="operations whose name has this in it")
    scale = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chancery-plans-") as name:
        place = Path(name)
        place.chmod(0o755)
        folder = scale.keep or place / "postgres"
        folder.mkdir(exist_ok=True)
        cluster = Cluster(folder)
        server = None
        try:
            server = Server(scale.binary, cluster.url, place / "data")
            if cluster.fresh:
                fill(cluster, server, scale)
            elif scale.build:
                build(cluster)
                cluster.psql("VACUUM ANALYZE")
            packed(cluster)
            cluster.psql("VACUUM ANALYZE day_packs")
            server.admin(f"admin{int(time.time())}@example.test")
            if not scale.export:
                ask(cluster, server, scale)
            if not scale.plans:
                export(server, scale)
        finally:
            if server:
                server.stop()
            cluster.stop()


def fill(cluster, server, scale):
    print("filling: some minutes", file=sys.stderr)
    begun = time.monotonic()
    given = [part for name in ("users", "runs", "messages") for part in ("-v", f"{name}={getattr(scale, name)}")]
    for file in ("data.sql", "large.sql"):
        cluster.psql((HERE / file).read_text(), "bench", *given)
        print(f"{file}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    cluster.psql((HERE / "rollups.sql").read_text())
    sums = cluster.psql("SELECT (SELECT sum(count) FROM token_consumption), (SELECT sum(count) FROM token_day_rollups), "
                        "(SELECT sum(tokens) FROM user_month_rollups)").strip().split("|")
    if len(set(sums)) != 1:
        sys.exit(f"the rollups differ: {sums}")
    build(cluster)
    cluster.psql("VACUUM ANALYZE")
    print(f"rollups: {time.monotonic() - begun:.0f} s", file=sys.stderr)


def build(cluster):
    """Let the server's own job sum up the rest, and wait until it has."""
    cluster.psql("UPDATE rollup_state SET charts_built_at = NULL, resume_from = 'runs '")
    until(cluster, "SELECT charts_built_at IS NOT NULL FROM rollup_state")


def packed(cluster):
    """Wait until the server has packed all days, which are over."""
    for packs in ("user_packs WHERE grain = 'DAY'", "day_packs WHERE subject = 'TOKENS'"):
        until(cluster, f"SELECT (SELECT count(DISTINCT day) FROM token_day_rollups) <= (SELECT count(*) FROM {packs})")
    until(cluster, "SELECT (SELECT count(DISTINCT bucket_start) FROM run_rollups WHERE grain = 'DAY') <= "
                   "(SELECT count(*) FROM day_packs WHERE subject = 'RUNS')")


def until(cluster, ready):
    while cluster.psql(ready).strip() != "t":
        time.sleep(1)


def ask(cluster, server, scale):
    half = scale.runs // 2
    middle = completed = ""
    if any("after" in document or "before" in document for name, document in operations("", "").items() if scale.only in name):
        middle = walk(server, "", half)
        completed = walk(server, ", filter: {status: {eq: COMPLETED}}", half * 5 // 8)
    told = " ".join(f"ALTER SYSTEM SET auto_explain.{name};" for name in (
        "log_min_duration = 0", "log_analyze = on", "log_buffers = on", "log_timing = off"))
    cluster.psql(told.replace(";", ";\n"))
    cluster.psql("SELECT pg_reload_conf()")
    texts = []
    print("| operation | statements | in the database, ms | at the least |\n|---|---|---|---|")
    for name, document in operations(middle, completed).items():
        if scale.only not in name:
            continue
        body = json.dumps({"query": document})
        for _ in range(8):
            answer = server.ask(body)
            if "errors" in answer:
                sys.exit(f"{name}: {answer}")
        since = len(cluster.log.read_text(errors="replace"))
        for _ in range(TIMES):
            server.ask(body)
        time.sleep(0.2)
        found = [one for one in plans(cluster.log, since) if "FROM" in one[1] and not HOUSE.search(one[1])]
        each = max(1, round(len(found) / TIMES))
        # Of each statement the median: a machine that is shared stops now and then.
        kinds = {}
        for duration, text in found:
            kinds.setdefault(text.split("\n", 1)[0], []).append(duration)
        total, least = (sum(of(some) * len(some) / TIMES for some in kinds.values()) for of in (statistics.median, min))
        print(f"| {name} | {len(found) / TIMES:.0f} | {total:.2f} | {least:.2f} |", flush=True)
        texts.append(f"## {name}\n" + "".join(f"\n{duration} ms\n{text}" for duration, text in found[-each:]))
    Path("plans.txt").write_text("\n".join(texts))
    print("plans.txt has the plans", file=sys.stderr)


if __name__ == "__main__":
    main()
