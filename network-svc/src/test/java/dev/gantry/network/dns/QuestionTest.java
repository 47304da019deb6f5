package dev.gantry.network.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;

import org.junit.jupiter.api.Test;

import java.util.HexFormat;
import java.util.Random;

class QuestionTest {
    private static final String QUERY = "123401000001000000000000" + "03576562" + "00" + "00010001";

    @Test
    void aQueryIsRead() {
        var question = Question.read(Unpooled.wrappedBuffer(bytes(QUERY))).orElseThrow();

        assertThat(question.name()).isEqualTo("web");
        assertThat(question.id()).isEqualTo(0x1234);
        assertThat(question.recursion()).isTrue();
    }

    @Test
    void aNameThatPointsAtItselfEnds() {
        var loop = "123401000001000000000000" + "c00c" + "00010001";

        assertThat(Question.read(Unpooled.wrappedBuffer(bytes(loop)))).isEmpty();
    }

    @Test
    void noBytesMakeItThrow() {
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            var message = bytes(QUERY);
            for (int j = 0; j < 4; j++) {
                message[random.nextInt(message.length)] = (byte) random.nextInt();
            }
            int length = random.nextInt(message.length + 1);
            Question.read(Unpooled.wrappedBuffer(message, 0, length));
        }
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex);
    }
}
