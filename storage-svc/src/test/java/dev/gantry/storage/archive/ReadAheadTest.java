package dev.gantry.storage.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Random;
import java.util.concurrent.CountDownLatch;

class ReadAheadTest {
    private static byte[] random(int length) {
        var bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 131071, 131072, 131073, 262144, 3_000_001})
    void allBytesComeInTheirOrder(int length) throws IOException {
        var bytes = random(length);
        try (var in = new ReadAhead(new ByteArrayInputStream(bytes))) {
            assertThat(in.readAllBytes()).isEqualTo(bytes);
            assertThat(in.read()).isEqualTo(-1);
            assertThat(in.read(new byte[10])).isEqualTo(-1);
            assertThat(in.skip(10)).isZero();
        }
    }

    @Test
    void whatIsSkippedIsReadByTheOtherThread() throws IOException {
        var bytes = random(1_000_000);
        var metered =
                new MeteredInput(
                        new ByteArrayInputStream(bytes), bytes.length, LayerLimits.DEFAULT);
        try (var in = new ReadAhead(metered)) {
            in.skipNBytes(999_999);
            assertThat(in.read()).isEqualTo(bytes[999_999] & 0xff);
            assertThat(in.read()).isEqualTo(-1);
        }
        assertThat(metered.digest()).isEqualTo(Digests.of(bytes));
    }

    @Test
    void faultsOfTheOtherThreadAreThrownHere() {
        var limits = new LayerLimits(1000, 10, 1000, 10, 10);
        var metered = new MeteredInput(new ByteArrayInputStream(new byte[2000]), 2000, limits);
        try (var in = new ReadAhead(metered)) {
            assertThatThrownBy(in::readAllBytes).isInstanceOf(FaultException.class);
            assertThatThrownBy(in::read).isInstanceOf(FaultException.class);
        }
    }

    @Test
    void closingEndsTheOtherThreadThoughNobodyReads() {
        var endless =
                new InputStream() {
                    @Override
                    public int read() {
                        return 0;
                    }

                    @Override
                    public int read(byte[] bytes, int offset, int length) {
                        return length;
                    }
                };

        new ReadAhead(endless).close(); // Returns when the thread has ended.

        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void whoIsInterruptedGivesUp() {
        var never = new CountDownLatch(1);
        var silent =
                new InputStream() {
                    @Override
                    public int read() throws IOException {
                        try {
                            never.await();
                        } catch (InterruptedException e) {
                            throw new InterruptedIOException();
                        }
                        return -1;
                    }
                };
        try (var in = new ReadAhead(silent)) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(in::read).isInstanceOf(InterruptedIOException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
