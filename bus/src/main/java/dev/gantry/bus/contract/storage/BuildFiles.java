package dev.gantry.bus.contract.storage;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Optional;

/**
 * Files that a build adds to an image, as COPY and ADD of a Dockerfile mean them. Links in the
 * source are followed within it alone, those on the way to the destination within the image alone.
 *
 * @param source where they come from; empty: only {@code inline}, or nothing but a directory
 * @param paths patterns below the source's root ({@code *}, {@code ?}, {@code [a-z]})
 * @param inline files whose content is given here
 * @param destination absolute in the image; a directory if it ends with a slash
 * @param owner of everything that is added; empty: root of a context's files, else as it was
 * @param mode of all files and directories; empty: as it was
 * @param excludes patterns of what is left out, beneath each path
 * @param parents whether the directories above each path are kept
 * @param unpack whether a file that is an archive is unpacked at the destination
 */
public record BuildFiles(
        Optional<Source> source,
        List<String> paths,
        List<Inline> inline,
        String destination,
        Optional<Owner> owner,
        Optional<Integer> mode,
        List<String> excludes,
        boolean parents,
        boolean unpack) {
    private static final int MAX_PATHS = 1_000;

    /** Checks the paths; absent parts are empty. */
    public BuildFiles {
        source = Absent.orEmpty(source);
        paths = Absent.orEmpty(paths);
        inline = Absent.orEmpty(inline);
        owner = Absent.orEmpty(owner);
        mode = Absent.orEmpty(mode);
        excludes = Absent.orEmpty(excludes);
        if (destination == null || !destination.startsWith("/") || destination.contains("\0")) {
            throw FaultException.invalid(
                    "destination %s is not absolute", Names.quote(String.valueOf(destination)));
        }
        if (paths.size() > MAX_PATHS) {
            throw FaultException.invalid("%d paths, at most %d", paths.size(), MAX_PATHS);
        }
        mode.filter(bits -> bits < 0 || bits > 07777)
                .ifPresent(
                        bits -> {
                            throw FaultException.invalid("mode %o is not within 0..7777", bits);
                        });
    }

    /** A directory alone, root's and 0755, if it is not there. */
    public static BuildFiles directory(String path) {
        return new BuildFiles(
                Optional.empty(),
                List.of(),
                List.of(),
                path.endsWith("/") ? path : path + "/",
                Optional.empty(),
                Optional.empty(),
                List.of(),
                false,
                false);
    }

    /** Where files come from. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Context.class, name = "context"),
        @JsonSubTypes.Type(value = FromImage.class, name = "image")
    })
    public sealed interface Source {}

    /**
     * A directory of the host.
     *
     * @param ignored patterns of a {@code .dockerignore}, in order
     */
    public record Context(String path, List<String> ignored) implements Source {
        /** Checks the path; absent patterns are none. */
        public Context {
            ignored = Absent.orEmpty(ignored);
            if (path == null || !path.startsWith("/")) {
                throw FaultException.invalid(
                        "context %s is not absolute", Names.quote(String.valueOf(path)));
            }
        }
    }

    /** An image of the store. */
    public record FromImage(String image) implements Source {
        /** Checks the reference. */
        public FromImage {
            References.check(image);
        }
    }

    /** A file, its content in UTF-8. */
    public record Inline(String name, String content) {
        /** Checks the name. */
        public Inline {
            if (name == null || name.isEmpty() || name.contains("/") || name.contains("\0")) {
                throw FaultException.invalid(
                        "%s is not a file's name", Names.quote(String.valueOf(name)));
            }
            content = Absent.orEmpty(content);
        }
    }

    /** User and group, by number. */
    public record Owner(long uid, long gid) {
        private static final long MAX_ID = 0xffff_fffeL;

        /** Checks that −1, which would change nothing, is not among them. */
        public Owner {
            if (uid < 0 || uid > MAX_ID || gid < 0 || gid > MAX_ID) {
                throw FaultException.invalid("owner %d:%d is not within 0..%d", uid, gid, MAX_ID);
            }
        }
    }
}
