package dev.gantry.orchestrator.services;

import dev.gantry.bus.Bus;
import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.Reply;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The five services as the orchestrator calls them. Futures complete exceptionally with a
 * FaultException and always complete: every call has a deadline.
 */
public final class Services {
    /** The longest that one call to a service may take. */
    public static final Duration MOST = Duration.ofSeconds(30);

    private final Bus bus;

    /** Calls over the given bus. */
    public Services(Bus bus) {
        this.bus = bus;
    }

    /** Asks storage-svc. */
    public <R> CompletableFuture<R> storage(StorageOperation<R> operation, Caller caller) {
        return call(StorageOperation.CONTRACT, operation, caller, MOST);
    }

    /** Asks storage-svc for something that moves content, which may take long. */
    public <R> CompletableFuture<R> content(StorageOperation<R> operation, Caller caller) {
        return call(StorageOperation.CONTRACT, operation, caller, Duration.ofHours(1));
    }

    /** Asks network-svc. */
    public <R> CompletableFuture<R> network(NetworkOperation<R> operation, Caller caller) {
        return call(NetworkOperation.CONTRACT, operation, caller, MOST);
    }

    /** Asks cgroup-svc. */
    public <R> CompletableFuture<R> cgroup(CgroupOperation<R> operation, Caller caller) {
        return call(CgroupOperation.CONTRACT, operation, caller, MOST);
    }

    /** Asks seccomp-svc. */
    public <R> CompletableFuture<R> seccomp(SeccompOperation<R> operation, Caller caller) {
        return call(SeccompOperation.CONTRACT, operation, caller, MOST);
    }

    /** Asks namespace-svc. */
    public <R> CompletableFuture<R> namespace(NamespaceOperation<R> operation, Caller caller) {
        return call(NamespaceOperation.CONTRACT, operation, caller, MOST);
    }

    /** Asks namespace-svc to start, which may take as long as a client takes to attach. */
    public CompletableFuture<dev.gantry.bus.contract.namespace.NamespaceResult.Started> start(
            NamespaceOperation.Start operation, Caller caller) {
        return call(NamespaceOperation.CONTRACT, operation, caller, Duration.ofHours(1));
    }

    private <O extends Operation<?>, R> CompletableFuture<R> call(
            Contract<O> contract, Operation<R> operation, Caller caller, Duration most) {
        try {
            return bus.call(contract, operation, caller.options(most)).thenApply(Reply::orThrow);
        } catch (FaultException late) {
            return CompletableFuture.failedFuture(late);
        }
    }

    /** The future's result, or its fault. */
    public static <R> R await(CompletableFuture<R> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            throw fault(e);
        }
    }

    /** The future's result, or UNAVAILABLE with the message once the time is over. */
    public static <R> R await(CompletableFuture<R> future, Duration bound, String late) {
        try {
            return future.get(Math.max(0, bound.toNanos()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "%s", late);
        } catch (ExecutionException e) {
            throw fault(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted: %s", late);
        }
    }

    /** What went wrong, as a fault: anything that is not one already is a defect. */
    public static FaultException fault(Throwable failure) {
        var cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof FaultException known) {
            return known;
        }
        return new FaultException(Fault.of(FaultCode.INTERNAL, cause.toString()), cause);
    }
}
