"""How the programs of this folder talk with the tests: JSON, a line each; commands in, answers and events out."""

import json
import sys


def serve(commands):
    """Does each command with the method of its name, until the input ends."""
    for line in sys.stdin:
        command = json.loads(line)
        try:
            say(result=getattr(commands, command["call"])(**command["with"]))
        except Exception as error:
            say(error=f"{type(error).__name__}: {error}")


def say(**message):
    print(json.dumps(message), flush=True)
