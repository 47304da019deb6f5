package dev.gantry.orchestrator.oci;

import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;

/** Sends signals to a container's processes. */
final class Signalling {
    static final int KILL = 9;
    private final Services services;

    Signalling(Services services) {
        this.services = services;
    }

    /** To its init, if that is still the process that it was. */
    void init(ContainerState state, int signal) {
        send(state.pid(), state.startTime(), signal);
    }

    /** To each of its processes; none left is no error. */
    void all(ContainerState state, int signal) {
        try {
            if (signal == KILL) {
                services.ask(new CgroupOperation.Kill(state.key()));
                return;
            }
            for (long pid : services.ask(new CgroupOperation.Processes(state.key())).pids()) {
                send(pid, ProcStat.startTime(pid), signal);
            }
        } catch (FaultException e) {
            if (e.fault().code() != FaultCode.NOT_FOUND) {
                throw e;
            }
        }
    }

    /** Made when it is needed: to link it costs more than most commands take. */
    private static final class Kernel {
        static final OciKernel LINUX = new LinuxOciKernel();
    }

    /** To a process, if it is still the one that it was. */
    void send(long pid, long startTime, int signal) {
        var kernel = Kernel.LINUX;
        var opened = kernel.pidfdOpen(pid);
        if (opened.errno() == Errno.ESRCH) {
            return;
        }
        int fd = (int) opened.orThrow("pidfd_open %d", pid);
        try {
            // the descriptor holds the process: it is checked after it was opened
            if (!ProcStat.lives(pid, startTime)) {
                return;
            }
            var sent = kernel.pidfdSendSignal(fd, signal);
            if (sent.errno() != Errno.ESRCH) {
                sent.orThrow("send signal %d to process %d", signal, pid);
            }
        } finally {
            kernel.close(fd);
        }
    }
}
