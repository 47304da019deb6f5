package dev.gantry.orchestrator.build;

import dev.gantry.bus.wire.Json;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * The key of a step: a digest of the image below, all that has been said since, the instruction as
 * it is carried out, and the content that it brings. Whatever changes the outcome changes the key.
 */
final class StepKey {
    private static final int FORMAT = 1;

    private StepKey() {}

    static String of(StageBuild stage, Optional<Long> epoch, String kind, Object... matters) {
        var state = stage.state();
        var json = Json.mapper().createObjectNode();
        json.put("format", FORMAT);
        json.put("image", state.image().orElseGet(() -> "scratch for " + stage.platform()));
        json.set("config", state.config());
        state.steps().forEach(json.putArray("steps")::add);
        json.put("author", state.author());
        json.put("epoch", epoch.map(String::valueOf).orElse(""));
        json.put("kind", kind);
        var all = json.putArray("matters");
        for (var matter : matters) {
            switch (matter) {
                case String text -> all.add(text);
                case Collection<?> texts -> {
                    var array = all.addArray();
                    texts.forEach(text -> array.add(String.valueOf(text)));
                }
                case Map<?, ?> map -> {
                    var object = all.addObject();
                    map.forEach((k, v) -> object.put(String.valueOf(k), String.valueOf(v)));
                }
                default -> all.add(String.valueOf(matter));
            }
        }
        try {
            var sha256 = MessageDigest.getInstance("SHA-256");
            var bytes = json.toString().getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(sha256.digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
