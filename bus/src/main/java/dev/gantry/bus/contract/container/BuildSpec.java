package dev.gantry.bus.contract.container;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An image to be built, in the terms of {@code docker build}.
 *
 * @param dockerfile the text itself; {@code file} is its name, for errors
 * @param context a directory of the host; empty: there is none
 * @param ignored patterns of the context's {@code .dockerignore}, in order
 * @param target the stage to be built; empty: the last
 * @param platform {@code os/architecture}; empty: the host's
 * @param pull whether images of FROM and {@code --from} must be newly pulled
 * @param pulled digests of the manifests that were pulled for this build, by the subject of the
 *     fault that asked for them: one that is not there, is there for another platform, or is not
 *     yet pulled, is a NOT_FOUND of the operation {@link #MISSING_IMAGE} whose subject is its name,
 *     followed by a blank and the platform if that is not the host's. Who builds pulls it, without
 *     giving it a name in the latter case, and begins again
 * @param network of RUN steps: a network's name, {@code none} or {@code host}
 * @param secrets what {@code RUN --mount=type=secret} may ask for, by id
 */
public record BuildSpec(
        String dockerfile,
        String file,
        Optional<String> context,
        List<String> ignored,
        List<String> tags,
        Map<String, String> buildArgs,
        Map<String, String> labels,
        Optional<String> target,
        Optional<String> platform,
        boolean noCache,
        boolean pull,
        Map<String, String> pulled,
        Optional<String> network,
        Map<String, byte[]> secrets) {
    /** The operation of a fault that says which image is to be pulled. */
    public static final String MISSING_IMAGE = "build base";

    private static final int MAX_ENTRIES = 1_000;

    /** Checks names and paths; absent parts are empty. */
    public BuildSpec {
        dockerfile = Absent.orEmpty(dockerfile);
        file = file == null || file.isEmpty() ? "Dockerfile" : file;
        context = Absent.orEmpty(context);
        context.filter(path -> !path.startsWith("/"))
                .ifPresent(
                        path -> {
                            throw FaultException.invalid(
                                    "context %s is not absolute", Names.quote(path));
                        });
        ignored = Absent.orEmpty(ignored);
        tags = Absent.orEmpty(tags);
        tags.forEach(BuildSpec::checkTag);
        buildArgs = Absent.orEmpty(buildArgs);
        labels = Absent.orEmpty(labels);
        target = Absent.orEmpty(target);
        platform = Absent.orEmpty(platform);
        pulled = Absent.orEmpty(pulled);
        network = Absent.orEmpty(network);
        secrets = Absent.orEmpty(secrets);
        if (tags.size() + buildArgs.size() + labels.size() + secrets.size() > MAX_ENTRIES) {
            throw FaultException.invalid(
                    "more than %d tags, build arguments, labels and secrets", MAX_ENTRIES);
        }
    }

    private static void checkTag(String tag) {
        References.check(tag);
        if (tag.contains("@") || tag.startsWith("sha256:")) {
            throw FaultException.invalid("%s is a digest, not a name", tag);
        }
    }
}
