package dev.gantry.bus.contract.storage;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

/**
 * Who the caller is to one registry: a user with a password, or an identity token. It is used for
 * that registry and what it names as its token server, for one transfer, and never written down.
 *
 * @param registry host and port, as in image names; {@code docker.io} for names without one
 */
public record RegistryLogin(
        String registry, String username, String password, String identityToken) {
    /** Checks that there is something to log in with. */
    public RegistryLogin {
        username = Absent.orEmpty(username);
        password = Absent.orEmpty(password);
        identityToken = Absent.orEmpty(identityToken);
        if (registry == null || registry.isEmpty()) {
            throw FaultException.invalid("login: no registry is named");
        }
        if (identityToken.isEmpty() && username.isEmpty()) {
            throw FaultException.invalid(
                    "login to %s: neither user nor token", Names.quote(registry));
        }
    }

    /** Names no secret: what is logged by accident tells nothing. */
    @Override
    public String toString() {
        return "login to " + registry;
    }
}
