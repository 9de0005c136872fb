#!/usr/bin/env python3
"""The server beside pgbench, in one run. See README.md beside this file."""

import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TICKS = os.sysconf("SC_CLK_TCK")
PASSWORD = "a password of the measurement"

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
KEY = "('{kind}0000000-0000-7000-8000-' || lpad(to_hex(:n), 12, '0'))::uuid"
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


def cpu(pid):
    """User and system seconds of a process, its children's included."""
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(stat[at]) for at in range(11, 15)) / TICKS


def children(pid):
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                if int((place / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                    yield int(place.name)
            except (OSError, IndexError):
                pass


def cpu_with_children(pid):
    total = cpu(pid)
    for child in children(pid):
        try:
            total += cpu(child)
        except OSError:
            pass
    return total


def resident(pid):
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cluster:
    """A PostgreSQL of our own, thrown away at the end."""

    def __init__(self, place):
        places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: int(bin.parent.name))
        self.bin = places[-1] if places else Path(shutil.which("initdb")).parent
        self.place, self.port = place, free_port()
        self.user = "postgres" if os.geteuid() == 0 else os.environ.get("USER", "postgres")
        if os.geteuid() == 0:
            shutil.chown(place, "postgres")
        self.run("initdb", "-D", place / "data", "-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8")
        options = f"-p {self.port} -k {place} -h 127.0.0.1 -c shared_buffers=512MB -c max_wal_size=4GB"
        self.run("pg_ctl", "-D", place / "data", "-w", "-l", place / "log", "-o", options, "start")
        self.psql("CREATE DATABASE bench", "postgres")
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/bench"
        self.pid = int((place / "data/postmaster.pid").read_text().split()[0])

    def run(self, program, *args):
        command = [str(self.bin / program), *map(str, args)]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def psql(self, sql, database="bench", *args):
        command = ["psql", "-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, *args]
        return subprocess.run(command, input=sql, text=True, check=True, capture_output=True).stdout

    def stop(self):
        self.run("pg_ctl", "-D", self.place / "data", "-m", "immediate", "stop")


class Server:
    """The server that is measured."""

    def __init__(self, binary, url, place):
        self.base = f"http://127.0.0.1:{free_port()}"
        self.env = dict(os.environ, DATABASE_URL=url, CHANCERY_DATA_DIR=str(place), RUST_LOG="warn",
                        CHANCERY_LISTEN=self.base.removeprefix("http://"))
        self.binary = str(binary)
        subprocess.run([self.binary, "migrate", "up"], env=self.env, check=True, stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen([self.binary, "serve"], env=self.env, stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                urllib.request.urlopen(self.base + "/health/ready")
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)

    def admin(self, email):
        subprocess.run([self.binary, "admin", "create", "--email", email], check=True, stdout=subprocess.DEVNULL,
                       env=dict(self.env, CHANCERY_ADMIN_PASSWORD=PASSWORD))
        headers = {"content-type": "application/json", "origin": self.base, "x-requested-with": "measure"}
        body = json.dumps({"email": email, "password": PASSWORD}).encode()
        answer = urllib.request.urlopen(urllib.request.Request(self.base + "/api/v1/session", body, headers))
        headers["cookie"] = answer.headers["set-cookie"].split(";")[0]
        body = json.dumps({"name": "measure", "scopes": ["read", "admin:*"]}).encode()
        answer = urllib.request.urlopen(urllib.request.Request(self.base + "/api/v1/me/keys", body, headers))
        self.key = json.load(answer)["key"]

    def ask(self, body):
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(self.base + "/graphql", body.encode(), headers)
        return json.load(urllib.request.urlopen(request))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def bodies(operation, scale, fresh):
    """Requests of an operation, their variables filled at random; `fresh` makes every document a new one."""
    document, variables, _ = operation
    chance = random.Random(7)
    for at in range(2000 if fresh else 500):
        values = {
            "{user}": f"10000000-0000-7000-8000-{chance.randint(1, scale.users):012x}",
            "{run}": f"20000000-0000-7000-8000-{chance.randint(1, scale.runs):012x}",
            "{status}": "COMPLETED",
        }
        given = {name: values.get(value, value) for name, value in variables.items()}
        text = document + (f" # {at} {chance.random()}" if fresh else "")
        yield json.dumps({"query": text, "variables": given})


def wrk(server, cluster, requests, scale, place):
    script, listed = place / "replay.lua", place / "requests"
    listed.write_text("\n".join(requests) + "\n")
    script.write_text("""
local bodies, at = {}, 0
function init()
  for line in io.lines(os.getenv("REQUESTS")) do
    bodies[#bodies + 1] = wrk.format("POST", "/graphql",
      { ["content-type"] = "application/json", authorization = "Bearer " .. os.getenv("KEY") }, line)
  end
end
function request() at = at % #bodies + 1; return bodies[at] end
""")
    command = ["wrk", "-t1", f"-c{scale.connections}", "--latency", "-s", str(script)]
    env = dict(os.environ, REQUESTS=str(listed), KEY=server.key)
    subprocess.run([*command, "-d1s", server.base], env=env, capture_output=True, check=True)
    before, database = cpu(server.process.pid), cpu_with_children(cluster.pid)
    shown = subprocess.run([*command, f"-d{scale.seconds}s", server.base], env=env, capture_output=True, text=True,
                           check=True).stdout
    spent, spent_database = cpu(server.process.pid) - before, cpu_with_children(cluster.pid) - database
    count = int(re.search(r"(\d+) requests in", shown)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", shown)
    return {
        "rate": float(re.search(r"Requests/sec:\s+(\S+)", shown)[1]),
        "cpu": 1000 * spent / count,
        "database": 1000 * spent_database / count,
        "p50": re.search(r"50%\s+(\S+)", shown)[1],
        "p99": re.search(r"99%\s+(\S+)", shown)[1],
        "memory": resident(server.process.pid),
        "bad": int(bad[1]) if bad else 0,
    }


def pgbench(cluster, sql, scale, place):
    script = place / "limit.sql"
    script.write_text("\n".join(sql) + "\n")
    shown = subprocess.run(
        ["pgbench", "-n", "-M", "prepared", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "postgres",
         "-c", "10", "-j", "1", "-T", str(scale.seconds), "-D", f"users={scale.users}", "-D", f"runs={scale.runs}",
         "-f", str(script), "bench"], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"tps = ([\d.]+)", shown)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/dist/chancery")
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--short", action="store_true", help="the first operation only")
    parser.add_argument("--only", help="this operation only")
    scale = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chancery-measure-") as name:
        place = Path(name)
        (place / "postgres").mkdir()
        place.chmod(0o755)
        cluster = Cluster(place / "postgres")
        server = None
        try:
            server = Server(scale.binary, cluster.url, place / "data")
            server.admin("admin@example.test")
            print(f"{scale.runs} runs of {scale.users} people", file=sys.stderr)
            cluster.psql((HERE / "data.sql").read_text(), "bench", "-v", f"users={scale.users}", "-v", f"runs={scale.runs}")
            cluster.psql("VACUUM ANALYZE")
            head = ("operation", "limit/s", "known/s", "of limit", "CPU ms", "database ms", "p50", "p99", "new/s", "new CPU ms", "MB")
            print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
            for name, operation in OPERATIONS.items():
                if scale.only and name != scale.only:
                    continue
                answer = server.ask(next(bodies(operation, scale, False)))
                if "errors" in answer:
                    sys.exit(f"{name}: {answer}")
                limit = pgbench(cluster, operation[2], scale, place)
                known = wrk(server, cluster, bodies(operation, scale, False), scale, place)
                fresh = wrk(server, cluster, bodies(operation, scale, True), scale, place)
                if known["bad"] or fresh["bad"]:
                    sys.exit(f"{name}: {known['bad']} and {fresh['bad']} requests failed")
                print(f"| {name} | {limit:.0f} | {known['rate']:.0f} | {100 * known['rate'] / limit:.0f} % "
                      f"| {known['cpu']:.3f} | {known['database']:.3f} | {known['p50']} | {known['p99']} "
                      f"| {fresh['rate']:.0f} | {fresh['cpu']:.3f} | {known['memory']:.0f} |", flush=True)
                if scale.short:
                    break
        finally:
            if server:
                server.stop()
            cluster.stop()


if __name__ == "__main__":
    main()
