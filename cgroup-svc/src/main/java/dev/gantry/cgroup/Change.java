package dev.gantry.cgroup;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.cgroup.controller.DevicePolicy;
import dev.gantry.cgroup.kernel.CgroupKernel;

import java.util.regex.Pattern;

/** One change to a cgroup: a value that can be shown, carried out, and undone. */
sealed interface Change {
    /** The directory or file that it changes. */
    String path();

    /** As a step of a plan that is not carried out. */
    PlanStep planned();

    /** Does it. */
    SyscallResult carryOut(CgroupKernel kernel);

    /** How a fault names it. */
    String words();

    /** Makes a group; one that is there is fine. */
    record Make(String path) implements Change {
        @Override
        public PlanStep planned() {
            return step("mkdir", path, "mkdir -p " + Shell.quote(path));
        }

        @Override
        public SyscallResult carryOut(CgroupKernel kernel) {
            return kernel.mkdir(path);
        }

        @Override
        public String words() {
            return "mkdir " + path;
        }
    }

    /** Removes an empty group; an absent one is fine. */
    record Remove(String path) implements Change {
        @Override
        public PlanStep planned() {
            return step("rmdir", path, "rmdir " + Shell.quote(path));
        }

        @Override
        public SyscallResult carryOut(CgroupKernel kernel) {
            var answer = kernel.rmdir(path);
            return answer.errno() == Errno.ENOENT ? new SyscallResult(0, 0) : answer;
        }

        @Override
        public String words() {
            return "rmdir " + path;
        }
    }

    /** Writes a value to a file. */
    record Write(String path, String value) implements Change {
        @Override
        public PlanStep planned() {
            return step(
                    "write",
                    path + " = " + value,
                    "echo " + Shell.quote(value) + " > " + Shell.quote(path));
        }

        @Override
        public SyscallResult carryOut(CgroupKernel kernel) {
            return kernel.write(path, value);
        }

        @Override
        public String words() {
            return "write " + value + " to " + path;
        }
    }

    /** Attaches a device filter in the place of the one that is there. */
    record AttachDevices(String path, DevicePolicy policy) implements Change {
        @Override
        public PlanStep planned() {
            var rules =
                    policy.exceptions().stream()
                            .map(DevicePolicy.Rule::line)
                            .collect(java.util.stream.Collectors.joining(", "));
            var words = (policy.allowAll() ? "all devices but " : "no device but ") + rules;
            // No command attaches such a program without an object file of it: said as a comment.
            return step(
                    "bpf BPF_PROG_ATTACH cgroup_device",
                    path + ": " + words,
                    "# bpf(2): attach a cgroup_device program to "
                            + path
                            + " that allows "
                            + words);
        }

        @Override
        public SyscallResult carryOut(CgroupKernel kernel) {
            var program = kernel.loadDeviceProgram(dev.gantry.cgroup.v2.Devices.program(policy));
            if (program.failed()) {
                return program;
            }
            var group = kernel.open(path);
            try {
                return group.failed()
                        ? group
                        : kernel.attachDeviceProgram((int) group.value(), (int) program.value());
            } finally {
                kernel.close((int) program.value());
                if (!group.failed()) {
                    kernel.close((int) group.value());
                }
            }
        }

        @Override
        public String words() {
            return "attach a device filter to " + path;
        }
    }

    private static PlanStep step(String operation, String detail, String shell) {
        return PlanStep.planned("cgroup-svc", operation, detail, shell);
    }

    /** Quoting for sh(1). */
    final class Shell {
        private static final Pattern PLAIN = Pattern.compile("[a-zA-Z0-9_./:=-]+");

        private Shell() {}

        static String quote(String word) {
            return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
        }
    }
}
