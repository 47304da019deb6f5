package dev.gantry.bus.contract.bus;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;

/** {@code bus.v1}: what the broker says of itself. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "operation")
@JsonSubTypes(@JsonSubTypes.Type(value = BusOperation.Status.class, name = "status"))
public sealed interface BusOperation<R> extends Operation<R> {
    /** The contract. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    Contract<BusOperation<?>> CONTRACT = new Contract<>("bus.v1", (Class) BusOperation.class);

    /** Who is connected, who owns what, and what has been counted since the broker's start. */
    record Status() implements BusOperation<BusResult.Status> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<BusResult.Status> resultType() {
            return BusResult.Status.class;
        }
    }
}
