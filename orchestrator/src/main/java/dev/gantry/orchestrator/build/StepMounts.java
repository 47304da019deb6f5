package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.storage.BuildFiles;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.orchestrator.build.dockerfile.Instruction;
import dev.gantry.orchestrator.build.dockerfile.RunMount;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The mounts of a RUN. Nothing of the host is ever mounted by a path that a Dockerfile names: files
 * of the context, a stage or an image are copied aside beneath the tree that they come from, and
 * the copy is mounted (security.md row 26).
 */
final class StepMounts implements AutoCloseable {
    private static final int SCRIPT_MODE = 0555;

    private final BuildRun run;
    private final StageBuild stage;
    private final Instruction.Run instruction;
    private final List<RunMount> mounts = new ArrayList<>();
    private final List<String> matters = new ArrayList<>();
    private final List<CacheMounts.Taken> caches = new ArrayList<>();
    private final List<String> laidOut = new ArrayList<>();

    /** Reads them, and looks at the files of bind mounts: they are part of what the step is. */
    StepMounts(BuildRun run, StageBuild stage, Instruction.Run instruction) {
        this.run = run;
        this.stage = stage;
        this.instruction = instruction;
        for (var text : instruction.mounts()) {
            var place = instruction.place();
            var mount = RunMount.parse(place, stage.configuring().word(place, text));
            mounts.add(mount);
            matters.add(mount.toString());
            if (mount instanceof RunMount.Bind bind) {
                matters.add(run.images().step(new BuildStep.Digest(files(bind))).digest());
            }
        }
    }

    /** What of them is part of the step: all but what caches and secrets hold. */
    List<String> matters() {
        return matters;
    }

    private BuildFiles files(RunMount.Bind bind) {
        var place = instruction.place();
        return new BuildFiles(
                Optional.of(CopyStep.source(run, stage, place, bind.from())),
                List.of(CopyStep.path(place, bind.source())),
                List.of(),
                "/",
                Optional.empty(),
                Optional.empty(),
                List.of(),
                false,
                false);
    }

    /** Lays out what they need. */
    List<OciMount> lay() {
        var all = new ArrayList<OciMount>();
        for (var mount : mounts) {
            var target = stage.configuring().absolute(mount.target());
            switch (mount) {
                case RunMount.Cache cache -> all.add(cache(cache, target));
                case RunMount.Bind bind -> {
                    var name = fresh();
                    var path = run.images().step(new BuildStep.Offer(name, files(bind))).path();
                    all.add(bound(target, path, !bind.writable()));
                }
                case RunMount.Secret secret -> secret(secret, target).ifPresent(all::add);
                case RunMount.Tmpfs tmpfs -> {
                    var options = new ArrayList<>(List.of("exec"));
                    tmpfs.bytes().ifPresent(bytes -> options.add("size=" + bytes));
                    all.add(new OciMount(target, "tmpfs", "tmpfs", options));
                }
            }
        }
        return all;
    }

    private String fresh() {
        var name = run.build().freshName();
        run.laidOut(name);
        laidOut.add(name);
        return name;
    }

    private static OciMount bound(String target, String path, boolean readOnly) {
        return new OciMount(
                target, "bind", path, readOnly ? List.of("rbind", "ro") : List.of("rbind"));
    }

    private OciMount cache(RunMount.Cache cache, String target) {
        var taken = run.cacheMounts().take(cache, run.build()::check);
        caches.add(taken);
        var path =
                run.images()
                        .step(
                                new BuildStep.Cache(
                                        taken.volume(), cache.uid(), cache.gid(), cache.mode()))
                        .path();
        return bound(target, path, cache.readOnly());
    }

    private Optional<OciMount> secret(RunMount.Secret secret, String target) {
        var content = run.build().spec().secrets().get(secret.id());
        if (content == null) {
            if (secret.required()) {
                throw instruction
                        .place()
                        .refuse(
                                "the secret %s was not given: --secret id=%s",
                                secret.id(), secret.id());
            }
            return Optional.empty();
        }
        var path =
                run.images()
                        .step(
                                new BuildStep.Secret(
                                        fresh(),
                                        content,
                                        secret.uid(),
                                        secret.gid(),
                                        secret.mode()))
                        .path();
        return Optional.of(bound(target, path, true));
    }

    /** A script that is executed itself. */
    OciMount script(String target, String text) {
        var content = text.getBytes(StandardCharsets.UTF_8);
        var path =
                run.images().step(new BuildStep.Secret(fresh(), content, 0, 0, SCRIPT_MODE)).path();
        return bound(target, path, true);
    }

    /** Gives the caches back and takes away what was laid out. */
    @Override
    public void close() {
        caches.forEach(CacheMounts.Taken::close);
        caches.clear();
        if (!laidOut.isEmpty()) {
            run.images().step(new BuildStep.Forget(laidOut));
            laidOut.clear();
        }
    }
}
