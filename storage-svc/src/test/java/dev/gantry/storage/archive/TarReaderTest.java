package dev.gantry.storage.archive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.testing.TarBytes;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Random;

/** What is written is read again; what is damaged is a fault or the end, never anything else. */
class TarReaderTest {
    private static final byte[] TAR =
            new TarBytes()
                    .directory("d")
                    .file("d/" + "n".repeat(150), "some text")
                    .symlink("l", "t".repeat(120))
                    .owner(3_000_000_000L)
                    .xattr("user.a", new byte[] {0, -1, 10})
                    .file("o", "x".repeat(600))
                    .end();

    @Test
    void readsWhatTheWriterWrote() throws IOException {
        var reader = new TarReader(new ByteArrayInputStream(TAR));
        var entries = new ArrayList<TarEntry>();
        for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
            entries.add(entry.get());
        }

        assertThat(entries)
                .extracting(TarEntry::name)
                .containsExactly("d/", "d/" + "n".repeat(150), "l", "o");
        assertThat(entries.get(2).link()).isEqualTo("t".repeat(120));
        assertThat(entries.get(3).uid()).isEqualTo(3_000_000_000L);
        assertThat(entries.get(3).xattrs().get("user.a")).containsExactly(0, -1, 10);
        assertThat(entries.get(3).size()).isEqualTo(600);
    }

    @Test
    void twentyThousandMutationsEndInFaultsOnly() {
        var random = new Random(7);
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            var tar = TAR.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                tar[random.nextInt(tar.length)] = (byte) random.nextInt(256);
            }
            resum(tar, random.nextInt(tar.length / 512) * 512);
            try {
                readAll(tar);
            } catch (FaultException | IOException e) {
                refused++;
            }
        }

        assertThat(refused).isPositive();
    }

    /** Makes a header's checksum right again, so that the fields behind it are read. */
    private static void resum(byte[] tar, int at) {
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += i >= 148 && i < 156 ? ' ' : tar[at + i] & 0xff;
        }
        var octal = String.format("%06o\0 ", sum).getBytes();
        System.arraycopy(octal, 0, tar, at + 148, 8);
    }

    private static void readAll(byte[] tar) throws IOException {
        var reader = new TarReader(new ByteArrayInputStream(tar));
        var buffer = new byte[256];
        for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
            while (reader.read(buffer) >= 0) {
                assertThat(entry.get().size()).isPositive();
            }
        }
    }
}
