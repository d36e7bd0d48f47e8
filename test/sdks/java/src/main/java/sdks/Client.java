package sdks;

import com.pusher.client.Pusher;
import com.pusher.client.PusherOptions;
import com.pusher.client.channel.Channel;
import com.pusher.client.connection.ConnectionEventListener;
import com.pusher.client.connection.ConnectionState;
import com.pusher.client.connection.ConnectionStateChange;
import com.pusher.rest.data.PresenceUser;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import sdks.Lines.With;

/** Does with Pusher's client for Java what the tests say, and says what it hears. */
final class Client implements Lines.Commands {
    private Pusher pusher;
    private String userAuthentication;

    public static void main(String[] arguments) throws IOException {
        Lines.serve(new Client());
    }

    @Override
    public Object call(String command, With with) throws Exception {
        return switch (command) {
            case "connect" -> connect(with);
            case "state" -> state();
            case "signin" -> signin(with);
            case "user" -> pusher.user().userId();
            case "subscribe" -> subscribe(with.text("channel"));
            case "trigger" -> trigger(with);
            case "disconnect" -> disconnect();
            default -> throw new UnsupportedOperationException("The client for Java cannot " + command);
        };
    }

    private Object connect(With with) throws Exception {
        var user = new With(with.json("user").getAsJsonObject());
        var member = new PresenceUser(user.text("user_id"), user.json("user_info"));
        var sdk = new com.pusher.rest.Pusher("1", with.text("key"), with.text("secret"), with.text("master_key"));
        var options = new PusherOptions()
                .setHost(with.text("host"))
                .setWsPort(with.number("port"))
                .setUseTLS(false)
                .setChannelAuthorizer((channel, socketId) -> channel.startsWith("presence-")
                        ? sdk.authenticate(socketId, channel, member)
                        : sdk.authenticate(socketId, channel))
                .setUserAuthenticator(socketId -> userAuthentication);
        if (with.has("activity_timeout")) options.setActivityTimeout(with.number("activity_timeout"));
        pusher = new Pusher(with.text("key"), options);
        reach(ConnectionState.CONNECTED, pusher::connect);
        return state();
    }

    private Object disconnect() throws Exception {
        reach(ConnectionState.DISCONNECTED, pusher::disconnect);
        return null;
    }

    private void reach(ConnectionState state, Runnable way) throws Exception {
        var reached = new CompletableFuture<ConnectionStateChange>();
        pusher.getConnection().bind(state, new ConnectionEventListener() {
            @Override
            public void onConnectionStateChange(ConnectionStateChange change) {
                reached.complete(change);
            }

            @Override
            public void onError(String message, String code, Exception exception) {
                reached.completeExceptionally(new IllegalStateException(message + " (" + code + ")", exception));
            }
        });
        way.run();
        reached.get(20, TimeUnit.SECONDS);
    }

    private Object state() {
        var connection = pusher.getConnection();
        return Map.of("state", connection.getState(), "socket_id", connection.getSocketId());
    }

    /** The SDK for Java cannot sign for users, so the test has done it. */
    private Object signin(With with) {
        userAuthentication = with.text("answer");
        pusher.user().bindGlobal(new Listener());
        pusher.signin();
        return null;
    }

    private Object subscribe(String name) throws Exception {
        var listener = new Listener();
        Channel channel;
        if (name.startsWith("private-encrypted-")) channel = pusher.subscribePrivateEncrypted(name, listener);
        else if (name.startsWith("private-")) channel = pusher.subscribePrivate(name, listener);
        else if (name.startsWith("presence-")) channel = pusher.subscribePresence(name, listener);
        else channel = pusher.subscribe(name, listener);
        channel.bindGlobal(listener);
        return listener.subscribed.get(20, TimeUnit.SECONDS);
    }

    private Object trigger(With with) {
        var name = with.text("channel");
        var isPresence = name.startsWith("presence-");
        var channel = isPresence ? pusher.getPresenceChannel(name) : pusher.getPrivateChannel(name);
        channel.trigger(with.text("name"), with.json("data").toString());
        return null;
    }
}
