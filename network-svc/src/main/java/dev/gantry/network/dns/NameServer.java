package dev.gantry.network.dns;

import dev.gantry.network.state.Ipv4;
import dev.gantry.network.state.NetworkRecord;
import dev.gantry.network.state.Records;
import dev.gantry.network.state.Subnet;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.timeout.ReadTimeoutHandler;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The name server of one network, by UDP and TCP on its gateway, at an unprivileged port to which
 * the packet filter redirects port 53. It answers the network's own containers and nobody else.
 */
final class NameServer implements AutoCloseable {
    private static final int MOST_CONNECTIONS = 64;
    private static final int IDLE_SECONDS = 10;
    private final Answers answers;
    private final Upstream upstream;
    private final Subnet subnet;
    private final boolean internal;
    private final AtomicInteger connections = new AtomicInteger();
    private final Channel udp;
    private final Channel tcp;

    /** Binds, at the port that the record names or, if that is taken, at another one. */
    NameServer(
            NetworkRecord network,
            Records records,
            Upstream upstream,
            EventLoopGroup loops,
            Channels channels) {
        this.answers = new Answers(records, network);
        this.upstream = upstream;
        this.subnet = network.range();
        this.internal = network.internal();
        var datagrams =
                new Bootstrap()
                        .group(loops)
                        .channelFactory(channels.udp())
                        .handler(new Datagrams());
        var wanted = datagrams.bind(network.gateway(), network.dnsPort()).awaitUninterruptibly();
        udp =
                wanted.isSuccess()
                        ? wanted.channel()
                        : datagrams.bind(network.gateway(), 0).syncUninterruptibly().channel();
        // The TCP port of the same number may be taken, seldom: then long answers don't get
        // through.
        var streams =
                new ServerBootstrap()
                        .group(loops)
                        .channelFactory(channels.server())
                        .childHandler(new Connections())
                        .bind(network.gateway(), port())
                        .awaitUninterruptibly();
        tcp = streams.isSuccess() ? streams.channel() : udp;
    }

    int port() {
        return ((InetSocketAddress) udp.localAddress()).getPort();
    }

    @Override
    public void close() {
        udp.close().syncUninterruptibly();
        tcp.close().syncUninterruptibly();
    }

    /** Answers, or passes on; a message that is no question is dropped. */
    private void handle(
            ChannelHandlerContext context,
            InetSocketAddress from,
            ByteBuf message,
            boolean stream,
            Consumer<ByteBuf> reply) {
        var address = from.getAddress().getAddress();
        if (address.length != 4 || !subnet.contains(Ipv4.of(address, 0))) {
            return;
        }
        var question = Question.read(message);
        if (question.isEmpty()) {
            return;
        }
        var own = answers.answer(question.get());
        if (own.isPresent() || internal) {
            reply.accept(
                    encode(
                            context,
                            own.orElseGet(
                                    () ->
                                            Answers.failure(
                                                    question.get(), DnsResponseCode.NXDOMAIN))));
            return;
        }
        upstream.ask(
                message.copy(),
                stream,
                (Optional<ByteBuf> answer) ->
                        reply.accept(
                                answer.orElseGet(
                                        () ->
                                                encode(
                                                        context,
                                                        Answers.failure(
                                                                question.get(),
                                                                DnsResponseCode.SERVFAIL)))));
    }

    private static ByteBuf encode(ChannelHandlerContext context, DnsResponse response) {
        try {
            return Answers.encode(response, context.alloc().buffer(512));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private final class Datagrams extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            handle(
                    context,
                    packet.sender(),
                    packet.content(),
                    false,
                    answer -> context.writeAndFlush(new DatagramPacket(answer, packet.sender())));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // One bad message must not close the socket that serves the whole network.
            System.err.println("network-svc: name server: " + cause);
        }
    }

    private final class Connections extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            if (connections.incrementAndGet() > MOST_CONNECTIONS) {
                connections.decrementAndGet();
                channel.close();
                return;
            }
            channel.closeFuture().addListener(_ -> connections.decrementAndGet());
            channel.pipeline()
                    .addLast(new ReadTimeoutHandler(IDLE_SECONDS))
                    .addLast(new LengthFieldBasedFrameDecoder(65535, 0, 2, 0, 2))
                    .addLast(new LengthFieldPrepender(2))
                    .addLast(new Stream());
        }
    }

    private final class Stream extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            handle(
                    context,
                    (InetSocketAddress) context.channel().remoteAddress(),
                    message,
                    true,
                    context::writeAndFlush);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close(); // idle or malformed: the client may come again
        }
    }
}
