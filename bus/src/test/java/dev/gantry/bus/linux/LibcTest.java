package dev.gantry.bus.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

class LibcTest {
    private static final MethodHandle OPEN =
            Libc.variadic("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), 2);

    @Test
    void theValueComesBackAndTheDescriptorIsClosedOnce() {
        var opened = open("/dev/null");

        assertThat(opened.failed()).isFalse();
        assertThat(Libc.close((int) opened.value()).failed()).isFalse();
        assertThat(Libc.close((int) opened.value()).answer()).isEqualTo("EBADF");
    }

    @Test
    void theErrnoBelongsToItsCall() {
        var absent = open("/nonexistent/file");
        var notADirectory = open("/dev/null/file");

        assertThat(absent.answer()).isEqualTo("ENOENT");
        assertThat(notADirectory.answer()).isEqualTo("ENOTDIR");
        assertThatThrownBy(() -> absent.orThrow("open %s", "/nonexistent/file"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("open /nonexistent/file: ENOENT");
    }

    @Test
    void anInterruptedCallIsMadeAgain() {
        var calls = new int[1];

        var result =
                Libc.call(
                        (errno, arena) -> {
                            calls[0]++;
                            errno.set(JAVA_INT, 0, calls[0] < 3 ? Errno.EINTR : 0);
                            return calls[0] < 3 ? -1 : 7;
                        });

        assertThat(result).isEqualTo(new SyscallResult(7, 0));
        assertThat(calls[0]).isEqualTo(3);
    }

    @Test
    void aDefectIsNotAResult() {
        assertThatThrownBy(
                        () ->
                                Libc.call(
                                        (errno, arena) -> {
                                            throw new IOException("not a call");
                                        }))
                .isInstanceOf(LinkageError.class)
                .hasRootCauseMessage("not a call");
    }

    private static SyscallResult open(String path) {
        return Libc.call(
                (errno, arena) -> (int) OPEN.invokeExact(errno, arena.allocateFrom(path), 0));
    }
}
