"""Tells a server that runs of events, signed by the Standard Webhooks library of Python.

python3 tell.py ADDRESS SECRET
"""

import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

from standardwebhooks.webhooks import Webhook

address, secret = sys.argv[1:]
webhook = Webhook(secret)


def send(identity, moment, body, signature):
    request = urllib.request.Request(
        f"{address}/api/v1/webhooks/python",
        data=body.encode(),
        method="POST",
        headers={
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signature,
        },
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found} instead of {wanted}")


now = datetime.now(tz=timezone.utc)
old = now - timedelta(minutes=10)
body = '{"type": "video.completed", "title": "Grüße, 世界 🎬"}'
signature = webhook.sign("msg_py_1", now, body)
expect("a signed event", send("msg_py_1", now, body, signature), 202)
expect("the same again", send("msg_py_1", now, body, signature), 200)
expect("another body", send("msg_py_2", now, body + " ", webhook.sign("msg_py_2", now, body)), 401)
expect("another id", send("msg_py_3", now, body, signature), 401)
expect("ten minutes old", send("msg_py_4", old, body, webhook.sign("msg_py_4", old, body)), 401)
print("Python: events that it signs are taken, once; what it did not sign is refused")
