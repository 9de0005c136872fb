"""Checks letters with the Standard Webhooks library of Python."""

import json
import sys
from datetime import datetime, timezone

import standardwebhooks.webhooks as library
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Then(datetime):
    """A clock that shows when the letter was sent."""

    moment = 0

    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(cls.moment, tz=timezone.utc)


library.datetime = Then
count = 0
for line in open(sys.argv[1], encoding="utf-8"):
    letter = json.loads(line)
    Then.moment = int(letter["timestamp"])
    headers = {
        "webhook-id": letter["id"],
        "webhook-timestamp": letter["timestamp"],
        "webhook-signature": letter["signature"],
    }
    Webhook(letter["secret"]).verify(letter["body"], headers)
    try:
        Webhook(letter["secret"]).verify(letter["body"] + " ", headers)
    except WebhookVerificationError:
        count += 1
    else:
        sys.exit(f"{letter['id']}: another body passes, too")
if count == 0:
    sys.exit("there is no letter")
print(f"Python: {count} letters are signed as they should be")
