package dev.gantry.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.fault.FaultCode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class LocalBusTest extends BusKit {
    private final LocalBus bus = new LocalBus();

    @AfterEach
    void close() {
        bus.close();
    }

    @Override
    Bus owner() {
        return bus;
    }

    @Override
    Bus successor() {
        return bus;
    }

    @Override
    Bus caller() {
        return bus;
    }

    @Test
    void aClosedBusAnswersUnavailable() {
        bus.serve(CgroupOperation.CONTRACT, request -> Done.nothing());

        bus.close();

        assertThat(faultOf(new CgroupOperation.Freeze("c1"), CallOptions.DEFAULT).code())
                .isEqualTo(FaultCode.UNAVAILABLE);
    }
}
