/** namespace-svc: launch plans and the life cycle of a container's processes. */
package dev.gantry.namespace;
