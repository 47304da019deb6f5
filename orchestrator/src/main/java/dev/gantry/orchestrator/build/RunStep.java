package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.build.dockerfile.Command;
import dev.gantry.orchestrator.build.dockerfile.Instruction;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Carries out RUN: a container on the image so far, and a layer of what it changed. */
final class RunStep {
    /** Where something is mounted in every container: what is made there for that is no layer. */
    private static final List<String> MOUNTED =
            List.of("/proc", "/dev", "/sys", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname");

    private static final int LONGEST_LINE = 4_096;

    private final BuildRun run;
    private final StageBuild stage;

    RunStep(BuildRun run, StageBuild stage) {
        this.run = run;
        this.stage = stage;
    }

    void carryOut(Instruction.Run it) {
        var state = stage.state();
        if (state.image().isEmpty()) {
            throw it.place().refuse("RUN on scratch: there is nothing in it to run");
        }
        if (!Emulation.runs(stage.platform())) {
            throw it.place()
                    .unsupported(
                            "RUN in a stage for %s: this host is %s, and its kernel has no"
                                    + " interpreter for such programs (binfmt_misc with flag F; on"
                                    + " Debian: apt-get install qemu-user-static binfmt-support)",
                            stage.platform(), Platform.host());
        }
        var environment = state.environment();
        var visible = stage.arguments().visible(environment);
        var mounts = new StepMounts(run, stage, it);
        var script = script(it.command());
        var words = words(it.command(), script);
        var createdBy = createdBy(visible, words);
        var key =
                StepKey.of(
                        stage,
                        run.epoch(),
                        "run",
                        words,
                        script.orElse(""),
                        visible,
                        mounts.matters(),
                        network(it));
        stage.layer(
                key,
                () -> {
                    try (mounts) {
                        var all = new ArrayList<OciMount>(mounts.lay());
                        script.ifPresent(text -> all.add(mounts.script(SCRIPT, text)));
                        return made(it, words, environment(visible), all, createdBy);
                    }
                },
                true);
    }

    private static final String SCRIPT = "/dev/pipes/EOF";

    /** A heredoc alone that begins with {@code #!} is a program of its own. */
    private static Optional<String> script(Command command) {
        return command instanceof Command.Shell shell
                        && shell.heredocs().size() == 1
                        && shell.line().equals(shell.heredocs().getFirst().word())
                        && shell.heredocs().getFirst().content().startsWith("#!")
                ? Optional.of(shell.heredocs().getFirst().content())
                : Optional.empty();
    }

    private List<String> words(Command command, Optional<String> script) {
        return switch (command) {
            case Command.Exec(var words) -> words;
            case Command.Shell shell -> {
                var words = new ArrayList<>(stage.state().shell());
                words.add(script.isPresent() ? SCRIPT : shell.script());
                yield words;
            }
        };
    }

    private List<String> environment(Map<String, String> visible) {
        var all = new ArrayList<String>();
        stage.arguments().proxies().forEach((name, value) -> all.add(name + "=" + value));
        visible.forEach((name, value) -> all.add(name + "=" + value));
        all.addAll(stage.state().texts("Env"));
        return all;
    }

    private static String createdBy(Map<String, String> visible, List<String> words) {
        var line = new StringBuilder();
        if (!visible.isEmpty()) {
            line.append('|').append(visible.size());
            visible.forEach(
                    (name, value) -> line.append(' ').append(name).append('=').append(value));
            line.append(' ');
        }
        line.append(String.join(" ", words));
        return line.length() > LONGEST_LINE ? line.substring(0, LONGEST_LINE) : line.toString();
    }

    private String network(Instruction.Run it) {
        return it.network().equals("default")
                ? run.build().spec().network().filter(n -> !n.equals("default")).orElse("")
                : it.network();
    }

    private dev.gantry.bus.contract.storage.BuildResult.Made made(
            Instruction.Run it,
            List<String> words,
            List<String> environment,
            List<OciMount> mounts,
            String createdBy) {
        var state = stage.state();
        var order =
                new StepContainer.Order(
                        state.image().orElseThrow(),
                        words,
                        environment,
                        state.directory(),
                        state.text("User"),
                        network(it),
                        mounts);
        var stubs = new ArrayList<>(MOUNTED);
        mounts.forEach(mount -> stubs.add(mount.destination()));
        return new StepContainer(run.engine(), run.build())
                .run(
                        order,
                        stage.step(),
                        why -> failed(it, why),
                        id ->
                                run.images()
                                        .step(
                                                new BuildStep.Commit(
                                                        stage.recipe(createdBy, Optional.empty()),
                                                        id,
                                                        stubs)));
    }

    private static FaultException failed(Instruction.Run it, String why) {
        var text = it.text().lines().findFirst().orElse("");
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION,
                "%s: %s: %s",
                it.place(),
                text.length() > 200 ? text.substring(0, 200) + "…" : text,
                why);
    }
}
