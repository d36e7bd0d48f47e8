package sdks;

import com.google.gson.JsonParser;
import com.pusher.client.channel.PresenceChannelEventListener;
import com.pusher.client.channel.PrivateEncryptedChannelEventListener;
import com.pusher.client.channel.PusherEvent;
import com.pusher.client.channel.User;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/** Waits for a subscription, of any kind of channel, and says who comes and goes and what goes wrong. */
final class Listener implements PresenceChannelEventListener, PrivateEncryptedChannelEventListener {
    /** The members by id on a presence channel, nobody on others; or why there is no subscription. */
    final CompletableFuture<Map<String, String>> subscribed = new CompletableFuture<>();

    @Override
    public void onSubscriptionSucceeded(String channel) {
        if (!channel.startsWith("presence-")) subscribed.complete(Map.of());
    }

    @Override
    public void onUsersInformationReceived(String channel, Set<User> users) {
        subscribed.complete(users.stream().collect(Collectors.toMap(User::getId, User::getInfo)));
    }

    @Override
    public void userSubscribed(String channel, User user) {
        say(channel, "pusher_internal:member_added", user);
    }

    @Override
    public void userUnsubscribed(String channel, User user) {
        say(channel, "pusher_internal:member_removed", user);
    }

    @Override
    public void onAuthenticationFailure(String message, Exception exception) {
        subscribed.completeExceptionally(new IllegalStateException(message, exception));
    }

    @Override
    public void onDecryptionFailure(String event, String reason) {
        Lines.say("event", Map.of("event", event, "data", "Not decrypted: " + reason));
    }

    @Override
    public void onError(String message, Exception exception) {
        subscribed.completeExceptionally(new IllegalStateException(message, exception));
    }

    /** Hears every event of a channel; of those of the protocol the SDK tells nobody of a refusal. */
    @Override
    public void onEvent(PusherEvent event) {
        if (event.getEventName().equals("pusher:subscription_error")) onError(event.getData(), null);
        else if (!event.getEventName().startsWith("pusher_internal:")) say(event);
    }

    private static void say(PusherEvent event) {
        Lines.say("event", JsonParser.parseString(event.toJson()));
    }

    /** Says it as it stood on the wire; the SDK hands out the member. */
    private static void say(String channel, String event, User member) {
        Lines.say("event", Map.of("channel", channel, "event", event, "data", Map.of("user_id", member.getId())));
    }
}
