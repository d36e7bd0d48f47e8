package sdks;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.StreamSupport;

/** How the programs talk with the tests: JSON, a line each; commands in, answers and events out. */
final class Lines {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    /** Does a command; the result is anything that Gson can write. */
    interface Commands {
        Object call(String command, With with) throws Exception;
    }

    /** The parameters of a command. */
    record With(JsonObject values) {
        boolean has(String name) {
            return values.has(name);
        }

        JsonElement json(String name) {
            return values.get(name);
        }

        String text(String name) {
            return has(name) ? values.get(name).getAsString() : null;
        }

        int number(String name) {
            return values.get(name).getAsInt();
        }

        List<JsonElement> list(String name) {
            return StreamSupport.stream(values.getAsJsonArray(name).spliterator(), false).toList();
        }

        List<String> texts(String name) {
            return list(name).stream().map(JsonElement::getAsString).toList();
        }
    }

    /** Does each command until the input ends, and then ends the process. */
    static void serve(Commands commands) throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonObject command = JsonParser.parseString(line).getAsJsonObject();
            try {
                var with = new With(command.getAsJsonObject("with"));
                say("result", commands.call(command.get("call").getAsString(), with));
            } catch (Exception exception) {
                say("error", exception.toString());
            }
        }
        System.exit(0);
    }

    static synchronized void say(String kind, Object what) {
        JsonObject message = new JsonObject();
        message.add(kind, what == null ? JsonNull.INSTANCE : GSON.toJsonTree(what));
        OUT.println(GSON.toJson(message));
    }

    private Lines() {}
}
