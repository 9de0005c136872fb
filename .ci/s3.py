"""A bucket to try the store of files with: moto's server, on a free port of this machine.

    python3 s3.py PACKAGES

Prints its address, makes the bucket `chancery`, and serves until it is ended.
"""

import sys
import time
import urllib.request

sys.path.insert(0, sys.argv[1])

from moto.server import ThreadedMotoServer  # noqa: E402

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
made = urllib.request.Request(f"{address}/chancery", method="PUT")
urllib.request.urlopen(made).close()
print(address, flush=True)
while True:
    time.sleep(3600)
