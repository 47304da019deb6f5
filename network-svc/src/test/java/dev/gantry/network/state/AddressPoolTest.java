package dev.gantry.network.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

class AddressPoolTest {
    private final NetworkRecord network =
            new NetworkRecord("n", "b", "10.1.2.0/29", "10.1.2.1", false, 0, Map.of());

    @Test
    void addressesAreUniqueAndRunOut() {
        var pool = new AddressPool();
        for (int i = 2; i <= 6; i++) {
            assertThat(pool.take(network)).hasToString("10.1.2." + i);
        }

        assertThatThrownBy(() -> pool.take(network)).hasMessageContaining("no free address");
        pool.give("n", Ipv4.parse("10.1.2.4"));
        assertThat(pool.take(network)).hasToString("10.1.2.4");
    }

    @Test
    void whatIsMarkedIsNotHandedOut() {
        var pool = new AddressPool();
        pool.mark("n", Ipv4.parse("10.1.2.2"));

        assertThat(pool.take(network)).hasToString("10.1.2.3");
    }

    @Test
    void subnetsAvoidRoutes() {
        var occupied = List.of(Subnet.parse("10.64.4.0/24"), Subnet.parse("10.65.0.0/16"));

        assertThat(AddressPool.freeSubnet(true, occupied)).hasToString("10.66.0.0/16");
        assertThat(AddressPool.freeSubnet(false, occupied)).hasToString("10.66.0.0/24");
        assertThatThrownBy(() -> AddressPool.freeSubnet(true, List.of(Subnet.parse("0.0.0.0/0"))))
                .hasMessageContaining("no subnet is free");
    }
}
