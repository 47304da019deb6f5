package dev.gantry.storage.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.storage.kernel.NativeSha256;

import org.junit.jupiter.api.Test;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Random;

class DigestsTest {
    @Test
    void theLibraryAndTheJdkAgree() throws NoSuchAlgorithmException {
        var random = new Random(1);
        var library = NativeSha256.create();
        assertThat(library).as("libcrypto.so.3 of this host").isPresent();
        var jdk = MessageDigest.getInstance("SHA-256");
        for (int length : new int[] {0, 1, 55, 56, 63, 64, 65, 1000, 131072, 1_000_003}) {
            var bytes = new byte[length];
            random.nextBytes(bytes);
            for (var digest : new MessageDigest[] {jdk, library.get()}) {
                digest.update(bytes, 0, length / 3);
                digest.update(bytes, length / 3, length - length / 3);
                digest.update((byte) length);
            }
            assertThat(library.get().digest()).isEqualTo(jdk.digest());
        }
    }
}
