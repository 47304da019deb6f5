package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.container.BuildResult.Kind;
import dev.gantry.bus.contract.storage.BuildRecipe;
import dev.gantry.bus.contract.storage.BuildResult.Made;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.build.dockerfile.Dockerfile;
import dev.gantry.orchestrator.build.dockerfile.Expansion;
import dev.gantry.orchestrator.build.dockerfile.Instruction;
import dev.gantry.orchestrator.build.dockerfile.Place;
import dev.gantry.orchestrator.build.dockerfile.Stage;
import dev.gantry.orchestrator.model.Clock;
import dev.gantry.orchestrator.services.Services;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Builds one stage: its instructions in order, each on what those before it came to. */
final class StageBuild {
    private static final String PATH =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final BuildRun run;
    private final int index;
    private final Stage stage;
    private final String name;
    private ImageState state;
    private BuildArguments arguments;
    private Configuring configuring;
    private Progress.Step step;
    private Place place;
    private Platform platform;

    StageBuild(BuildRun run, int index) {
        this.run = run;
        this.index = index;
        this.stage = run.dockerfile().stages().get(index);
        this.name = stage.name().orElse(run.dockerfile().stages().size() == 1 ? "" : "" + index);
        this.place = stage.place();
    }

    /** Builds it; a fault names the line. */
    StageResult run() {
        try {
            return build();
        } catch (RuntimeException e) {
            var fault = BuildRun.at(place, Services.fault(e));
            if (step != null) {
                tell(Kind.FAILED, fault.fault().message(), Optional.empty());
            }
            throw fault;
        }
    }

    private StageResult build() {
        step = new Progress.Step(name, 1, 1 + stage.instructions().size());
        tell(Kind.STEP, stage.text(), Optional.empty());
        var instructions = new ArrayList<>(base());
        tell(Kind.DONE, "", state.id());
        instructions.addAll(stage.instructions());
        int number = 1;
        for (var instruction : instructions) {
            run.build().check();
            place = instruction.place();
            step = new Progress.Step(name, ++number, 1 + instructions.size());
            tell(Kind.STEP, instruction.text(), Optional.empty());
            carryOut(instruction);
        }
        if (run.isTarget(index)) {
            configuring.labels(run.build().spec().labels());
        }
        run.used(arguments.used());
        return finish();
    }

    private void tell(Kind kind, String text, Optional<String> image) {
        run.build().progress().tell(kind, step, text, image);
    }

    /** Takes what the stage stands on; what that wants done first. */
    private List<Instruction> base() {
        var outer = run.arguments().variables(java.util.Map.of());
        char escape = run.dockerfile().escape();
        var reference = Expansion.word(place, escape, outer, stage.base());
        var asked =
                stage.platform()
                        .map(text -> Expansion.word(place, escape, outer, text))
                        .filter(text -> !text.isEmpty())
                        .map(this::platform);
        platform = asked.orElse(run.target());
        arguments = run.arguments().stage();
        var below = run.names().base(reference, index);
        if (below.isPresent()) {
            var result = run.stage(below.getAsInt());
            if (asked.isPresent() && !asked.get().equals(result.platform())) {
                throw place.refuse(
                        "stage %s is for %s, not for %s",
                        reference, result.platform(), asked.get());
            }
            platform = result.platform();
            state = ImageState.over(result.digest(), result.id(), result.config());
        } else if (reference.equals("scratch")) {
            state = ImageState.scratch();
        } else {
            check(reference);
            var image = run.images().base(reference, platform, run.build().spec());
            state =
                    ImageState.over(
                            image.image().digest(),
                            image.image().id(),
                            image.document().path("config"));
        }
        configuring = new Configuring(state, arguments, escape);
        if (!state.environment().containsKey("PATH")) {
            state.environment("PATH", PATH);
        }
        return triggers();
    }

    private Platform platform(String text) {
        try {
            return Platform.parse(text);
        } catch (FaultException e) {
            throw BuildRun.at(place, e);
        }
    }

    private void check(String reference) {
        try {
            References.check(reference);
        } catch (FaultException e) {
            throw place.refuse("FROM: %s", e.fault().message());
        }
    }

    private List<Instruction> triggers() {
        var triggers = new ArrayList<Instruction>();
        for (var trigger : state.texts("OnBuild")) {
            triggers.add(Dockerfile.trigger(place, trigger));
        }
        state.remove("OnBuild");
        return triggers;
    }

    private void carryOut(Instruction instruction) {
        switch (instruction) {
            case Instruction.Run it -> new RunStep(run, this).carryOut(it);
            case Instruction.Copy it -> new CopyStep(run, this).carryOut(it);
            case Instruction.Workdir it -> new CopyStep(run, this).workdir(it);
            case Instruction.Env it -> configuring.env(it);
            case Instruction.Label it -> configuring.label(it);
            case Instruction.Arg it -> configuring.arg(it);
            case Instruction.User it -> configuring.user(it);
            case Instruction.Expose it -> configuring.expose(it);
            case Instruction.Volume it -> configuring.volume(it);
            case Instruction.Cmd it -> configuring.cmd(it);
            case Instruction.Entrypoint it -> configuring.entrypoint(it);
            case Instruction.Shell it -> configuring.shell(it);
            case Instruction.StopSignal it -> configuring.stopSignal(it);
            case Instruction.Healthcheck it -> configuring.healthcheck(it);
            case Instruction.OnBuild it -> configuring.onBuild(it);
            case Instruction.Maintainer it -> configuring.maintainer(it);
        }
    }

    /** The image of all that was said, made if it is not there. */
    private StageResult finish() {
        if (state.isAhead()) {
            layer(
                    StepKey.of(this, run.epoch(), "image"),
                    () -> run.images().step(new BuildStep.Configure(recipe("", Optional.empty()))),
                    false);
        }
        return new StageResult(
                state.image().orElseThrow(), state.id().orElseThrow(), state.config(), platform);
    }

    /** What storage-svc is told of the next image. */
    BuildRecipe recipe(String createdBy, Optional<String> reference) {
        long now = Clock.nowNanos();
        return new BuildRecipe(
                state.image(),
                state.config(),
                state.steps(),
                createdBy,
                state.author(),
                run.epoch().orElse(now / 1_000_000_000L),
                run.epoch().isPresent() ? 0 : (int) (now % 1_000_000_000L),
                run.epoch(),
                reference,
                Optional.of(platform.toString()));
    }

    /**
     * Comes to the next image: by the cache, or by making it.
     *
     * @param key of the step
     * @param told whether the outcome is a line of the progress
     */
    void layer(String key, java.util.function.Supplier<Made> making, boolean told) {
        layer(key, making, made -> key, told);
    }

    /** The same; the key under which it is remembered may be another than that it is sought by. */
    void layer(
            String key,
            java.util.function.Supplier<Made> making,
            Function<Made, String> remembered,
            boolean told) {
        var known = run.build().spec().noCache() ? Optional.<Known>empty() : known(key);
        if (known.isPresent()) {
            came(known.get().image(), told ? Optional.of(Kind.CACHED) : Optional.empty());
            return;
        }
        var made = run.costly(making);
        run.cache().put(remembered.apply(made), made.image().map(Image::digest).orElse(""));
        came(made.image(), told ? Optional.of(Kind.DONE) : Optional.empty());
    }

    private void came(Optional<Image> image, Optional<Kind> told) {
        image.ifPresent(state::made);
        told.ifPresent(kind -> tell(kind, "", image.map(Image::id)));
    }

    /** What a step came to before: an image, or nothing. */
    private record Known(Optional<Image> image) {}

    /** What a step came to before, if that is still there. */
    private Optional<Known> known(String key) {
        var entry = run.cache().find(key);
        if (entry.isEmpty()) {
            return Optional.empty();
        }
        if (entry.get().image().isEmpty()) {
            return Optional.of(new Known(Optional.empty()));
        }
        var image = run.images().find(entry.get().image());
        if (image.isEmpty()) {
            run.cache().forget(key);
            return Optional.empty();
        }
        return Optional.of(new Known(image));
    }

    Platform platform() {
        return platform;
    }

    ImageState state() {
        return state;
    }

    Configuring configuring() {
        return configuring;
    }

    BuildArguments arguments() {
        return arguments;
    }

    Progress.Step step() {
        return step;
    }

    int index() {
        return index;
    }
}
