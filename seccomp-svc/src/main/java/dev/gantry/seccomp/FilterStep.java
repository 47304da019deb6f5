package dev.gantry.seccomp;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.seccomp.profile.Profile;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.zip.GZIPOutputStream;

/**
 * A compiled filter as a step of a plan. No shell command compiles a profile, so the equivalent is
 * one that writes the compiled program to a file, which {@code bwrap --seccomp FD} loads.
 */
final class FilterStep {
    private FilterStep() {}

    static PlanStep planned(
            String what, String digest, byte[] filter, Profile profile, int skipped) {
        var detail =
                "%s profile, %d rules, %s, default %s: %d instructions%s"
                        .formatted(
                                what.equals("default") ? "default" : "given",
                                profile.rules().size(),
                                profile.architectures(),
                                profile.defaultAction().kind().ociName(),
                                filter.length / 8,
                                skipped == 0
                                        ? ""
                                        : ", " + skipped + " calls that this host does not have");
        var file = "seccomp-" + digest.substring("sha256:".length(), 19) + ".bpf";
        var shell =
                "printf %%s %s | base64 -d | gunzip >%s # bwrap --seccomp 9 9<%s loads it"
                        .formatted(Base64.getEncoder().encodeToString(gzip(filter)), file, file);
        return PlanStep.planned("seccomp-svc", "compile filter", detail, shell);
    }

    private static byte[] gzip(byte[] bytes) {
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
