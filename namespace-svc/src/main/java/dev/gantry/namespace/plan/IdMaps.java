package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.oci.OciSpec.IdMapping;
import dev.gantry.bus.fault.FaultException;

import java.util.List;

/** Checks user ids and their maps, user_namespaces(7). */
final class IdMaps {
    private static final long LAST = 0xffff_fffeL;
    private static final int MOST = 340;

    private IdMaps() {}

    static long checkId(String what, long id) {
        if (id < 0 || id > LAST) {
            throw FaultException.invalid("%s %d is not within 0..%d", what, id, LAST);
        }
        return id;
    }

    static List<IdMapping> check(String what, List<IdMapping> maps) {
        if (maps.isEmpty() || maps.size() > MOST) {
            throw FaultException.invalid(
                    "%sMappings: %d entries are not within 1..%d", what, maps.size(), MOST);
        }
        for (int i = 0; i < maps.size(); i++) {
            var map = maps.get(i);
            checkId(what + " mapping containerID", map.containerID());
            checkId(what + " mapping hostID", map.hostID());
            if (map.size() < 1
                    || map.containerID() + map.size() - 1 > LAST
                    || map.hostID() + map.size() - 1 > LAST) {
                throw FaultException.invalid(
                        "%sMappings: size %d goes beyond %d", what, map.size(), LAST);
            }
            for (var other : maps.subList(0, i)) {
                if (overlap(map.containerID(), map.size(), other.containerID(), other.size())
                        || overlap(map.hostID(), map.size(), other.hostID(), other.size())) {
                    throw FaultException.invalid(
                            "%sMappings: entries at %d and %d overlap",
                            what, other.containerID(), map.containerID());
                }
            }
        }
        return maps;
    }

    private static boolean overlap(long a, long sizeA, long b, long sizeB) {
        return a < b + sizeB && b < a + sizeA;
    }
}
