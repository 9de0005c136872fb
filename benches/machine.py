"""What a measurement needs of the machine: processes, a PostgreSQL, a server, a load."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PASSWORD = "a password of the measurement"


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


def await_answer(url):
    for _ in range(200):
        try:
            urllib.request.urlopen(url)
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


class Cluster:
    """A PostgreSQL of our own, thrown away at the end."""

    def __init__(self, place):
        places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: int(bin.parent.name))
        self.bin = places[-1] if places else Path(shutil.which("initdb")).parent
        self.place, self.port = place, free_port()
        self.user = "postgres" if os.geteuid() == 0 else os.environ.get("USER", "postgres")
        if os.geteuid() == 0:
            shutil.chown(place, "postgres")
        self.log = place / "log"
        self.fresh = not (place / "data").exists()
        if self.fresh:
            self.run("initdb", "-D", place / "data", "-U", "postgres", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8")
        options = (f"-p {self.port} -k {place} -h 127.0.0.1 -c shared_buffers=512MB -c max_wal_size=4GB "
                   "-c shared_preload_libraries=auto_explain")
        self.run("pg_ctl", "-D", place / "data", "-w", "-l", self.log, "-o", options, "start")
        if self.fresh:
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
    """The server that is measured: on a cluster by its URL, or on a file in `place`, which `fill` fills."""

    def __init__(self, binary, url, place, fill=lambda _: None):
        self.base = f"http://127.0.0.1:{free_port()}"
        self.env = dict(os.environ, CHANCERY_DATA_DIR=str(place), RUST_LOG="warn",
                        CHANCERY_LISTEN=self.base.removeprefix("http://"))
        self.env.pop("DATABASE_URL", None)
        if url:
            self.env["DATABASE_URL"] = url
        self.binary = str(binary)
        subprocess.run([self.binary, "migrate", "up"], env=self.env, check=True, stdout=subprocess.DEVNULL)
        fill(place)
        self.process = subprocess.Popen([self.binary, "serve"], env=self.env, stdout=subprocess.DEVNULL)
        await_answer(self.base + "/health/ready")

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


class Raw:
    """The same columns with nothing around them."""

    key = "none"

    def __init__(self, binary, url):
        listen = f"127.0.0.1:{free_port()}"
        self.base = f"http://{listen}"
        self.process = subprocess.Popen([str(binary), listen, url])
        await_answer(self.base + "/nested")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


REPLAY = """
local requests, at = {}, 0
-- A request with @@ in it is another one each time.
local fresh, count = false, 0
function init()
  local token = os.getenv("KEY")
  local head = { ["content-type"] = "application/json", authorization = "Bearer " .. token }
  for line in io.lines(os.getenv("REQUESTS")) do
    fresh = fresh or line:find("@@", 1, true) ~= nil
    if line:sub(1, 1) == "/" then
      requests[#requests + 1] = wrk.format("GET", line, head)
    else
      requests[#requests + 1] = wrk.format("POST", "/graphql", head, (line:gsub("@@", "0000000000")))
    end
  end
end
function request()
  at = at % #requests + 1
  if not fresh then return requests[at] end
  count = count + 1
  return (requests[at]:gsub("0000000000", string.format("%010d", count), 1))
end
"""


def wrk(server, requests, scale, place, cluster):
    """Replay requests, each the body of a GraphQL request or a path: a rate, and what it cost."""
    script, listed = place / "replay.lua", place / "requests"
    listed.write_text("\n".join(requests) + "\n")
    script.write_text(REPLAY)
    command = ["wrk", "-t1", f"-c{scale.connections}", "--latency", "-s", str(script)]
    env = dict(os.environ, REQUESTS=str(listed), KEY=server.key)
    subprocess.run([*command, "-d1s", server.base], env=env, capture_output=True, check=True)
    before, database = cpu(server.process.pid), cpu_with_children(cluster.pid) if cluster else 0
    shown = subprocess.run([*command, f"-d{scale.seconds}s", server.base], env=env, capture_output=True, text=True,
                           check=True).stdout
    spent = cpu(server.process.pid) - before
    spent_database = cpu_with_children(cluster.pid) - database if cluster else 0
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
