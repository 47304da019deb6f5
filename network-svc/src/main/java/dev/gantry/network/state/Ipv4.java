package dev.gantry.network.state;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.regex.Pattern;

/**
 * An IPv4 address.
 *
 * @param value its 32 bits, the first octet uppermost
 */
public record Ipv4(int value) {
    private static final Pattern DOTTED =
            Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");

    /** Reads four decimal octets; anything else, leading zeros included, is refused. */
    public static Ipv4 parse(String text) {
        if (text == null || !DOTTED.matcher(text).matches()) {
            throw FaultException.invalid("%s is not an IPv4 address", Names.quote(text));
        }
        int value = 0;
        for (var octet : text.split("\\.")) {
            int number = Integer.parseInt(octet);
            if (number > 255) {
                throw FaultException.invalid("%s is not an IPv4 address", Names.quote(text));
            }
            value = value << 8 | number;
        }
        return new Ipv4(value);
    }

    /** Reads four octets of a message. */
    public static Ipv4 of(byte[] bytes, int at) {
        return new Ipv4(
                (bytes[at] & 0xff) << 24
                        | (bytes[at + 1] & 0xff) << 16
                        | (bytes[at + 2] & 0xff) << 8
                        | bytes[at + 3] & 0xff);
    }

    /** The four octets in network order. */
    public byte[] bytes() {
        return new byte[] {
            (byte) (value >>> 24), (byte) (value >>> 16), (byte) (value >>> 8), (byte) value
        };
    }

    /** The address so many further on. */
    public Ipv4 plus(int count) {
        return new Ipv4(value + count);
    }

    /** A locally administered MAC address that belongs to this address. */
    public String mac() {
        var b = bytes();
        return String.format("02:42:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3]);
    }

    @Override
    public String toString() {
        return (value >>> 24)
                + "."
                + (value >>> 16 & 0xff)
                + "."
                + (value >>> 8 & 0xff)
                + "."
                + (value & 0xff);
    }
}
