"""Does with pysher what the tests say, and says what it hears."""

import json
from queue import Queue

from pysher import Pusher

from lines import say, serve

SUCCEEDED = "pusher_internal:subscription_succeeded"
REFUSED = "pusher:subscription_error"


class Listening(Pusher):
    """Says every event of a channel, also those that come before a callback could be bound to it."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.answers = Queue()

    def _connection_handler(self, event_name, data, channel_name):
        if event_name in (SUCCEEDED, REFUSED):
            self.answers.put((event_name, json.loads(data)))
        else:
            say(event={"channel": channel_name, "event": event_name, "data": data})
        super()._connection_handler(event_name, data, channel_name)


class Client:
    def connect(self, host, port, key, secret, user, **_):
        self.pusher = Listening(
            key, secure=False, secret=secret, user_data=user, custom_host=host, port=port
        )
        connected = Queue()
        self.pusher.connection.bind("pusher:connection_established", connected.put)
        self.pusher.connect()
        connected.get(timeout=20)
        return self.state()

    def state(self):
        connection = self.pusher.connection
        return {"state": connection.state.upper(), "socket_id": connection.socket_id}

    def subscribe(self, channel):
        self.pusher.subscribe(channel)
        event, data = self.pusher.answers.get(timeout=20)
        if event == REFUSED:
            raise RuntimeError(data["error"])
        return data.get("presence", {}).get("hash", {})

    def trigger(self, channel, name, data):
        self.pusher.channel(channel).trigger(name, data)

    def disconnect(self):
        # It closes the connection; the thread that it would wait for may take 100 s to notice.
        self.pusher.disconnect(timeout=0)


serve(Client())
