package dev.gantry.bus.wire;

import com.fasterxml.jackson.core.io.JsonStringEncoder;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Writes frames, with their length in front; the body goes in as it is. */
public final class FrameWriter {
    private static final int PREFIX = 4;

    private FrameWriter() {}

    /** The bytes of a frame as they go over the socket. */
    public static byte[] write(Frame frame) {
        var head = new StringBuilder(256).append("{\"type\":");
        quoted(head, frame.type());
        field(head, "address", frame.address());
        field(head, "replyAddress", frame.replyAddress());
        if (frame.type().equals(Frame.ERR)) {
            // What clients of the stock bridge look for.
            head.append(",\"failureCode\":").append(frame.faultCode().ordinal() + 1);
            head.append(",\"failureType\":\"RECIPIENT_FAILURE\"");
            frame.header(Headers.MESSAGE).ifPresent(text -> field(head, "message", text));
        }
        if (!frame.headers().isEmpty()) {
            head.append(",\"headers\":{");
            var separator = "";
            for (var header : frame.headers().entrySet()) {
                head.append(separator);
                quoted(head, header.getKey());
                head.append(':');
                quoted(head, header.getValue());
                separator = ",";
            }
            head.append('}');
        }
        if (frame.body().length > 0) {
            head.append(",\"body\":");
        }
        var start = head.toString().getBytes(StandardCharsets.UTF_8);
        var size = start.length + frame.body().length + 1;
        return ByteBuffer.allocate(PREFIX + size)
                .putInt(size)
                .put(start)
                .put(frame.body())
                .put((byte) '}')
                .array();
    }

    private static void field(StringBuilder head, String name, String value) {
        if (!value.isEmpty()) {
            head.append(",\"").append(name).append("\":");
            quoted(head, value);
        }
    }

    private static void quoted(StringBuilder head, String text) {
        head.append('"');
        JsonStringEncoder.getInstance().quoteAsString(text, head);
        head.append('"');
    }
}
