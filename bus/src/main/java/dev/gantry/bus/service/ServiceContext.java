package dev.gantry.bus.service;

import dev.gantry.bus.Bus;

/**
 * What a service is given to run with; it cannot tell whether it is alone in its process.
 *
 * @param afterCrash whether the last run of this service ended without saying so
 * @param embedded whether all services share this process
 */
public record ServiceContext(Bus bus, Layout layout, boolean afterCrash, boolean embedded) {}
