package sdks;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.pusher.rest.Pusher;
import com.pusher.rest.data.Event;
import com.pusher.rest.data.PresenceUser;
import com.pusher.rest.data.Result;
import com.pusher.rest.data.Validity;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import sdks.Lines.With;

/** Does with Pusher's SDK for Java what the tests say. */
final class Server implements Lines.Commands {
    private Pusher sdk;

    public static void main(String[] arguments) throws IOException {
        Lines.serve(new Server());
    }

    @Override
    public Object call(String command, With with) {
        return switch (command) {
            case "use" -> use(with);
            case "trigger" -> answer(trigger(with));
            case "trigger_batch" -> answer(sdk.trigger(with.list("batch").stream().map(Server::event).toList()));
            case "channels" -> answer(sdk.get("/channels", parameters(with)));
            case "channel" -> answer(sdk.get("/channels/" + with.text("channel"), parameters(with)));
            case "users" -> answer(sdk.get("/channels/" + with.text("channel") + "/users"));
            // What the SDK has no method for goes through the ones that sign any request.
            case "send_to_user" -> answer(sdk.post("/events", eventForUser(with).toString()));
            case "terminate" -> answer(sdk.post("/users/" + with.text("user_id") + "/terminate_connections", "{}"));
            case "authorize" -> JsonParser.parseString(authorize(with));
            case "webhook" -> webhook(with);
            default -> throw new UnsupportedOperationException("The SDK for Java cannot " + command);
        };
    }

    private Object use(With with) {
        var appId = with.text("app_id");
        sdk = new Pusher(appId, with.text("key"), with.text("secret"), with.text("master_key"));
        sdk.setHost(with.text("host") + ":" + with.number("port"));
        return null;
    }

    private Result trigger(With with) {
        return sdk.trigger(with.texts("channels"), with.text("name"), with.json("data"), with.text("socket_id"));
    }

    private static Event event(JsonElement element) {
        var with = new With(element.getAsJsonObject());
        return new Event(with.text("channel"), with.text("name"), with.json("data"));
    }

    private static JsonObject eventForUser(With with) {
        var event = new JsonObject();
        event.addProperty("name", with.text("name"));
        event.addProperty("channel", "#server-to-user-" + with.text("user_id"));
        event.addProperty("data", with.json("data").toString());
        return event;
    }

    private static Map<String, String> parameters(With with) {
        var parameters = new HashMap<String, String>();
        if (with.has("prefix")) parameters.put("filter_by_prefix", with.text("prefix"));
        if (with.has("info")) parameters.put("info", String.join(",", with.texts("info")));
        return parameters;
    }

    private String authorize(With with) {
        var socketId = with.text("socket_id");
        var channel = with.text("channel");
        if (!with.has("member")) return sdk.authenticate(socketId, channel);
        var member = new With(with.json("member").getAsJsonObject());
        return sdk.authenticate(socketId, channel, new PresenceUser(member.text("user_id"), member.json("user_info")));
    }

    private Object webhook(With with) {
        var body = with.text("body");
        var validity = sdk.validateWebhookSignature(with.text("key"), with.text("signature"), body);
        if (validity != Validity.VALID) throw new IllegalArgumentException("Invalid webhook: " + validity);
        return JsonParser.parseString(body);
    }

    private static Object answer(Result result) {
        if (result.getStatus() == Result.Status.SUCCESS) return JsonParser.parseString(result.getMessage());
        throw new IllegalStateException(result.getStatus() + ": " + result.getMessage());
    }
}
