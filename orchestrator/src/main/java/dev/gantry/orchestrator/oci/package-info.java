/**
 * {@code gantry-oci}: the command line of an OCI runtime (runtime.md of the specification, and what
 * callers of runc expect beyond it) on top of namespace.v1, cgroup.v1 and seccomp.v1.
 */
package dev.gantry.orchestrator.oci;
