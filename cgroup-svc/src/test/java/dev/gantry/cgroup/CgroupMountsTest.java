package dev.gantry.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Optional;

class CgroupMountsTest {
    private static final String TOP = "30 22 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n";

    @Test
    void hybridWithControllersMountedTogether() {
        var mounts =
                CgroupMounts.parse(
                        TOP
                                + "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup"
                                + " cgroup rw,cpu,cpuacct\n"
                                + "32 30 0:29 / /sys/fs/cgroup/net_cls rw - cgroup cgroup"
                                + " rw,net_cls\n"
                                + "33 30 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup"
                                + " rw,xattr,name=systemd\n"
                                + "34 30 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2"
                                + " rw,nsdelegate\n",
                        "1:cpu:/a\n0::/b\n");

        assertThat(mounts.mode()).isEqualTo(Mode.HYBRID);
        assertThat(mounts.v1())
                .isEqualTo(Map.of("/sys/fs/cgroup/cpu,cpuacct", List.of("cpu", "cpuacct")));
        assertThat(mounts.unified()).contains("/sys/fs/cgroup/unified");
        assertThat(mounts.self()).isEqualTo("/b");
    }

    @Test
    void v2() {
        var mounts =
                CgroupMounts.parse(
                        "26 23 0:22 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n",
                        "0::/system.slice/x.service\n");

        assertThat(mounts.mode()).isEqualTo(Mode.V2);
        assertThat(mounts.unified()).contains("/sys/fs/cgroup");
        assertThat(mounts.self()).isEqualTo("/system.slice/x.service");
    }

    @Test
    void v1InAnUnusualPlace() {
        var mounts =
                CgroupMounts.parse(
                        "31 30 0:28 /docker/1 /my\\040groups/m rw - cgroup none rw,memory\n"
                                + "32 30 0:28 / /again rw - cgroup none rw,memory\n",
                        "1:memory:/\n");

        assertThat(mounts.mode()).isEqualTo(Mode.V1);
        assertThat(mounts.v1()).isEqualTo(Map.of("/my groups/m", List.of("memory")));
        assertThat(mounts.unified()).isEqualTo(Optional.empty());
    }

    @Test
    void noneAtAll() {
        assertThatThrownBy(() -> CgroupMounts.parse(TOP, "")).hasMessageContaining("no cgroup");
    }
}
