package dev.gantry.bus.contract.storage;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * What {@code storage.v1} does for the build of an image; the operation {@code build} carries one.
 *
 * @param <R> the record that answers it
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "step")
@JsonSubTypes({
    @JsonSubTypes.Type(value = BuildStep.Describe.class, name = "describe"),
    @JsonSubTypes.Type(value = BuildStep.Digest.class, name = "digest"),
    @JsonSubTypes.Type(value = BuildStep.Add.class, name = "add"),
    @JsonSubTypes.Type(value = BuildStep.Commit.class, name = "commit"),
    @JsonSubTypes.Type(value = BuildStep.Configure.class, name = "configure"),
    @JsonSubTypes.Type(value = BuildStep.Cache.class, name = "cache"),
    @JsonSubTypes.Type(value = BuildStep.Offer.class, name = "offer"),
    @JsonSubTypes.Type(value = BuildStep.Secret.class, name = "secret"),
    @JsonSubTypes.Type(value = BuildStep.Forget.class, name = "forget"),
    @JsonSubTypes.Type(value = BuildStep.Open.class, name = "open")
})
public sealed interface BuildStep<R> {
    /** The class of the answer. */
    @JsonIgnore
    Class<R> resultType();

    /** What the step is about. */
    @JsonIgnore
    String subject();

    /** The whole configuration of an image, and its users and groups. */
    record Describe(String image) implements BuildStep<BuildResult.Described> {
        /** Checks the reference. */
        public Describe {
            References.check(image);
        }

        @Override
        public String subject() {
            return image;
        }

        @Override
        public Class<BuildResult.Described> resultType() {
            return BuildResult.Described.class;
        }
    }

    /** A digest of files as they would be added: names, types, modes, owners, content; no times. */
    record Digest(BuildFiles files) implements BuildStep<BuildResult.Content> {
        /** Checks that there are files. */
        public Digest {
            Objects.requireNonNull(files, "files");
        }

        @Override
        public String subject() {
            return files.destination();
        }

        @Override
        public Class<BuildResult.Content> resultType() {
            return BuildResult.Content.class;
        }
    }

    /** Makes an image with a layer of these files; none where all of it is there already. */
    record Add(BuildRecipe recipe, BuildFiles files) implements BuildStep<BuildResult.Made> {
        /** Checks that both are there. */
        public Add {
            Objects.requireNonNull(recipe, "recipe");
            Objects.requireNonNull(files, "files");
        }

        @Override
        public String subject() {
            return files.destination();
        }

        @Override
        public Class<BuildResult.Made> resultType() {
            return BuildResult.Made.class;
        }
    }

    /**
     * Makes an image of what a container has changed over the recipe's base; the container has
     * ended.
     *
     * @param stubs absolute paths where something was mounted: what is there is empty, made for the
     *     mount alone and no part of the layer, if it was not in the base
     */
    record Commit(BuildRecipe recipe, String containerId, List<String> stubs)
            implements BuildStep<BuildResult.Made> {
        /** Checks the request; absent stubs are none. */
        public Commit {
            Objects.requireNonNull(recipe, "recipe");
            Names.check("container id", containerId);
            stubs = Absent.orEmpty(stubs);
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<BuildResult.Made> resultType() {
            return BuildResult.Made.class;
        }
    }

    /** Makes an image that has the layers of its base. */
    record Configure(BuildRecipe recipe) implements BuildStep<BuildResult.Made> {
        /** Checks that there is a recipe. */
        public Configure {
            Objects.requireNonNull(recipe, "recipe");
        }

        @Override
        public String subject() {
            return recipe.base().orElse("scratch");
        }

        @Override
        public Class<BuildResult.Made> resultType() {
            return BuildResult.Made.class;
        }
    }

    /** Makes the volume of a cache mount, if it is not there, with this owner and mode. */
    record Cache(String volume, long uid, long gid, int mode)
            implements BuildStep<BuildResult.Path> {
        /** Checks name and mode. */
        public Cache {
            Names.check("volume name", volume);
            if (mode < 0 || mode > 07777) {
                throw FaultException.invalid("mode %o is not within 0..7777", mode);
            }
        }

        @Override
        public String subject() {
            return volume;
        }

        @Override
        public Class<BuildResult.Path> resultType() {
            return BuildResult.Path.class;
        }
    }

    /**
     * Lays files out below a name of their own, for a bind mount; their destination is {@code /}.
     */
    record Offer(String name, BuildFiles files) implements BuildStep<BuildResult.Path> {
        /** Checks the name. */
        public Offer {
            Names.check("name", name);
            Objects.requireNonNull(files, "files");
        }

        @Override
        public String subject() {
            return name;
        }

        @Override
        public Class<BuildResult.Path> resultType() {
            return BuildResult.Path.class;
        }
    }

    /** Lays a small file out in memory, for a bind mount. */
    record Secret(String name, byte[] content, long uid, long gid, int mode)
            implements BuildStep<BuildResult.Path> {
        private static final int MAX_BYTES = 512 * 1024;

        /** Checks name, size and mode. */
        public Secret {
            Names.check("name", name);
            content = content == null ? new byte[0] : content.clone();
            if (content.length > MAX_BYTES) {
                throw FaultException.invalid(
                        "%s has %d bytes, at most %d", name, content.length, MAX_BYTES);
            }
            if (mode < 0 || mode > 0777) {
                throw FaultException.invalid("mode %o is not within 0..777", mode);
            }
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Secret secret
                    && name.equals(secret.name)
                    && Arrays.equals(content, secret.content)
                    && uid == secret.uid
                    && gid == secret.gid
                    && mode == secret.mode;
        }

        @Override
        public int hashCode() {
            return name.hashCode();
        }

        /** The content is nobody's business. */
        @Override
        public String toString() {
            return "Secret[" + name + "]";
        }

        @Override
        public String subject() {
            return name;
        }

        @Override
        public Class<BuildResult.Path> resultType() {
            return BuildResult.Path.class;
        }
    }

    /** Removes what {@link Offer}, {@link Secret} and {@link Open} laid out below names, or all. */
    record Forget(List<String> names) implements BuildStep<Done> {
        /** Checks the names. */
        public Forget {
            names = Absent.orEmpty(names);
            names.forEach(name -> Names.check("name", name));
        }

        @Override
        public String subject() {
            return String.join(" ", names);
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Unpacks an archive of the host as a context. */
    record Open(String name, String archive) implements BuildStep<BuildResult.Path> {
        /** Checks name and path. */
        public Open {
            Names.check("name", name);
            if (archive == null || !archive.startsWith("/")) {
                throw FaultException.invalid(
                        "archive %s is not absolute", Names.quote(String.valueOf(archive)));
            }
        }

        @Override
        public String subject() {
            return archive;
        }

        @Override
        public Class<BuildResult.Path> resultType() {
            return BuildResult.Path.class;
        }
    }
}
