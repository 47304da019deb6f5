package dev.gantry.orchestrator.model;

import java.util.concurrent.ThreadLocalRandom;

/** Names for containers that were given none: {@code adjective_noun}. */
public final class ContainerNames {
    private static final String[] ADJECTIVES =
            ("able agile amber ample apt ardent arctic azure balmy bold brave breezy bright brisk"
                 + " calm candid civil clear clever cosy crisp daring deft eager early earnest easy"
                 + " fair fleet fond frank fresh gentle glad golden grand hardy hasty humble jolly"
                 + " keen kind lively lucid lucky mellow merry mild modest neat nimble noble"
                 + " patient placid plucky polite prompt proud quick quiet rapid ready robust"
                 + " rustic serene sharp silent sleek smart solid spry stable steady stout sturdy"
                 + " subtle sunny swift tidy tranquil trusty upbeat vivid warm wise witty zesty")
                    .split(" ");
    private static final String[] NOUNS =
            ("anchor anvil arch axle barge beacon beam bolt boom bridge buoy cable capstan cargo"
                 + " chain cleat cog crane crate davit derrick dock drum ferry flange flywheel"
                 + " forge freight gantry gear girder grapple gusset hangar harbour hawser hinge"
                 + " hoist hook hull jetty jib joist keel ladder lathe lever lighthouse lintel"
                 + " locker mast mooring nacelle outrigger pallet pier pillar pinion piston pivot"
                 + " plank platform pontoon portal pulley quay rack rafter rail ratchet rigging"
                 + " rivet rope rotor rudder scaffold shackle sheave skid slip spar spindle strut"
                 + " tackle tiller tower tram trestle trolley truss tug turnbuckle valve wharf"
                 + " winch yard")
                    .split(" ");

    private ContainerNames() {}

    /** A name; from the third attempt on with a number, so that a free one is found. */
    public static String random(int attempt) {
        var random = ThreadLocalRandom.current();
        var name =
                ADJECTIVES[random.nextInt(ADJECTIVES.length)]
                        + "_"
                        + NOUNS[random.nextInt(NOUNS.length)];
        return attempt < 2 ? name : name + random.nextInt(10, 1 << Math.min(30, 4 + attempt));
    }
}
