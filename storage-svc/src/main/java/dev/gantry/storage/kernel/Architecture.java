package dev.gantry.storage.kernel;

/** What this machine's processor is called. */
public final class Architecture {
    private Architecture() {}

    /** Whether it is aarch64. */
    public static boolean isArm() {
        return "aarch64".equals(System.getProperty("os.arch"));
    }

    /** Its name in image-spec (GOARCH). */
    public static String goarch() {
        var arch = System.getProperty("os.arch");
        return switch (arch) {
            case "amd64", "x86_64" -> "amd64";
            case "aarch64" -> "arm64";
            default -> arch;
        };
    }
}
