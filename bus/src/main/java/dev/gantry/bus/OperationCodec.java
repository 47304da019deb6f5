package dev.gantry.bus;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Operations, results and faults as the JSON bodies of messages. Every implementation of {@link
 * Bus} uses it, the in-memory one too, so that a service cannot tell them apart.
 */
public final class OperationCodec {
    // Readers and writers that know their type save the lookup of the serializer on each message.
    private static final Map<Class<?>, ObjectWriter> WRITERS = new ConcurrentHashMap<>();
    private static final Map<Class<?>, ObjectReader> READERS = new ConcurrentHashMap<>();
    private static final Map<Class<?>, String> NAMES = new ConcurrentHashMap<>();

    private OperationCodec() {}

    /** The body of a request. */
    public static byte[] encode(Contract<?> contract, Operation<?> operation) {
        return write(contract.operations(), operation);
    }

    /** The operation in a body; INVALID_ARGUMENT where it is none of this contract. */
    public static <O extends Operation<?>> O decode(Contract<O> contract, byte[] body) {
        try {
            O operation = reader(contract.operations()).readValue(body);
            if (operation == null) {
                throw FaultException.invalid("%s: the body is null", contract.address());
            }
            return operation;
        } catch (IOException e) {
            throw refusal(contract.address(), e);
        }
    }

    /** The body of an answer. */
    public static byte[] encodeResult(Object result) {
        return write(result.getClass(), result);
    }

    /** The result in a body; INTERNAL where it is not of that class: owner and caller disagree. */
    public static <R> R decodeResult(Class<R> type, byte[] body) {
        try {
            R result = reader(type).readValue(body);
            if (result == null) {
                throw FaultException.of(FaultCode.INTERNAL, "the answer is null");
            }
            return result;
        } catch (IOException e) {
            throw new FaultException(
                    Fault.of(
                            FaultCode.INTERNAL,
                            "the answer is not a "
                                    + type.getSimpleName()
                                    + ": "
                                    + firstLine(e.getMessage())),
                    e);
        }
    }

    /** A fault as a body. */
    public static byte[] encodeFault(Fault fault) {
        return write(Fault.class, fault);
    }

    /** The fault in a body; an INTERNAL one that says so where it is none. */
    public static Fault decodeFault(byte[] body) {
        try {
            Fault fault = reader(Fault.class).readValue(body);
            return fault == null ? Fault.of(FaultCode.INTERNAL, "the fault is null") : fault;
        } catch (IOException e) {
            return Fault.of(
                    FaultCode.INTERNAL, "the fault cannot be read: " + firstLine(e.getMessage()));
        }
    }

    /** Address and name of an operation, for example {@code cgroup.v1 create}. */
    public static String name(Contract<?> contract, Operation<?> operation) {
        // Annotations are read through proxies: too slow for each message.
        return NAMES.computeIfAbsent(operation.getClass(), kind -> name(contract, kind));
    }

    private static String name(Contract<?> contract, Class<?> kind) {
        var types = contract.operations().getAnnotation(JsonSubTypes.class);
        if (types != null) {
            for (var type : types.value()) {
                if (type.value() == kind) {
                    return contract.address() + " " + type.name();
                }
            }
        }
        return contract.address();
    }

    private static byte[] write(Class<?> type, Object value) {
        try {
            return WRITERS.computeIfAbsent(type, t -> Json.mapper().writerFor(t))
                    .writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "a " + value.getClass().getName() + " cannot be written as JSON", e);
        }
    }

    private static ObjectReader reader(Class<?> type) {
        return READERS.computeIfAbsent(type, t -> Json.mapper().readerFor(t));
    }

    /** What a compact constructor refused, in its own words; else what the parser says. */
    private static FaultException refusal(String address, IOException problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof FaultException fault) {
                return fault;
            }
        }
        var text =
                problem instanceof JacksonException e
                        ? e.getOriginalMessage()
                        : problem.getMessage();
        return new FaultException(
                Fault.of(
                        FaultCode.INVALID_ARGUMENT,
                        address + ": the body is not an operation: " + firstLine(text)),
                problem);
    }

    private static String firstLine(String text) {
        if (text == null) {
            return "no reason given";
        }
        var line = text.lines().findFirst().orElse("");
        return line.length() > 300 ? line.substring(0, 300) + "…" : line;
    }
}
