"""Start an installed `mas`, wait until it is ready, stop it, and expect a clean end.

python smoke.py PATH_OF_MAS DATA_FOLDER
"""

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

READY_WITHIN = 90.0  # seconds; the first start sets up a database
STOPPED_WITHIN = 20.0


def main() -> int:
    """Return 0 when all went well, else say what did not."""
    mas, data = sys.argv[1:]
    subprocess.run([mas, "--version"], check=True)
    port = free_port()
    server = subprocess.Popen([mas, "serve", "--port", str(port), "--data-dir", data])
    try:
        wait_until_ready(server, f"http://127.0.0.1:{port}/mas/health/ready")
        server.send_signal(signal.SIGTERM)
        code = server.wait(STOPPED_WITHIN)
    except (TimeoutError, RuntimeError, subprocess.TimeoutExpired) as error:
        print(f"smoke: {error}")
        return 1
    finally:
        server.kill()
        server.wait()
    print(f"smoke: ready, and stopped with exit code {code}")
    return int(code != 0)


def wait_until_ready(server: subprocess.Popen[bytes], url: str) -> None:
    """Ask for the health until it answers 200."""
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"mas serve ended with exit code {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer 200 within {READY_WITHIN:.0f} s")


def free_port() -> int:
    """Ask the system for a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
