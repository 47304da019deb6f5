package dev.gantry.cgroup.controller;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.Optional;

/** One cgroup directory as a controller sees it, made already or about to be. */
public interface Group {
    /** Whether groups of this hierarchy have a file of this name. */
    boolean offers(String file);

    /** What a file holds, trimmed; empty where the group or the file is not there. */
    Optional<String> read(String file);

    /** What the file of the directory above holds, trimmed. */
    Optional<String> parent(String file);

    /** What block devices can do. */
    BlockDevices blockDevices();

    /** A number that a file holds; empty where it is not there, or says {@code max}. */
    default Optional<Long> number(String file) {
        return read(file).flatMap(Numbers::parse);
    }

    /** The file's name, if the host has it; else UNSUPPORTED that names it. */
    default String require(String file) {
        if (!offers(file)) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED, "this host's cgroups have no file %s", file);
        }
        return file;
    }
}
