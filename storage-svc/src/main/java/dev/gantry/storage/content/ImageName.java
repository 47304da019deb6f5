package dev.gantry.storage.content;

/** The one spelling under which an image's name is kept: with a tag, {@code latest} if none. */
final class ImageName {
    private ImageName() {}

    static String withTag(String reference) {
        if (reference.startsWith("sha256:") || reference.contains("@")) {
            return reference;
        }
        boolean tagged = reference.lastIndexOf(':') > reference.lastIndexOf('/');
        return tagged ? reference : reference + ":latest";
    }

    /** The name without its tag. */
    static String repository(String reference) {
        var name = withTag(reference);
        return name.substring(0, name.lastIndexOf(name.contains("@") ? '@' : ':'));
    }
}
