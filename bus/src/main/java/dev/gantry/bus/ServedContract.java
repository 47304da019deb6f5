package dev.gantry.bus;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.time.Instant;
import java.util.Optional;

/** The owner's end of an address: a body comes in, the body of an answer goes out. */
final class ServedContract<O extends Operation<?>> {
    private static final System.Logger LOG = System.getLogger("dev.gantry.bus");

    private final Contract<O> contract;
    private final Handler<O> handler;

    ServedContract(Contract<O> contract, Handler<O> handler) {
        this.contract = contract;
        this.handler = handler;
    }

    /** What a request came to, and that as a body. */
    record Answer(Optional<Fault> fault, byte[] body) {}

    String address() {
        return contract.address();
    }

    /** Runs the handler on this thread; every outcome is an answer. */
    Answer answer(byte[] body, Peer sender, Instant deadline, String traceparent) {
        O operation;
        try {
            operation = OperationCodec.decode(contract, body);
        } catch (FaultException e) {
            return fault(e.fault().in(contract.address(), ""));
        } catch (RuntimeException | StackOverflowError e) {
            LOG.log(System.Logger.Level.ERROR, contract.address() + ": reading a request", e);
            return fault(Fault.of(FaultCode.INVALID_ARGUMENT, "the body is not an operation"));
        }
        var name = OperationCodec.name(contract, operation);
        try {
            var result = handler.handle(new Request<>(operation, sender, deadline, traceparent));
            if (!operation.resultType().isInstance(result)) {
                throw new IllegalStateException(
                        "the handler returned %s, the contract says %s"
                                .formatted(result, operation.resultType().getSimpleName()));
            }
            return new Answer(Optional.empty(), OperationCodec.encodeResult(result));
        } catch (FaultException e) {
            return fault(e.fault().in(name, operation.subject()));
        } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
            LOG.log(
                    System.Logger.Level.ERROR,
                    name + " " + operation.subject() + " (trace " + traceparent + ")",
                    e);
            return fault(
                    Fault.of(FaultCode.INTERNAL, "a defect of the service: " + e)
                            .in(name, operation.subject()));
        }
    }

    /** A fault as an answer. */
    static Answer fault(Fault fault) {
        return new Answer(Optional.of(fault), OperationCodec.encodeFault(fault));
    }
}
