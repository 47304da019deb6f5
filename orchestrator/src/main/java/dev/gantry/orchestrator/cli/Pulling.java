package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.PrintWriter;
import java.util.Optional;

/** A pull as its user sees it: Docker's words. */
final class Pulling {
    private final GantryCommand gantry;
    private final PrintWriter out;
    private final int descriptor;
    private final boolean quiet;

    /** Told on a descriptor, 1 or 2, that {@code out} writes to. */
    Pulling(GantryCommand gantry, PrintWriter out, int descriptor, boolean quiet) {
        this.gantry = gantry;
        this.out = out;
        this.descriptor = descriptor;
        this.quiet = quiet;
    }

    /** Pulls; answers with the digest of the image's manifest. */
    String pull(String image, Optional<String> platform) {
        return pull(image, platform, false);
    }

    /** Pulls for a platform what here keeps the name that it has for another. */
    String pullNameless(String image, String platform) {
        return pull(image, Optional.of(platform), true);
    }

    private String pull(String image, Optional<String> platform, boolean nameless) {
        References.check(image);
        var name = whole(image);
        if (!quiet) {
            if (!familiar(image).equals(image)) {
                out.println("Using default tag: latest");
            }
            out.println(
                    tag(name)
                            + ": Pulling from "
                            + name.substring(name.indexOf('/') + 1, tagAt(name))
                            + platform.filter(p -> nameless).map(p -> " for " + p).orElse(""));
            out.flush();
        }
        var before = local(image);
        var login = Logins.ofCaller().of(image);
        var transfer =
                new Transfers(gantry.engine())
                        .run(
                                id ->
                                        new TransferOperation.Pull(
                                                id, image, platform, login, nameless),
                                quiet
                                        ? seen -> {}
                                        : TransferView.on(
                                                out, descriptor, TransferView.Words.PULL));
        transfer.notes().forEach(note -> gantry.err().println("gantry: " + note));
        gantry.err().flush();
        if (!quiet) {
            out.println("Digest: " + transfer.digest().orElse(""));
            boolean same =
                    before.isPresent()
                            && before.get().digest().equals(transfer.images().getFirst().digest());
            var shown = familiar(image);
            out.println(
                    same
                            ? "Status: Image is up to date for " + shown
                            : "Status: Downloaded newer image for " + shown);
        }
        if (!quiet || descriptor == 1) {
            out.println(name);
        }
        out.flush();
        return transfer.images().getFirst().digest();
    }

    private Optional<StorageResult.Image> local(String image) {
        try {
            return Optional.of(gantry.engine().storage(new StorageOperation.Inspect(image)));
        } catch (FaultException e) {
            if (e.fault().code() != FaultCode.NOT_FOUND) {
                throw e;
            }
            return Optional.empty();
        }
    }

    /** With a tag. */
    static String familiar(String image) {
        boolean tagged = image.contains("@") || image.indexOf(':', image.lastIndexOf('/') + 1) >= 0;
        return tagged ? image : image + ":latest";
    }

    /** With registry and tag. */
    static String whole(String image) {
        var registry = References.registry(image);
        var rest = image;
        if (image.startsWith(registry + "/") || image.startsWith("index.docker.io/")) {
            rest = image.substring(image.indexOf('/') + 1);
        }
        if (registry.equals(References.DEFAULT_REGISTRY) && !rest.contains("/")) {
            rest = "library/" + rest;
        }
        boolean tagged = rest.contains("@") || rest.indexOf(':', rest.lastIndexOf('/') + 1) >= 0;
        return registry + "/" + rest + (tagged ? "" : ":latest");
    }

    static int tagAt(String whole) {
        int digest = whole.indexOf('@');
        int slash = whole.lastIndexOf('/', digest < 0 ? whole.length() : digest);
        int colon = whole.indexOf(':', slash + 1);
        return digest >= 0 && (colon < 0 || colon > digest) ? digest : colon;
    }

    static String tag(String whole) {
        int digest = whole.indexOf('@');
        return whole.substring((digest < 0 ? tagAt(whole) : digest) + 1);
    }
}
