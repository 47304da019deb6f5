package dev.gantry.network.dns;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Passes queries on to the host's name servers, one after the other, each from a port and with an
 * id that a forger would have to guess. Bounded in number and in time.
 */
final class Upstream {
    private static final int MOST_AT_ONCE = 256;
    private static final long MILLIS_EACH = 2000;
    private static final int MOST_SERVERS = 3;
    private static final SecureRandom RANDOM = new SecureRandom();
    private final EventLoopGroup loops;
    private final Channels channels;
    private final Supplier<List<String>> servers;
    private final AtomicInteger waiting = new AtomicInteger();

    Upstream(EventLoopGroup loops, Channels channels, Supplier<List<String>> servers) {
        this.loops = loops;
        this.channels = channels;
        this.servers = servers;
    }

    /**
     * Asks.
     *
     * @param query the whole message; taken over
     * @param answer gets the whole answer once, or nothing if no server answered in time; it takes
     *     the buffer over
     */
    void ask(ByteBuf query, boolean tcp, Consumer<Optional<ByteBuf>> answer) {
        var list = servers.get();
        if (waiting.incrementAndGet() > MOST_AT_ONCE) {
            waiting.decrementAndGet();
            query.release();
            answer.accept(Optional.empty());
            return;
        }
        next(
                list.subList(0, Math.min(MOST_SERVERS, list.size())),
                query,
                tcp,
                reply -> {
                    waiting.decrementAndGet();
                    query.release();
                    answer.accept(reply);
                });
    }

    private void next(
            List<String> left, ByteBuf query, boolean tcp, Consumer<Optional<ByteBuf>> answer) {
        if (left.isEmpty()) {
            answer.accept(Optional.empty());
            return;
        }
        var attempt = new Attempt(query.copy(), answer, left.subList(1, left.size()), tcp, query);
        InetSocketAddress server;
        try {
            server = new InetSocketAddress(InetAddress.ofLiteral(left.getFirst()), 53);
        } catch (IllegalArgumentException e) {
            attempt.fail(); // not an address: resolv.conf(5) is the administrator's
            return;
        }
        var bootstrap =
                new Bootstrap()
                        .group(loops)
                        .channelFactory(tcp ? channels.tcp() : channels.udp())
                        .handler(attempt.initializer());
        bootstrap
                .connect(server)
                .addListener(
                        connected -> {
                            if (!connected.isSuccess()) {
                                attempt.fail();
                            }
                        });
    }

    /** One server being asked; it ends once. All of it on one event loop. */
    private final class Attempt {
        private final ByteBuf message;
        private final int wantedId;
        private final int sentId = RANDOM.nextInt(0x10000);
        private final Consumer<Optional<ByteBuf>> answer;
        private final List<String> left;
        private final boolean tcp;
        private final ByteBuf query;
        private boolean ended;

        Attempt(
                ByteBuf message,
                Consumer<Optional<ByteBuf>> answer,
                List<String> left,
                boolean tcp,
                ByteBuf query) {
            this.message = message;
            this.answer = answer;
            this.left = left;
            this.tcp = tcp;
            this.query = query;
            wantedId = message.getUnsignedShort(message.readerIndex());
            message.setShort(message.readerIndex(), sentId);
        }

        ChannelInitializer<Channel> initializer() {
            return new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    if (tcp) {
                        channel.pipeline()
                                .addLast(new LengthFieldBasedFrameDecoder(65535, 0, 2, 0, 2))
                                .addLast(new LengthFieldPrepender(2));
                    }
                    channel.pipeline().addLast(handler());
                }
            };
        }

        private SimpleChannelInboundHandler<Object> handler() {
            return new SimpleChannelInboundHandler<>() {
                @Override
                public void channelActive(ChannelHandlerContext context) {
                    context.writeAndFlush(message.retain());
                    context.executor()
                            .schedule(
                                    () -> {
                                        context.close();
                                        fail();
                                    },
                                    MILLIS_EACH,
                                    TimeUnit.MILLISECONDS);
                }

                @Override
                protected void channelRead0(ChannelHandlerContext context, Object received) {
                    var bytes =
                            received instanceof DatagramPacket p ? p.content() : (ByteBuf) received;
                    if (bytes.readableBytes() >= 12
                            && bytes.getUnsignedShort(bytes.readerIndex()) == sentId) {
                        context.close();
                        succeed(bytes);
                    }
                }

                @Override
                public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                    context.close(); // refused or unreachable: the next server is asked
                    fail();
                }
            };
        }

        private void succeed(ByteBuf bytes) {
            if (!ended) {
                ended = true;
                message.release();
                var reply = bytes.copy();
                reply.setShort(reply.readerIndex(), wantedId);
                answer.accept(Optional.of(reply));
            }
        }

        void fail() {
            if (!ended) {
                ended = true;
                message.release();
                next(left, query, tcp, answer);
            }
        }
    }
}
