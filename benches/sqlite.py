"""The rows of data.sql in an embedded database."""

import sqlite3
from datetime import datetime, timedelta, timezone

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
STATES = ["PENDING", "RUNNING", *["COMPLETED"] * 5, "FAILED"]


def key(kind, number):
    return bytes.fromhex(f"{kind}0000000000070008000{number:012x}")


def moment(number, minutes=0):
    return (START + timedelta(seconds=31 * number, minutes=minutes)).isoformat(timespec="microseconds")


def fill(folder, users, runs):
    """Into the migrated database in `folder`, while nothing else has it open."""
    database = sqlite3.connect(next(folder.glob("*.db")))

    def insert(table, rows, columns):
        marks = ", ".join("?" * len(columns.split(", ")))
        database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    insert("users", (
        (key(1, u), f"user{u}@example.test", f"user{u}@example.test", f"User {u}", "user", "active", 1, moment(u), moment(u))
        for u in range(1, users + 1)
    ), "id, email, email_key, name, role, status, version, created_at, updated_at")
    insert("runs", (
        (key(2, r), key(1, (r - 1) % users + 1), f"company_{r % (runs // 20)}", f"Company {r % (runs // 20)}",
         f"document-{r}.pdf", f"https://files.example.test/{r}.pdf", STATES[r * 7919 % 8], r % 6,
         "stage failed" if r * 7919 % 8 == 7 else None, moment(r, 5) if 2 <= r * 7919 % 8 <= 6 else None, 1, 1,
         moment(r), moment(r))
        for r in range(1, runs + 1)
    ), "id, user_id, company_id, company_name, document_name, document_url, status, current_stage, error_message, "
       "completed_at, attempt, version, created_at, updated_at")
    insert("opportunity_cards", (
        (key(3, r * 10 + n), key(2, r), key(1, (r - 1) % users + 1), n, f"Opportunity {n} of run {r}", "tag " * 15,
         "problem " * 25, "solution " * 22, "why now " * 15, f"segment {r % 9}", "win " * 20, (r * 31 + n) % 10 == 0, 1,
         moment(r), moment(r))
        for r in range(1, runs + 1) for n in range(1, 6)
    ), "id, run_id, user_id, number, title, tagline, problem, solution, why_now, target_segment, quick_win, starred, "
       "version, created_at, updated_at")
    database.commit()
    database.execute("ANALYZE")
    database.close()
