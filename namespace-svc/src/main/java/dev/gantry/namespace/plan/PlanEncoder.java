package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.oci.OciSpec.IdMapping;
import dev.gantry.bus.fault.FaultException;

import java.nio.ByteBuffer;
import java.util.List;

/** Operations to bytes: each u16 opcode, u16 flags, u32 length, payload (protocol.md section 3). */
final class PlanEncoder {
    private static final int MAX_OPS = 1024;

    private PlanEncoder() {}

    static ByteBuffer encode(List<PlanOp> ops) {
        if (ops.size() > MAX_OPS) {
            throw FaultException.invalid(
                    "the launch plan has %d operations, the launcher takes %d",
                    ops.size(), MAX_OPS);
        }
        var out = new PlanWriter();
        for (var op : ops) {
            out.u16(op.opcode().code()).u16(flags(op));
            int at = out.reserve();
            payload(out, op);
            out.settle(at);
        }
        return out.finish();
    }

    private static int flags(PlanOp op) {
        return switch (op) {
            case PlanOp.Stdio s -> bit(s.stdin(), 1) | bit(s.waitAttach(), 2) | bit(s.once(), 4);
            case PlanOp.JoinInit _ -> 2;
            case PlanOp.Propagation p -> bit(p.recursive(), 1);
            case PlanOp.Rootfs r -> bit(r.overlay(), 1) | bit(r.slave(), 4) | bit(r.idMapped(), 8);
            case PlanOp.Mount m ->
                    bit(m.options().recursive(), 1)
                            | bit(m.options().propagationBelow(), 2)
                            | bit(m.byShim(), 4)
                            | bit(m.options().copyUp(), 32)
                            | bit(m.options().idMap() == MountOptions.IdMap.BELOW, 64);
            case PlanOp.Mknod n -> bit(n.bind(), 1);
            case PlanOp.Readonly r -> bit(r.alone(), 1);
            case PlanOp.Tty t -> bit(t.console(), 1);
            case PlanOp.Exec _ -> 1;
            case PlanOp.Id _,
                    PlanOp.State _,
                    PlanOp.Hook _,
                    PlanOp.Listener _,
                    PlanOp.TimeOffsets _,
                    PlanOp.Label _,
                    PlanOp.Scheduler _,
                    PlanOp.IoPriority _,
                    PlanOp.CpuAffinity _,
                    PlanOp.Personality _,
                    PlanOp.MemoryPolicy _,
                    PlanOp.Log _,
                    PlanOp.Namespaces _,
                    PlanOp.JoinPath _,
                    PlanOp.Cgroup _,
                    PlanOp.CgroupWrite _,
                    PlanOp.UserMap _,
                    PlanOp.Symlink _,
                    PlanOp.Mask _,
                    PlanOp.Pivot _,
                    PlanOp.ReadonlyRoot _,
                    PlanOp.Hostname _,
                    PlanOp.Domainname _,
                    PlanOp.SysctlWrite _,
                    PlanOp.Limit _,
                    PlanOp.OomScore _,
                    PlanOp.LoopbackUp _,
                    PlanOp.Keyring _,
                    PlanOp.Env _,
                    PlanOp.Cwd _,
                    PlanOp.Mkdir _,
                    PlanOp.Groups _,
                    PlanOp.Uid _,
                    PlanOp.Caps _,
                    PlanOp.NoNewPrivs _,
                    PlanOp.Seccomp _,
                    PlanOp.Init _,
                    PlanOp.WaitStart _ ->
                    0;
        };
    }

    private static int bit(boolean set, int value) {
        return set ? value : 0;
    }

    private static void payload(PlanWriter out, PlanOp op) {
        switch (op) {
            case PlanOp.Id(var id) -> out.string(id);
            case PlanOp.Log l ->
                    out.string(l.path()).u64(l.maxBytes()).u32(l.maxFiles()).u32(l.gid());
            case PlanOp.State(var head, var tail, var bundle) ->
                    out.string(head).string(tail).string(bundle);
            case PlanOp.Listener(var path, var head) -> out.string(path).string(head);
            case PlanOp.Hook h ->
                    out.u32(h.stage().ordinal())
                            .string(h.path())
                            .u32(h.timeout())
                            .list(h.args(), PlanWriter::string)
                            .list(h.env(), PlanWriter::string);
            case PlanOp.Namespaces(var flags) -> out.u32(flags);
            case PlanOp.JoinPath(var kind, var path) -> out.u32(kind).string(path);
            case PlanOp.JoinInit(var kinds, _) -> out.u32(kinds);
            case PlanOp.Cgroup(var dirs) ->
                    out.list(dirs, (o, dir) -> o.u32(dir.version()).string(dir.path()));
            case PlanOp.CgroupWrite(var file, var value) -> out.string(file).string(value);
            case PlanOp.UserMap(var uids, var gids) ->
                    out.list(uids, PlanEncoder::mapping).list(gids, PlanEncoder::mapping);
            case PlanOp.TimeOffsets(var monotonic, var boottime) ->
                    out.u64(monotonic.secs())
                            .u32(monotonic.nanosecs())
                            .u64(boottime.secs())
                            .u32(boottime.nanosecs());
            case PlanOp.Propagation(var type, _) -> out.u32(type);
            case PlanOp.Rootfs r ->
                    out.list(r.lowers(), PlanWriter::string)
                            .string(r.upper())
                            .string(r.work())
                            .list(r.options(), PlanEncoder::option)
                            .u64(r.attributes());
            case PlanOp.Mount m -> mount(out, m);
            case PlanOp.Mkdir d -> out.string(d.path()).u32(d.mode()).u32(d.uid()).u32(d.gid());
            case PlanOp.Mknod n ->
                    out.string(n.path())
                            .u32(n.mode())
                            .u32(n.major())
                            .u32(n.minor())
                            .u32(n.uid())
                            .u32(n.gid());
            case PlanOp.Symlink(var target, var path) -> out.string(target).string(path);
            case PlanOp.Mask(var path) -> out.string(path);
            case PlanOp.Readonly(var path, _) -> out.string(path);
            case PlanOp.Hostname(var name) -> out.string(name);
            case PlanOp.Domainname(var name) -> out.string(name);
            case PlanOp.SysctlWrite(var key, var value) -> out.string(key).string(value);
            case PlanOp.Limit(var resource, var soft, var hard) ->
                    out.u32(resource).u64(soft).u64(hard);
            case PlanOp.OomScore(var adjustment) -> out.u32(adjustment);
            case PlanOp.Keyring(var name) -> out.string(name);
            case PlanOp.Tty(var rows, var columns, _) -> out.u16(rows).u16(columns);
            case PlanOp.Label(var attribute, var value) -> out.string(attribute).string(value);
            case PlanOp.Scheduler s ->
                    out.u32(s.policy())
                            .u32(s.nice())
                            .u32(s.priority())
                            .u64(s.flags())
                            .u64(s.runtime())
                            .u64(s.deadline())
                            .u64(s.period());
            case PlanOp.IoPriority(var ioClass, var priority) -> out.u32(ioClass).u32(priority);
            case PlanOp.CpuAffinity(var placed, var cpus) ->
                    out.u32(placed ? 1 : 0).list(cpus, PlanWriter::u32);
            case PlanOp.Personality(var persona) -> out.u32(persona);
            case PlanOp.MemoryPolicy(var mode, var nodes) ->
                    out.u32(mode).list(nodes, PlanWriter::u32);
            case PlanOp.Env(var entries) -> out.list(entries, PlanWriter::string);
            case PlanOp.Cwd(var path) -> out.string(path);
            case PlanOp.Groups(var gids) -> out.list(gids, PlanWriter::u32);
            case PlanOp.Uid(var uid, var gid, var umask) -> out.u32(uid).u32(gid).u32(umask);
            case PlanOp.Caps c ->
                    out.u64(c.bounding())
                            .u64(c.effective())
                            .u64(c.permitted())
                            .u64(c.inheritable())
                            .u64(c.ambient());
            case PlanOp.Seccomp(var flags, var filter) -> out.u32(flags).bytes(filter);
            case PlanOp.Exec(var args) -> out.list(args, PlanWriter::string);
            case PlanOp.Stdio _,
                    PlanOp.Pivot _,
                    PlanOp.ReadonlyRoot _,
                    PlanOp.LoopbackUp _,
                    PlanOp.NoNewPrivs _,
                    PlanOp.Init _,
                    PlanOp.WaitStart _ -> {
                // nothing but its number
            }
        }
    }

    private static void mount(PlanWriter out, PlanOp.Mount m) {
        out.string(m.type())
                .string(m.source())
                .string("")
                .string(m.destination())
                .u64(m.options().here().set())
                .u64(m.options().here().clear())
                .u64(m.options().below().set())
                .u64(m.options().below().clear())
                .u32(m.options().propagation())
                .list(m.options().data(), PlanEncoder::option)
                .list(m.uids(), PlanEncoder::mapping)
                .list(m.gids(), PlanEncoder::mapping);
    }

    private static void option(PlanWriter out, PlanOp.Option option) {
        out.string(option.key()).string(option.value());
    }

    private static void mapping(PlanWriter out, IdMapping map) {
        out.u32(map.containerID()).u32(map.hostID()).u32(map.size());
    }
}
