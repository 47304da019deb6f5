package dev.gantry.storage.content;

import java.util.regex.Pattern;

/**
 * The one spelling under which an image's name is kept: with a tag, {@code latest} if none, and
 * without {@code docker.io/library/}, which names without a host have anyway.
 */
final class ImageName {
    private static final Pattern DOCKER_IO = Pattern.compile("^(?:index\\.)?docker\\.io/");
    private static final Pattern LIBRARY = Pattern.compile("^library/(?=[^/]+$)");

    private ImageName() {}

    static String withTag(String reference) {
        if (reference.startsWith("sha256:")) {
            return reference;
        }
        var name = LIBRARY.matcher(DOCKER_IO.matcher(reference).replaceFirst("")).replaceFirst("");
        if (name.contains("@")) {
            return name;
        }
        boolean tagged = name.lastIndexOf(':') > name.lastIndexOf('/');
        return tagged ? name : name + ":latest";
    }

    /** The name without its tag. */
    static String repository(String reference) {
        var name = withTag(reference);
        return name.substring(0, name.lastIndexOf(name.contains("@") ? '@' : ':'));
    }
}
