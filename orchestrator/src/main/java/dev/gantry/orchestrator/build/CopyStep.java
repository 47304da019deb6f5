package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.BuildFiles;
import dev.gantry.bus.contract.storage.BuildFiles.Owner;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.build.dockerfile.Heredoc;
import dev.gantry.orchestrator.build.dockerfile.Instruction;
import dev.gantry.orchestrator.build.dockerfile.Place;
import dev.gantry.orchestrator.spec.UserDatabase;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Carries out COPY, ADD and WORKDIR: layers of files, made without a container. */
final class CopyStep {
    private final BuildRun run;
    private final StageBuild stage;

    CopyStep(BuildRun run, StageBuild stage) {
        this.run = run;
        this.stage = stage;
    }

    void workdir(Instruction.Workdir workdir) {
        var path = stage.configuring().workdir(workdir);
        var line = Configuring.line("WORKDIR " + path);
        var before = stage.state().image();
        stage.layer(
                StepKey.of(stage, run.epoch(), "workdir", path),
                () ->
                        run.images()
                                .step(
                                        new BuildStep.Add(
                                                stage.recipe(line, Optional.empty()),
                                                BuildFiles.directory(path))),
                true);
        if (stage.state().image().equals(before)) {
            stage.state().step(line); // the directory was there: a line without a layer
        }
    }

    void carryOut(Instruction.Copy copy) {
        var files = files(copy);
        var line = Configuring.line(copy.text());
        var content = run.costly(() -> run.images().step(new BuildStep.Digest(files)));
        stage.layer(
                key(copy, files, content.digest()),
                () ->
                        run.images()
                                .step(
                                        new BuildStep.Add(
                                                stage.recipe(line, Optional.empty()), files)),
                // What was copied counts: the files may have changed since they were looked at.
                made -> key(copy, files, made.content()),
                true);
    }

    private String key(Instruction.Copy copy, BuildFiles files, String content) {
        return StepKey.of(
                stage,
                run.epoch(),
                copy.add() ? "add" : "copy",
                copy.text(),
                files.paths(),
                files.destination(),
                files.parents(),
                content);
    }

    private BuildFiles files(Instruction.Copy copy) {
        var place = copy.place();
        var configuring = stage.configuring();
        var paths = new ArrayList<String>();
        for (var source : copy.sources()) {
            paths.add(path(place, configuring.word(place, source)));
        }
        var inline = new ArrayList<BuildFiles.Inline>();
        for (var heredoc : copy.inline()) {
            inline.add(inline(place, heredoc));
        }
        var destination = configuring.word(place, copy.destination());
        if (destination.isEmpty()) {
            throw place.refuse("the destination is empty");
        }
        boolean directory =
                destination.endsWith("/") || destination.equals(".") || destination.endsWith("/.");
        if (paths.size() + inline.size() > 1 && !directory) {
            throw place.refuse(
                    "with more than one source, the destination %s must end with a slash",
                    Names.quote(destination));
        }
        var absolute = configuring.absolute(destination);
        var excludes = copy.excludes().stream().map(text -> configuring.word(place, text)).toList();
        return new BuildFiles(
                paths.isEmpty() ? Optional.empty() : Optional.of(source(place, copy.from())),
                paths,
                inline,
                directory && !absolute.endsWith("/") ? absolute + "/" : absolute,
                owner(place, configuring.word(place, copy.chown())),
                mode(place, configuring.word(place, copy.chmod())),
                excludes,
                copy.parents(),
                copy.add());
    }

    private BuildFiles.Inline inline(Place place, Heredoc heredoc) {
        var content =
                heredoc.expand()
                        ? stage.configuring().heredoc(place, heredoc.content())
                        : heredoc.content();
        try {
            return new BuildFiles.Inline(heredoc.name(), content);
        } catch (FaultException e) {
            throw BuildRun.at(place, e);
        }
    }

    /** What leads out of the tree is refused here, where its line is known. */
    static String path(Place place, String path) {
        int depth = 0;
        for (var part : path.split("/")) {
            depth += part.isEmpty() || part.equals(".") ? 0 : part.equals("..") ? -1 : 1;
            if (depth < 0) {
                throw place.refuse("%s leads out of the context", Names.quote(path));
            }
        }
        return path;
    }

    /** The tree that {@code --from} means; empty: the context. */
    private BuildFiles.Source source(Place place, String from) {
        return source(run, stage, place, from);
    }

    static BuildFiles.Source source(BuildRun run, StageBuild stage, Place place, String from) {
        if (from.isEmpty()) {
            return new BuildFiles.Context(run.context(place), run.build().spec().ignored());
        }
        var other = run.names().from(place, from, stage.index());
        if (other.isPresent()) {
            return new BuildFiles.FromImage(run.stage(other.getAsInt()).digest());
        }
        try {
            References.check(from);
        } catch (FaultException e) {
            throw BuildRun.at(place, e);
        }
        return new BuildFiles.FromImage(
                run.images().base(from, stage.platform(), run.build().spec()).image().digest());
    }

    /** Numbers are numbers; names are looked up in the image (security.md row 12). */
    private Optional<Owner> owner(Place place, String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            if (text.matches("[0-9]{1,10}")) {
                long id = Long.parseLong(text);
                return Optional.of(new Owner(id, id));
            }
            if (text.matches("[0-9]{1,10}:[0-9]{1,10}")) {
                int colon = text.indexOf(':');
                return Optional.of(
                        new Owner(
                                Long.parseLong(text.substring(0, colon)),
                                Long.parseLong(text.substring(colon + 1))));
            }
            var accounts =
                    stage.state()
                            .image()
                            .map(image -> run.images().step(new BuildStep.Describe(image)));
            var user =
                    new UserDatabase(
                                    accounts.map(a -> a.passwd()).orElse(""),
                                    accounts.map(a -> a.group()).orElse(""))
                            .resolve(text, List.of())
                            .user();
            return Optional.of(new Owner(user.uid(), user.gid()));
        } catch (FaultException e) {
            throw place.refuse("--chown=%s: %s", text, e.fault().message());
        }
    }

    private static Optional<Integer> mode(Place place, String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        if (!text.matches("[0-7]{1,5}") || Integer.parseInt(text, 8) > 07777) {
            throw place.unsupported(
                    "--chmod=%s: only octal digits up to 7777 are understood", Names.quote(text));
        }
        return Optional.of(Integer.parseInt(text, 8));
    }
}
