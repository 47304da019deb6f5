package dev.gantry.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

class MountSyntaxTest {
    @Test
    void aVolumeIsAPathAVolumeOrMadeForTheContainer() {
        assertThat(MountSyntax.volume("/src:/dst"))
                .isEqualTo(new OciMount("/dst", "bind", "/src", List.of("rbind")));
        assertThat(MountSyntax.volume("name:/dst:nocopy,ro,cached"))
                .isEqualTo(new OciMount("/dst", "volume", "name", List.of("nocopy", "ro")));
        assertThat(MountSyntax.volume("/dst"))
                .isEqualTo(new OciMount("/dst", "volume", "", List.of()));
        assertThat(MountSyntax.volume("./src:/dst").source()).endsWith("/orchestrator/src");
    }

    @Test
    void aReadOnlyPathIsSoWithTheMountsBelow() {
        assertThat(MountSyntax.volume("/src:/dst:ro,rslave").options())
                .containsExactly("rbind", "rro", "rslave");
        assertThat(MountSyntax.volume("/src:/dst:bind,ro").options()).containsExactly("bind", "ro");
    }

    @Test
    void theLongFormSaysTheSame() {
        assertThat(MountFields.parse("type=bind,src=/s,dst=/d,readonly,bind-propagation=rshared"))
                .isEqualTo(new OciMount("/d", "bind", "/s", List.of("rbind", "rro", "rshared")));
        assertThat(MountFields.parse("type=bind,source=/s,target=/d,bind-recursive=disabled,ro=1"))
                .isEqualTo(new OciMount("/d", "bind", "/s", List.of("bind", "ro")));
        assertThat(MountFields.parse("src=vol,dst=/d,volume-nocopy,readonly=false"))
                .isEqualTo(new OciMount("/d", "volume", "vol", List.of("nocopy")));
        assertThat(MountFields.parse("dst=/d"))
                .isEqualTo(new OciMount("/d", "volume", "", List.of()));
        assertThat(MountFields.parse("type=tmpfs,dst=/d,tmpfs-size=1m,tmpfs-mode=1777"))
                .isEqualTo(
                        new OciMount("/d", "tmpfs", "tmpfs", List.of("size=1048576", "mode=1777")));
        assertThat(MountFields.parse("type=bind,\"src=/a,\"\"b\"\"\",dst=/d").source())
                .isEqualTo("/a,\"b\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":/d", "/s:", "a:b", "/s:/d:ro:x", "-x:/d"})
    void whatIsNoVolumeIsRefused(String text) {
        assertThatThrownBy(() -> MountSyntax.volume(text)).isInstanceOf(FaultException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"up", "U", "O", "idmap", "size=1m"})
    void anOptionThatIsNotHonouredIsRefusedByName(String option) {
        assertThatThrownBy(() -> MountSyntax.volume("/s:/d:ro," + option))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(option);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "type=bind,dst=/d|has a src",
                "type=tmpfs,src=/s,dst=/d|has no src",
                "type=bind,src=/s|dst=",
                "type=bind,src=/s,dst=d|dst=",
                "type=nfs,dst=/d|none of bind",
                "type=bind,src=/s,dst=/d,tmpfs-size=1m|field of a tmpfs",
                "src=v,dst=/d,bind-propagation=slave|field of a bind",
                "src=v,dst=/d,volume-subpath=x|volume-subpath",
                "src=v,dst=/d,volume-label=x|volume-label",
                "src=v,dst=/d,volume-driver=nfs|local is the only",
                "src=v,dst=/d,colour=red|colour",
                "type=bind,src=/s,dst=/d,ro=perhaps|perhaps",
                "type=bind,src=/s,dst=/d,bind-propagation=up|up",
                "type=bind,src=/s,dst=/d,bind-recursive=often|often",
                "type=tmpfs,dst=/d,tmpfs-mode=999|999",
                "type=tmpfs,dst=/d,tmpfs-size=big|big",
                "\"dst=/d|quote",
            })
    void whatIsNoMountIsRefusedByName(String text, String why) {
        assertThatThrownBy(() -> MountFields.parse(text))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(why);
    }
}
