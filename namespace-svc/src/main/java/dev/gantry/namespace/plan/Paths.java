package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

/** What a path in a plan must look like: it is refused rather than put right. */
final class Paths {
    private static final int PATH_MAX = 4096;

    private Paths() {}

    /** An absolute path without {@code ..}. */
    static String check(String what, String path) {
        boolean absolute = path != null && path.startsWith("/") && path.length() < PATH_MAX;
        if (!absolute || path.indexOf('\0') >= 0 || ("/" + path + "/").contains("/../")) {
            throw FaultException.invalid(
                    "%s %s is not an absolute path without ..", what, Names.quote(path));
        }
        return path;
    }

    /** A path inside the root, and not the root itself. */
    static String checkInside(String what, String path) {
        check(what, path);
        if (path.chars().allMatch(c -> c == '/' || c == '.')) {
            throw FaultException.invalid("%s %s is the root itself", what, Names.quote(path));
        }
        return path;
    }
}
