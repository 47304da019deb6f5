package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.orchestrator.build.dockerfile.RunMount;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;

/**
 * The volumes of cache mounts. An id is any text: a volume's name is made of its digest, so that no
 * id can name a path (security.md rows 26 and 30).
 */
final class CacheMounts {
    private static final String PREFIX = "gantry-build-cache-";
    private static final int MOST = 1_000;

    private final Map<String, Semaphore> locks = new HashMap<>();
    private final Set<String> taken = new HashSet<>();

    /** A cache in use: its volume, given back by closing. */
    record Taken(String volume, Runnable giveBack) implements AutoCloseable {
        @Override
        public void close() {
            giveBack.run();
        }
    }

    /** Takes a cache as its sharing says: at once, alone, or another one where it is in use. */
    Taken take(RunMount.Cache mount, Runnable check) {
        var volume = PREFIX + digest(mount.id());
        return switch (mount.sharing()) {
            case "locked" -> locked(volume, check);
            case "private" -> unshared(volume);
            default -> new Taken(volume, () -> {});
        };
    }

    private Taken locked(String volume, Runnable check) {
        Semaphore lock;
        synchronized (locks) {
            lock = locks.computeIfAbsent(volume, v -> new Semaphore(1, true));
        }
        try {
            while (!lock.tryAcquire(1, java.util.concurrent.TimeUnit.SECONDS)) {
                check.run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            check.run();
            throw new IllegalStateException(e);
        }
        return new Taken(volume, lock::release);
    }

    private Taken unshared(String volume) {
        synchronized (taken) {
            var name = volume;
            for (int i = 1; !taken.add(name); i++) {
                if (i > MOST) {
                    throw dev.gantry.bus.fault.FaultException.of(
                            dev.gantry.bus.fault.FaultCode.RESOURCE_EXHAUSTED,
                            "more than %d private caches of one id are in use",
                            MOST);
                }
                name = volume + "-" + i;
            }
            var found = name;
            return new Taken(
                    found,
                    () -> {
                        synchronized (taken) {
                            taken.remove(found);
                        }
                    });
        }
    }

    /** Removes all volumes of caches; how many there were. */
    static int prune(Images images) {
        int count = 0;
        for (var volume : images.ask(new StorageOperation.Volumes()).volumes()) {
            if (volume.name().startsWith(PREFIX)) {
                images.ask(new StorageOperation.VolumeRemove(volume.name()));
                count++;
            }
        }
        return count;
    }

    private static String digest(String id) {
        try {
            var sha256 = MessageDigest.getInstance("SHA-256");
            var hex = HexFormat.of().formatHex(sha256.digest(id.getBytes(StandardCharsets.UTF_8)));
            return hex.substring(0, 40);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
