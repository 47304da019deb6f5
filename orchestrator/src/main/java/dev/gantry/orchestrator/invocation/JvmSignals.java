package dev.gantry.orchestrator.invocation;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * Receives signals of this process. The JDK has them in sun.misc.Signal only, which the compiler
 * refuses to see without a warning, hence the reflection.
 */
final class JvmSignals {
    private JvmSignals() {}

    /**
     * Runs {@code action} at each arrival of a signal, for example {@code INT} or {@code WINCH}.
     */
    static void on(String name, Runnable action) {
        try {
            var signal = Class.forName("sun.misc.Signal");
            var handler = Class.forName("sun.misc.SignalHandler");
            var proxy =
                    Proxy.newProxyInstance(
                            JvmSignals.class.getClassLoader(),
                            new Class<?>[] {handler},
                            (self, method, arguments) ->
                                    switch (method.getName()) {
                                        case "handle" -> {
                                            Thread.ofVirtual().start(action);
                                            yield null;
                                        }
                                        case "hashCode" -> System.identityHashCode(self);
                                        case "equals" -> self == arguments[0];
                                        default -> "signal handler for " + name;
                                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (InvocationTargetException e) {
            // The JVM keeps some signals to itself (SIGQUIT, for example): those stay with it.
            if (!(e.getCause() instanceof IllegalArgumentException)) {
                throw new IllegalStateException("handle signal " + name, e);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("handle signal " + name, e);
        }
    }
}
