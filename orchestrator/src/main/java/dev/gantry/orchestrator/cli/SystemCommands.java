package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerResult.Summary;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.DiskUsage;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.LayerUsage;
import dev.gantry.bus.contract.storage.StorageResult.Volume;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** {@code system}: what the whole takes of the disk, and giving back what nothing uses. */
@Command(
        name = "system",
        mixinStandardHelpOptions = true,
        description = "All of it: df, prune.",
        subcommands = {SystemCommands.DiskFree.class, PruneCommands.Everything.class})
final class SystemCommands implements Callable<Integer>, Above {
    @ParentCommand GantryCommand gantry;

    @Override
    public GantryCommand gantry() {
        return gantry;
    }

    @Override
    public Integer call() {
        throw FaultException.invalid("system: no command is named; gantry system --help");
    }

    @Command(
            name = "df",
            mixinStandardHelpOptions = true,
            description = "Print what images, containers and volumes take of the disk.")
    static final class DiskFree implements Callable<Integer> {
        @ParentCommand Above above;

        @Option(
                names = {"-v", "--verbose"},
                description = "each of them")
        boolean verbose;

        @Option(
                names = "--format",
                paramLabel = "FORMAT",
                description = "json, text with {{.Type}} {{.Size}}, or table and such text")
        String format;

        private GantryCommand gantry;
        private List<Image> images;
        private List<Summary> containers;
        private List<Volume> volumes;
        private DiskUsage usage;
        private Map<String, Long> layerBytes;

        @Override
        public Integer call() {
            gantry = above.gantry();
            var engine = gantry.engine();
            images = engine.storage(new StorageOperation.Images()).images();
            containers = VolumeCommands.containers(engine);
            volumes = VolumeCommands.all(engine);
            usage = engine.storage(new StorageOperation.Usage(List.of()));
            if (verbose) {
                each();
            } else {
                sums();
            }
            return 0;
        }

        private void sums() {
            var rows = new Rows("Type", "TotalCount", "Active", "Size", "Reclaimable");
            rows.titled("TotalCount", "TOTAL");
            var used = containers.stream().map(Summary::imageId).collect(Collectors.toSet());
            var needed =
                    images.stream()
                            .filter(image -> used.contains(image.id()))
                            .map(Image::digest)
                            .collect(Collectors.toSet());
            long all = usage.layers().stream().mapToLong(LayerUsage::bytes).sum();
            long idle =
                    usage.layers().stream()
                            .filter(layer -> layer.images().stream().noneMatch(needed::contains))
                            .mapToLong(LayerUsage::bytes)
                            .sum();
            add(rows, "Images", images.size(), needed.size(), all, idle);
            var running =
                    containers.stream()
                            .filter(c -> c.state().equals("running") || c.state().equals("paused"))
                            .map(Summary::id)
                            .collect(Collectors.toSet());
            add(
                    rows,
                    "Containers",
                    containers.size(),
                    running.size(),
                    layers(null),
                    layers(running));
            var inUse =
                    containers.stream()
                            .flatMap(c -> c.volumes().stream())
                            .collect(Collectors.toSet());
            long mounted = volumes.stream().filter(v -> inUse.contains(v.name())).count();
            add(rows, "Local Volumes", volumes.size(), mounted, inVolumes(null), inVolumes(inUse));
            rows.print(gantry.out(), format);
        }

        private long layers(Set<String> except) {
            return usage.snapshots().stream()
                    .filter(s -> except == null || !except.contains(s.containerId()))
                    .mapToLong(s -> s.size().bytes())
                    .sum();
        }

        private long inVolumes(Set<String> except) {
            return usage.volumes().stream()
                    .filter(v -> except == null || !except.contains(v.name()))
                    .mapToLong(v -> v.size().bytes())
                    .sum();
        }

        private static void add(
                Rows rows, String type, long total, long active, long size, long reclaimable) {
            long percent = size == 0 ? 0 : 100 * reclaimable / size;
            var row = Json.mapper().createObjectNode();
            row.put("Type", type);
            row.put("TotalCount", Long.toString(total));
            row.put("Active", Long.toString(active));
            row.put("Size", Sizes.human(size));
            row.put(
                    "Reclaimable",
                    Sizes.human(reclaimable) + (size == 0 ? "" : " (" + percent + "%)"));
            rows.add(row);
        }

        private void each() {
            layerBytes = shared();
            var out = gantry.out();
            out.println("Images space usage:\n");
            var table =
                    new Rows(
                                    "Repository",
                                    "Tag",
                                    "ID",
                                    "CreatedSince",
                                    "Size",
                                    "SharedSize",
                                    "UniqueSize",
                                    "Containers")
                            .titled("ID", "IMAGE ID");
            for (var image : images) {
                long shared = layerBytes.getOrDefault(image.digest(), 0L);
                long count =
                        containers.stream().filter(c -> c.imageId().equals(image.id())).count();
                var names = image.references().isEmpty() ? List.of("") : image.references();
                for (var name : names) {
                    table.add(
                            ImageRows.row(image, name, false)
                                    .put("SharedSize", Sizes.human(shared))
                                    .put("UniqueSize", Sizes.human(image.sizeBytes() - shared))
                                    .put("Containers", count));
                }
            }
            table.print(out, null);
            out.println("\nContainers space usage:\n");
            var own =
                    new Rows(
                                    "ID",
                                    "Image",
                                    "Command",
                                    "LocalVolumes",
                                    "Size",
                                    "CreatedSince",
                                    "Status",
                                    "Names")
                            .titled("ID", "CONTAINER ID");
            for (var container : containers) {
                own.add(
                        Json.mapper()
                                .createObjectNode()
                                .put("ID", LookCommands.shortId(container.id()))
                                .put("Image", container.image())
                                .put("Command", LookCommands.command(container, false))
                                .put("LocalVolumes", container.volumes().size())
                                .put("Size", Sizes.human(layer(container.id())))
                                .put("CreatedSince", Sizes.ago(container.created()))
                                .put("Status", container.status())
                                .put("Names", container.name()));
            }
            own.print(out, null);
            out.println("\nLocal Volumes space usage:\n");
            var rows = new Rows("Name", "Links", "Size").titled("Name", "VOLUME NAME");
            for (var use : usage.volumes()) {
                rows.add(
                        Json.mapper()
                                .createObjectNode()
                                .put("Name", use.name())
                                .put("Links", VolumeCommands.users(use.name(), containers).size())
                                .put("Size", Sizes.human(use.size().bytes())));
            }
            rows.print(out, null);
        }

        private long layer(String container) {
            return usage.snapshots().stream()
                    .filter(s -> s.containerId().equals(container))
                    .mapToLong(s -> s.size().bytes())
                    .sum();
        }

        /** Of each image by its digest, the bytes of the layers that others have too. */
        private Map<String, Long> shared() {
            return usage.layers().stream()
                    .filter(layer -> layer.images().size() > 1)
                    .flatMap(layer -> layer.images().stream().map(i -> Map.entry(i, layer.bytes())))
                    .collect(
                            Collectors.groupingBy(
                                    Map.Entry::getKey,
                                    Collectors.summingLong(Map.Entry::getValue)));
        }
    }
}
