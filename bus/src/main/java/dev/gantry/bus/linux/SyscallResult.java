package dev.gantry.bus.linux;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

/**
 * What a kernel call returned, and the errno that belongs to it.
 *
 * @param value the return value; −1 where it failed
 * @param errno 0 unless it failed
 */
public record SyscallResult(long value, int errno) {
    /** Whether it failed. */
    public boolean failed() {
        return errno != 0;
    }

    /** The name of the errno, or {@code ok}. */
    public String answer() {
        return errno == 0 ? "ok" : Errno.name(errno);
    }

    /** The value; a fault that names the call if it failed. */
    public long orThrow(String format, Object... arguments) {
        if (errno == 0) {
            return value;
        }
        throw FaultException.kernel(faultCode(errno), Errno.name(errno), format, arguments);
    }

    /** The fault code that an errno usually means. */
    public static FaultCode faultCode(int errno) {
        return switch (errno) {
            case Errno.EPERM, Errno.EACCES, Errno.EROFS -> FaultCode.PERMISSION_DENIED;
            case Errno.ENOENT, Errno.ESRCH, Errno.ENODEV -> FaultCode.NOT_FOUND;
            case Errno.EEXIST -> FaultCode.ALREADY_EXISTS;
            case Errno.EINVAL, Errno.ERANGE, Errno.ENOTDIR, Errno.EISDIR, Errno.ELOOP ->
                    FaultCode.INVALID_ARGUMENT;
            case Errno.EBUSY, Errno.ENOTEMPTY -> FaultCode.FAILED_PRECONDITION;
            case Errno.ENOSPC, Errno.ENOMEM, Errno.EMFILE, Errno.EAGAIN, 122 ->
                    FaultCode.RESOURCE_EXHAUSTED;
            case Errno.ENOSYS, Errno.EOPNOTSUPP -> FaultCode.UNSUPPORTED;
            default -> FaultCode.INTERNAL;
        };
    }
}
