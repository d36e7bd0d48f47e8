"""Does with Pusher's SDK for Python what the tests say."""

from pusher import Pusher

from lines import serve


class Server:
    def use(self, host, port, app_id, key, secret, master_key):
        self.sdk = Pusher(
            app_id, key, secret, ssl=False, host=host, port=port, encryption_master_key_base64=master_key
        )

    def trigger(self, channels, name, data, socket_id=None):
        return self.sdk.trigger(channels, name, data, socket_id)

    def trigger_batch(self, batch):
        return self.sdk.trigger_batch(batch)

    def channels(self, prefix, info):
        return self.sdk.channels_info(prefix, info)

    def channel(self, channel, info):
        return self.sdk.channel_info(channel, info)

    def users(self, channel):
        return self.sdk.users_info(channel)

    def send_to_user(self, user_id, name, data):
        return self.sdk.send_to_user(user_id, name, data)

    def terminate(self, user_id):
        return self.sdk.terminate_user_connections(user_id)

    def authorize(self, socket_id, channel, member=None):
        answer = self.sdk.authenticate(channel, socket_id, member)
        if "shared_secret" in answer:
            # The SDK leaves it as bytes, which JSON does not know.
            answer["shared_secret"] = answer["shared_secret"].decode()
        return answer

    def authenticate(self, socket_id, user):
        return self.sdk.authenticate_user(socket_id, user)

    def webhook(self, key, signature, body):
        webhook = self.sdk.validate_webhook(key, signature, body)
        if webhook is None:
            raise ValueError("Invalid webhook")
        return webhook


serve(Server())
