package dev.gantry.cgroup.v2;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.LinuxResources.Throttle;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.controller.BlockDevices;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.Numbers;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** {@code io} of v2 (cgroup-v2.rst, IO). */
public final class Io implements Controller {
    public static final String MAX = "io.max";
    public static final String BFQ_WEIGHT = "io.bfq.weight";
    private static final String STAT = "io.stat";

    @Override
    public String name() {
        return "io";
    }

    @Override
    public List<Setting> settings(LinuxResources resources, Group group) {
        return resources.blockIO().map(io -> settings(io, group)).orElse(List.of());
    }

    private static List<Setting> settings(LinuxResources.BlockIo io, Group group) {
        group.blockDevices().check(io);
        var settings = new ArrayList<Setting>();
        io.weight()
                .ifPresent(
                        weight -> settings.add(new Setting(weightFile(group), weight.toString())));
        for (var device : io.weightDevice()) {
            settings.add(new Setting(group.require(BFQ_WEIGHT), BlockDevices.line(device)));
        }
        rates("rbps", io.throttleReadBpsDevice(), group, settings);
        rates("wbps", io.throttleWriteBpsDevice(), group, settings);
        rates("riops", io.throttleReadIOPSDevice(), group, settings);
        rates("wiops", io.throttleWriteIOPSDevice(), group, settings);
        return settings;
    }

    /**
     * {@code io.weight} acts only where an administrator has turned the cost model on ({@code
     * io.cost.qos}); only BFQ heeds a weight as it is.
     */
    private static String weightFile(Group group) {
        if (group.offers(BFQ_WEIGHT) && group.blockDevices().bfq()) {
            return BFQ_WEIGHT;
        }
        throw FaultException.of(
                FaultCode.UNSUPPORTED,
                "blkio weight: no block device of this host uses the bfq scheduler, so %s would"
                        + " have no effect",
                BFQ_WEIGHT);
    }

    private static void rates(
            String key, List<Throttle> throttles, Group group, List<Setting> settings) {
        for (var throttle : throttles) {
            settings.add(
                    new Setting(
                            group.require(MAX),
                            "%d:%d %s=%s"
                                    .formatted(
                                            throttle.major(),
                                            throttle.minor(),
                                            key,
                                            throttle.rate() == 0 ? "max" : throttle.rate())));
        }
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        group.read(STAT)
                .ifPresent(
                        text -> {
                            usage.ioReadBytes = Optional.of(sum(text, "rbytes="));
                            usage.ioWriteBytes = Optional.of(sum(text, "wbytes="));
                        });
    }

    /** Lines are {@code 254:0 rbytes=4096 wbytes=0 …}, one a device. */
    private static long sum(String text, String key) {
        return text.lines()
                .flatMap(line -> Stream.of(line.split(" ")))
                .filter(word -> word.startsWith(key))
                .mapToLong(word -> Numbers.parse(word.substring(key.length())).orElse(0L))
                .sum();
    }
}
