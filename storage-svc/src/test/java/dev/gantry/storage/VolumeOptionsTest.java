package dev.gantry.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;
import java.util.Optional;

class VolumeOptionsTest {
    @Test
    void aDirectoryOfTheHostMayBeAVolume() {
        assertThat(VolumeOptions.of("v", Map.of(), () -> "ext4").device()).isEmpty();
        var bound = Map.of("type", "none", "o", "bind,rw", "device", "/srv/data");
        assertThat(VolumeOptions.of("v", bound, () -> "ext4").device())
                .isEqualTo(Optional.of("/srv/data"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    size   | 1g    | ext4    | volume v: option size: ext4 has quotas, but setting one takes CAP_SYS_ADMIN
                    size   | 1g    | overlay | volume v: option size: overlay has no quota for a directory
                    sise   | 1g    | ext4    | volume v: the option "sise" is none of type, o, device, size
                    type   | nfs   | ext4    | volume v: type "nfs"
                    o      | noatime | ext4  | volume v: the option "noatime" in o=
                    device | srv   | ext4    | volume v: device "srv" is not an absolute path
                    """)
    void whatIsNotHonouredIsRefusedByName(
            String option, String value, String fileSystem, String why) {
        assertThatThrownBy(() -> VolumeOptions.of("v", Map.of(option, value), () -> fileSystem))
                .isInstanceOf(FaultException.class)
                .hasMessageStartingWith(why);
    }
}
