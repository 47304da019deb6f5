package dev.gantry.seccomp.profile;

import dev.gantry.seccomp.syscalls.Architecture;

import java.util.List;

/**
 * A profile as it applies to one container on this host: what its conditions on capabilities,
 * architecture and kernel left over.
 *
 * @param defaultAction what becomes of a call that no rule matches
 * @param architectures the ways to call that it covers, the native one first; a call made in
 *     another way kills
 * @param flags SECCOMP_FILTER_FLAG_… to load it with
 */
public record Profile(
        Action defaultAction, List<Architecture> architectures, List<Rule> rules, long flags) {}
