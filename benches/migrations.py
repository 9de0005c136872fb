#!/usr/bin/env python3
"""`migrate up` and `migrate status` beside plain sea-orm-migration: the same hundred migrations, in one run.

The crate `migration` is copied, its history replaced by migrations made up here, and built; so is `plain/`, which gives the
very same scripts to sea-orm-migration. Each then brings an empty database up, and tells how it stands, again and again in turn.
What counts is the CPU time of the process, the database's own (SQLite) included; PostgreSQL's servers work elsewhere.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import Cluster

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def scripts(count):
    """A history as histories are: tables, then columns and indexes of theirs."""
    for at in range(count):
        name = f"m20260101_{at + 1:06}_change"
        table = f"things_{at // 4}"
        kind = at % 4
        if kind == 0:
            up = (f"CREATE TABLE {table} (id text PRIMARY KEY, name varchar(255) NOT NULL, amount bigint NOT NULL DEFAULT 0,\n"
                  "    note text, created_at timestamp NOT NULL, CHECK (amount >= 0));\n")
            down = f"DROP TABLE {table};\n"
        elif kind == 1:
            up = f"CREATE INDEX {table}_created_at_id_idx ON {table} (created_at, id);\n"
            down = f"DROP INDEX {table}_created_at_id_idx;\n"
        elif kind == 2:
            up = f"ALTER TABLE {table} ADD COLUMN state varchar(16) NOT NULL DEFAULT 'new';\n"
            down = f"ALTER TABLE {table} DROP COLUMN state;\n"
        else:
            up = f"CREATE UNIQUE INDEX {table}_name_key ON {table} (name);\n"
            down = f"DROP INDEX {table}_name_key;\n"
        yield name, up, down


def ours(place, history):
    """The crate with this history, built."""
    for part in ("Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "clippy.toml"):
        if (ROOT / part).exists():
            shutil.copy(ROOT / part, place / part)
    for part in ("entity", "migration"):
        shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("target", "tests"))
    whole = (place / "Cargo.toml").read_text()
    whole = whole.replace('"service", "api", "tests"', "").replace('default-members = ["api"]', "").replace(", ]", "]")
    kept = [line for line in whole.splitlines() if not line.startswith(("service = { path", "api = { path", "tests = { path"))]
    (place / "Cargo.toml").write_text("\n".join(kept) + "\n")
    steps = place / "migration/src/step"
    for old in steps.glob("m*_*"):
        shutil.rmtree(old)
    for name, up, down in history:
        (steps / name).mkdir()
        for engine in ("postgres", "sqlite"):
            (steps / name / f"up.{engine}.sql").write_text(up)
            (steps / name / f"down.{engine}.sql").write_text(down)
    source = (steps / "mod.rs").read_text()
    head, rest = source.split("SHIPPED: &[Step] = &[", 1)
    tail = rest.split("];", 1)[1]
    listed = "".join(f'    step!("{name}"),\n' for name, _, _ in history)
    (steps / "mod.rs").write_text(f"{head}SHIPPED: &[Step] = &[\n{listed}];{tail}")
    return built(place, "migration", {})


def plain(place, history):
    quoted = "".join(f'Box::new(Script {{ name: "{name}", up: r#"{up}"#, down: r#"{down}"# }}) as Box<dyn MigrationTrait>,\n'
                     for name, up, down in history)
    (place / "steps.rs").write_text(f"vec![{quoted}]")
    shutil.copytree(HERE / "plain", place / "plain", ignore=shutil.ignore_patterns("target"))
    return built(place / "plain", "plain", {"PLAIN_STEPS": str(place / "steps.rs")})


def built(place, name, env):
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target" / "migrations"))
    subprocess.run(["cargo", "build", "--quiet", "--release", "--bin", name], cwd=place, check=True,
                   env={**os.environ, **env, "CARGO_TARGET_DIR": str(target)})
    return target / "release" / name


def cpu(command, url):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command], env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=100, help="how many migrations")
    arguments.add_argument("--rounds", type=int, default=15, help="how often each is run")
    given = arguments.parse_args()
    history = list(scripts(given.count))
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        # The server has a user of its own.
        place.chmod(0o755)
        (place / "ours").mkdir()
        both = {"ours": ours(place / "ours", history), "plain": plain(place, history)}
        print(f"{given.count} migrations, {given.rounds} rounds; CPU milliseconds of the process: median (least)\n")
        print("| engine | command | plain | ours | ratio |\n|---|---|---|---|---|")
        for engine in ("sqlite", "postgres"):
            cluster = None
            if engine == "postgres":
                (place / "cluster").mkdir()
                cluster = Cluster(place / "cluster")
            times = {(who, what): [] for who in both for what in ("up", "status")}
            for at in range(given.rounds):
                for who, binary in both.items():
                    if cluster:
                        cluster.psql(f"CREATE DATABASE {who}_{at}", "postgres")
                        url = cluster.url.replace("/bench", f"/{who}_{at}")
                    else:
                        url = f"sqlite://{place}/{who}_{at}.db?mode=rwc"
                    for what in ("up", "status"):
                        times[who, what].append(1_000 * cpu([str(binary), what], url))
            for what in ("up", "status"):
                one, other = times["plain", what], times["ours", what]
                ratio = statistics.median(other) / max(statistics.median(one), 0.1)
                print(f"| {engine} | {what} | {statistics.median(one):.0f} ({min(one):.0f}) "
                      f"| {statistics.median(other):.0f} ({min(other):.0f}) | {ratio:.2f} |", flush=True)
            if cluster:
                cluster.stop()


if __name__ == "__main__":
    main()
