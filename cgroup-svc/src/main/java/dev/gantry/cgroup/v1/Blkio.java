package dev.gantry.cgroup.v1;

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

/** {@code blkio} of v1 (cgroup-v1/blkio-controller.rst). */
public final class Blkio implements Controller {
    public static final String WEIGHT = "blkio.weight";
    public static final String BFQ_WEIGHT = "blkio.bfq.weight";
    private static final String DEVICE_WEIGHT = "blkio.weight_device";
    private static final String BFQ_DEVICE_WEIGHT = "blkio.bfq.weight_device";
    private static final String READ_BPS = "blkio.throttle.read_bps_device";
    private static final String WRITE_BPS = "blkio.throttle.write_bps_device";
    private static final String READ_IOPS = "blkio.throttle.read_iops_device";
    private static final String WRITE_IOPS = "blkio.throttle.write_iops_device";
    private static final String BYTES = "blkio.throttle.io_service_bytes_recursive";

    @Override
    public String name() {
        return "blkio";
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
        var file = group.offers(DEVICE_WEIGHT) ? DEVICE_WEIGHT : BFQ_DEVICE_WEIGHT;
        for (var device : io.weightDevice()) {
            settings.add(new Setting(group.require(file), BlockDevices.line(device)));
        }
        rates(READ_BPS, io.throttleReadBpsDevice(), group, settings);
        rates(WRITE_BPS, io.throttleWriteBpsDevice(), group, settings);
        rates(READ_IOPS, io.throttleReadIOPSDevice(), group, settings);
        rates(WRITE_IOPS, io.throttleWriteIOPSDevice(), group, settings);
        return settings;
    }

    private static String weightFile(Group group) {
        if (group.offers(WEIGHT)) {
            return WEIGHT;
        }
        if (group.offers(BFQ_WEIGHT) && group.blockDevices().bfq()) {
            return BFQ_WEIGHT;
        }
        throw FaultException.of(
                FaultCode.UNSUPPORTED,
                "blkio weight: this host has no %s, and no block device uses the bfq scheduler",
                WEIGHT);
    }

    private static void rates(
            String file, List<Throttle> throttles, Group group, List<Setting> settings) {
        for (var throttle : throttles) {
            settings.add(
                    new Setting(
                            group.require(file),
                            "%d:%d %d"
                                    .formatted(
                                            throttle.major(), throttle.minor(), throttle.rate())));
        }
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        group.read(BYTES)
                .ifPresent(
                        text -> {
                            usage.ioReadBytes = Optional.of(sum(text, "Read"));
                            usage.ioWriteBytes = Optional.of(sum(text, "Write"));
                        });
    }

    /** Lines are {@code 254:0 Read 4096}, one a device and kind. */
    private static long sum(String text, String kind) {
        return text.lines()
                .map(line -> line.split(" "))
                .filter(words -> words.length == 3 && words[1].equals(kind))
                .mapToLong(words -> Numbers.parse(words[2]).orElse(0L))
                .sum();
    }
}
