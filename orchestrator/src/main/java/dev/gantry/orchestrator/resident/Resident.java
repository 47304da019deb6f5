package dev.gantry.orchestrator.resident;

import dev.gantry.bus.linux.Errno;
import dev.gantry.orchestrator.invocation.Current;

import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.function.ToIntFunction;

/**
 * Takes commands from callers that are root like this process, of the same build and in the same
 * surroundings, and runs each on a thread of its own. All others are told to run themselves.
 */
final class Resident {
    private static final System.Logger LOG = System.getLogger("dev.gantry.resident");
    private static final int LONGEST = 128 << 10;
    private static final int MOST_COMMANDS = 64;

    private final ResidentKernel kernel;
    private final String build;
    private final Map<String, ToIntFunction<String[]>> commands;
    private final Surroundings own = Surroundings.own();
    private final Semaphore free = new Semaphore(MOST_COMMANDS);

    /**
     * @param build what is installed here
     * @param commands by name: what runs the arguments of one, and answers its exit code
     */
    Resident(ResidentKernel kernel, String build, Map<String, ToIntFunction<String[]>> commands) {
        this.kernel = kernel;
        this.build = build;
        this.commands = commands;
    }

    /** Serves for as long as the process lives. */
    void serve(int listening) {
        while (true) {
            var accepted = kernel.accept(listening);
            if (accepted.errno() == Errno.ECONNABORTED) {
                continue;
            }
            int connection = (int) accepted.orThrow("accept a caller");
            if (free.tryAcquire()) {
                Thread.ofPlatform().daemon().name("command").start(() -> attend(connection));
            } else {
                kernel.close(connection); // It runs itself.
            }
        }
    }

    private void attend(int connection) {
        int[] descriptors = {};
        Thread ears = null;
        try {
            var peer = kernel.peer(connection);
            var message = kernel.receive(connection, LONGEST);
            descriptors = message.descriptors();
            if (peer.uid() != 0 || message.bytes().length == 0 || descriptors.length != 3) {
                return;
            }
            var handover = Handover.read(message.bytes());
            var command = commands.get(handover.name());
            if (command == null
                    || !handover.build().equals(build)
                    || !handover.surroundings().equals(own)
                    || !agreed(connection)) {
                return;
            }
            var invocation =
                    new RemoteInvocation(kernel, connection, peer.pid(), descriptors, handover);
            descriptors = new int[0];
            Current.set(invocation);
            ears = Thread.ofPlatform().daemon().name("caller").start(invocation::hear);
            invocation.exit(run(command, handover));
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "a caller: " + e);
        } finally {
            for (int descriptor : descriptors) {
                kernel.close(descriptor);
            }
            hangUp(connection, ears);
            free.release();
        }
    }

    /** A caller that has stopped waiting for us runs itself: then nothing may happen here. */
    private boolean agreed(int connection) {
        return !kernel.send(connection, new byte[] {'A'}).failed()
                && kernel.receive(connection, 1).bytes().length == 1;
    }

    private static int run(ToIntFunction<String[]> command, Handover handover) {
        try {
            return command.applyAsInt(handover.arguments().toArray(String[]::new));
        } catch (RuntimeException | Error e) {
            // One command's defect must not take the others' process with it.
            LOG.log(System.Logger.Level.ERROR, "command " + handover.arguments(), e);
            dev.gantry.orchestrator.invocation.Invocation.current()
                    .err()
                    .println(handover.name() + ": defect: " + e);
            return 125;
        }
    }

    /** The number must not be another connection's while the thread that hears still reads it. */
    private void hangUp(int connection, Thread ears) {
        kernel.shutdown(connection);
        for (boolean over = ears == null; !over; ) {
            try {
                ears.join();
                over = true;
            } catch (InterruptedException meantForTheCommand) {
                over = false; // which has ended
            }
        }
        kernel.close(connection);
    }
}
