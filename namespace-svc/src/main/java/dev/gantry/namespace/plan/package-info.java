/**
 * Launch plans: from the OCI configuration to the ordered operations that the launcher carries out,
 * their bytes (src/main/c/protocol.md, section 3) and their words. Pure code, no kernel call.
 */
package dev.gantry.namespace.plan;
