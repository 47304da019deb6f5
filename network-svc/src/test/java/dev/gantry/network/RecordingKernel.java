package dev.gantry.network;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.network.kernel.NetworkKernel;
import dev.gantry.network.netlink.NetlinkBatch;
import dev.gantry.network.netlink.NetlinkReply;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Says yes to everything, remembers it, and fails the call that it is told to fail. */
final class RecordingKernel implements NetworkKernel {
    final List<String> calls = new ArrayList<>();
    int failAt = -1;

    @Override
    public synchronized Netns newNetns(Path pin) {
        return new Netns(pin, 7, 8); // the pool calls when it likes: not recorded
    }

    @Override
    public Netns openNetns(Path pin) {
        record("setns");
        return new Netns(pin, 7, 8);
    }

    @Override
    public void release(Netns netns) {}

    @Override
    public SyscallResult unpin(Path pin) {
        calls.add("unpin");
        return new SyscallResult(0, 0);
    }

    @Override
    public boolean isPinned(Path pin) {
        return true;
    }

    @Override
    public NetlinkReply route(NetlinkBatch batch) {
        return answer("route", batch);
    }

    @Override
    public NetlinkReply route(Netns netns, NetlinkBatch batch) {
        return answer("route in netns", batch);
    }

    private NetlinkReply answer(String call, NetlinkBatch batch) {
        int type = batch.bytes(1)[4];
        if (failAt == calls.size()) {
            calls.add(call + " " + type);
            return new NetlinkReply(new SyscallResult(-1, Errno.EBUSY), 0, List.of());
        }
        calls.add(call + " " + type);
        return new NetlinkReply(new SyscallResult(0, 0), -1, List.of(new byte[32]));
    }

    @Override
    public String nft(String json) {
        record("nft");
        return "";
    }

    @Override
    public int nftGeneration() {
        return 1;
    }

    @Override
    public Optional<String> readSysctl(String name) {
        return Optional.of("0");
    }

    @Override
    public void writeSysctl(String name, String value) {
        record("sysctl " + name + "=" + value);
    }

    @Override
    public Set<String> portsInUse(String protocol) {
        return Set.of("*:22");
    }

    @Override
    public void close() {}

    private void record(String call) {
        boolean fail = failAt == calls.size();
        calls.add(call);
        if (fail) {
            throw FaultException.of(FaultCode.INTERNAL, "%s fails for the test", call);
        }
    }
}
