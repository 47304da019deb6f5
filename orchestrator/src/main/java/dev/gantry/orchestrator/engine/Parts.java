package dev.gantry.orchestrator.engine;

import dev.gantry.orchestrator.events.Happenings;
import dev.gantry.orchestrator.logs.LogDirectory;
import dev.gantry.orchestrator.saga.Leftovers;
import dev.gantry.orchestrator.saga.Undoing;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Containers;

/** What every use case of the engine works with. */
record Parts(
        Services services,
        Containers containers,
        Happenings happenings,
        Undoing undoing,
        Leftovers leftovers,
        LogDirectory logs,
        Explanations explanations,
        Filters filters) {}
