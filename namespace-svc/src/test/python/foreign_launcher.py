"""foreign_launcher.py QEMU BINARY [ARGUMENT…]: the launcher of another architecture under QEMU's user-mode emulation.

It runs from a sealed copy as it does by itself: its own way there, fexecve, would need the host's kernel to know QEMU.
"""
import fcntl
import os
import sys

qemu, binary, *arguments = sys.argv[1:]
copy = os.memfd_create("gantry-launcher", os.MFD_ALLOW_SEALING)
with open(binary, "rb") as original:
    os.sendfile(copy, original.fileno(), 0, os.fstat(original.fileno()).st_size)
fcntl.fcntl(copy, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
os.execvp(qemu, [qemu, "/proc/self/fd/%d" % copy, *arguments])
