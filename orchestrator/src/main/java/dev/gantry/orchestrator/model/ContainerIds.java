package dev.gantry.orchestrator.model;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Identifiers as Docker users know them: 64 hexadecimal digits, 12 where they are shown. */
public final class ContainerIds {
    private static final SecureRandom RANDOM = new SecureRandom();

    private ContainerIds() {}

    /** A new container id, 64 digits. */
    public static String fresh() {
        return random(32);
    }

    /** A new exec id, 32 digits: the launcher takes no longer ones. */
    public static String freshExec() {
        return random(16);
    }

    /** The first twelve digits. */
    public static String shortened(String id) {
        return id.length() <= 12 ? id : id.substring(0, 12);
    }

    private static String random(int bytes) {
        var value = new byte[bytes];
        do {
            RANDOM.nextBytes(value);
            // A short id of digits only would be taken for a number as a host name.
        } while (HexFormat.of().formatHex(value, 0, 6).chars().allMatch(Character::isDigit));
        return HexFormat.of().formatHex(value);
    }
}
