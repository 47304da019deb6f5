package dev.gantry.orchestrator.invocation;

/** Which invocation a thread works for; its own process's, unless it was told another. */
public final class Current {
    private static final InheritableThreadLocal<Invocation> OF_THREAD =
            new InheritableThreadLocal<>();

    private Current() {}

    static Invocation get() {
        var told = OF_THREAD.get();
        return told == null ? OwnProcess.get() : told;
    }

    /** This thread, and those that it starts from now on, work for {@code invocation}. */
    public static void set(Invocation invocation) {
        OF_THREAD.set(invocation);
    }
}
