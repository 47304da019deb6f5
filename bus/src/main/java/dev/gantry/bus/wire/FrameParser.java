package dev.gantry.bus.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.fault.Quote;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Reads the envelope of a frame. The body is scanned for its end, and for being JSON, but kept as
 * the bytes it came in. Duplicate names in the envelope are refused: reader and broker must see the
 * same one (security.md row 27).
 */
public final class FrameParser {
    private static final int MOST_HEADERS = 32;
    private static final int LONGEST_TEXT = 8 * 1024;
    private static final byte[] NOTHING = {};

    // The envelope is one level around the body.
    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(Json.MAX_DEPTH + 1)
                                    .build())
                    .build();

    private FrameParser() {}

    /** The frame in the JSON text; INVALID_ARGUMENT where there is none. */
    public static Frame parse(byte[] json) {
        try (var parser = FACTORY.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw FaultException.invalid("a frame is a JSON object");
            }
            var frame = envelope(parser, json);
            if (parser.nextToken() != null) {
                throw FaultException.invalid("a frame is one JSON object");
            }
            return frame;
        } catch (IOException e) {
            throw FaultException.invalid(
                    "the frame is not JSON that is read here: %s",
                    e.getMessage().lines().findFirst().orElse(""));
        }
    }

    private static Frame envelope(JsonParser parser, byte[] json) throws IOException {
        var seen = new HashSet<String>();
        var type = "";
        var address = "";
        var replyAddress = "";
        var headers = Map.<String, String>of();
        var body = NOTHING;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            var name = parser.currentName();
            if (!seen.add(name)) {
                throw FaultException.invalid("the frame has %s twice", Quote.of(name));
            }
            parser.nextToken();
            switch (name) {
                case "type" -> type = text(parser, name);
                case "address" -> address = text(parser, name);
                case "replyAddress" -> replyAddress = text(parser, name);
                case "headers" -> headers = headers(parser);
                case "body" -> body = raw(parser, json);
                default -> parser.skipChildren();
            }
        }
        return new Frame(type, address, replyAddress, headers, body);
    }

    private static String text(JsonParser parser, String name) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return "";
        }
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw FaultException.invalid("%s is not a string", Quote.of(name));
        }
        return bounded(parser.getText(), name);
    }

    private static Map<String, String> headers(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_NULL) {
            return Map.of();
        }
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw FaultException.invalid("\"headers\" is not an object");
        }
        var headers = new LinkedHashMap<String, String>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            var name = bounded(parser.currentName(), "headers");
            if (!parser.nextToken().isScalarValue()) {
                throw FaultException.invalid("header %s is not a string", Quote.of(name));
            }
            if (headers.put(name, bounded(parser.getText(), name)) != null) {
                throw FaultException.invalid("header %s is there twice", Quote.of(name));
            }
            if (headers.size() > MOST_HEADERS) {
                throw FaultException.invalid("there are more than %d headers", MOST_HEADERS);
            }
        }
        return headers;
    }

    private static byte[] raw(JsonParser parser, byte[] json) throws IOException {
        var start = (int) parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
        // A string is read lazily: without this, its end is not known.
        parser.finishToken();
        return Arrays.copyOfRange(json, start, (int) parser.currentLocation().getByteOffset());
    }

    private static String bounded(String text, String name) {
        if (text.length() > LONGEST_TEXT) {
            throw FaultException.invalid(
                    "%s is longer than %d characters", Quote.of(name), LONGEST_TEXT);
        }
        return text;
    }
}
