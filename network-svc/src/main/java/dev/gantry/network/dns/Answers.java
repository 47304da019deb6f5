package dev.gantry.network.dns;

import dev.gantry.network.state.AttachmentRecord;
import dev.gantry.network.state.Ipv4;
import dev.gantry.network.state.NetworkRecord;
import dev.gantry.network.state.Records;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.dns.DefaultDnsPtrRecord;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DefaultDnsResponse;
import io.netty.handler.codec.dns.DnsOpCode;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordEncoder;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;

import java.util.List;
import java.util.Optional;

/** The names that a network knows by itself: its containers', forwards and backwards. */
final class Answers {
    private static final long TTL_SECONDS = 10;
    private static final int MOST = 24;
    private static final String REVERSE = ".in-addr.arpa";
    private final Records records;
    private final String network;

    Answers(Records records, NetworkRecord network) {
        this.records = records;
        this.network = network.name();
    }

    /** The answer, if the name is one of the network's; a type it has nothing of is no error. */
    Optional<DnsResponse> answer(Question question) {
        var members =
                records.attachments().stream()
                        .filter(a -> a.network().equals(network) && a.address().isPresent());
        if (question.name().endsWith(REVERSE)) {
            return members.filter(a -> reverse(a).equals(question.name()))
                    .findFirst()
                    .map(a -> response(question, List.of(pointer(question, a))));
        }
        var found =
                members.filter(a -> a.answersTo(question.name()))
                        .map(a -> a.address().orElseThrow())
                        .limit(MOST)
                        .toList();
        if (found.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                response(
                        question,
                        question.type().equals(DnsRecordType.A)
                                ? found.stream().map(at -> address(question, at)).toList()
                                : List.of()));
    }

    /** An answer with a response code and nothing else. */
    static DnsResponse failure(Question question, DnsResponseCode code) {
        return response(question, List.of()).setCode(code);
    }

    /** The message in wire form. */
    static ByteBuf encode(DnsResponse response, ByteBuf out) throws Exception {
        out.writeShort(response.id());
        out.writeShort(
                0x8000
                        | (response.isAuthoritativeAnswer() ? 0x400 : 0)
                        | (response.isRecursionDesired() ? 0x100 : 0)
                        | 0x80
                        | response.code().intValue());
        out.writeShort(1).writeShort(response.count(DnsSection.ANSWER)).writeInt(0);
        DnsRecordEncoder.DEFAULT.encodeQuestion(response.recordAt(DnsSection.QUESTION), out);
        for (int i = 0; i < response.count(DnsSection.ANSWER); i++) {
            DnsRecordEncoder.DEFAULT.encodeRecord(response.recordAt(DnsSection.ANSWER, i), out);
        }
        response.release();
        return out;
    }

    private static DnsResponse response(Question question, List<DnsRecord> answers) {
        var response = new DefaultDnsResponse(question.id(), DnsOpCode.QUERY);
        response.setAuthoritativeAnswer(true).setRecursionDesired(question.recursion());
        response.addRecord(
                DnsSection.QUESTION,
                new DefaultDnsQuestion(question.name() + ".", question.type()));
        answers.forEach(record -> response.addRecord(DnsSection.ANSWER, record));
        return response;
    }

    private static DnsRecord address(Question question, String address) {
        return new DefaultDnsRawRecord(
                question.name() + ".",
                DnsRecordType.A,
                TTL_SECONDS,
                Unpooled.wrappedBuffer(Ipv4.parse(address).bytes()));
    }

    private static DnsRecord pointer(Question question, AttachmentRecord attachment) {
        return new DefaultDnsPtrRecord(
                question.name() + ".",
                DnsRecord.CLASS_IN,
                TTL_SECONDS,
                attachment.hostname() + ".");
    }

    private static String reverse(AttachmentRecord attachment) {
        var octets = attachment.address().orElseThrow().split("\\.");
        return octets[3] + "." + octets[2] + "." + octets[1] + "." + octets[0] + REVERSE;
    }
}
