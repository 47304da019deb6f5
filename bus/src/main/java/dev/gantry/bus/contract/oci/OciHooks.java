package dev.gantry.bus.contract.oci;

import com.fasterxml.jackson.annotation.JsonInclude;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * {@code hooks} of the OCI runtime configuration (config.md, "POSIX-platform Hooks"): programs that
 * are run at certain times in a container's life, each with its state on the standard input.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record OciHooks(
        List<Hook> prestart,
        List<Hook> createRuntime,
        List<Hook> createContainer,
        List<Hook> startContainer,
        List<Hook> poststart,
        List<Hook> poststop) {
    /** No hook at all. */
    public static final OciHooks NONE = new OciHooks(null, null, null, null, null, null);

    /** Absent lists are empty. */
    public OciHooks {
        prestart = Absent.orEmpty(prestart);
        createRuntime = Absent.orEmpty(createRuntime);
        createContainer = Absent.orEmpty(createContainer);
        startContainer = Absent.orEmpty(startContainer);
        poststart = Absent.orEmpty(poststart);
        poststop = Absent.orEmpty(poststop);
    }

    /** When a hook is run, in the order of a container's life. */
    public enum Stage {
        PRESTART("prestart"),
        CREATE_RUNTIME("createRuntime"),
        CREATE_CONTAINER("createContainer"),
        START_CONTAINER("startContainer"),
        POSTSTART("poststart"),
        POSTSTOP("poststop");

        private final String field;

        Stage(String field) {
            this.field = field;
        }

        /** Its name in the configuration. */
        public String field() {
            return field;
        }
    }

    /** The hooks of a stage, in their order. */
    public List<Hook> of(Stage stage) {
        return switch (stage) {
            case PRESTART -> prestart;
            case CREATE_RUNTIME -> createRuntime;
            case CREATE_CONTAINER -> createContainer;
            case START_CONTAINER -> startContainer;
            case POSTSTART -> poststart;
            case POSTSTOP -> poststop;
        };
    }

    /** Whether there is none. */
    public boolean none() {
        return Arrays.stream(Stage.values()).allMatch(stage -> of(stage).isEmpty());
    }

    /**
     * A program.
     *
     * @param path absolute
     * @param args with the program's name first; empty: the path alone
     * @param env the whole environment, {@code KEY=value}
     * @param timeout seconds after which it is killed; absent: ten minutes
     */
    public record Hook(
            String path, List<String> args, List<String> env, Optional<Integer> timeout) {
        private static final int MOST = 86_400;

        /** Checks the path and the timeout. */
        public Hook {
            args = Absent.orEmpty(args);
            env = Absent.orEmpty(env);
            timeout = Absent.orEmpty(timeout);
            if (path == null || !path.startsWith("/")) {
                throw FaultException.invalid(
                        "hooks: path %s is not an absolute path", Names.quote(path));
            }
            if (timeout.isPresent() && (timeout.get() < 1 || timeout.get() > MOST)) {
                throw FaultException.invalid(
                        "hooks: timeout %d of %s is not within 1..%d seconds",
                        timeout.get(), Names.quote(path), MOST);
            }
            for (String entry : env) {
                if (entry.indexOf('=') < 1) {
                    throw FaultException.invalid(
                            "hooks: env of %s: an entry is not KEY=value", Names.quote(path));
                }
            }
        }
    }
}
