package dev.gantry.network.dns;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;

/** The channels that fit the event loops. */
record Channels(
        ChannelFactory<Channel> udp,
        ChannelFactory<Channel> tcp,
        ChannelFactory<ServerChannel> server) {
    static Channels of(boolean epoll) {
        return epoll
                ? new Channels(
                        EpollDatagramChannel::new,
                        EpollSocketChannel::new,
                        EpollServerSocketChannel::new)
                : new Channels(
                        NioDatagramChannel::new,
                        NioSocketChannel::new,
                        NioServerSocketChannel::new);
    }
}
