package dev.gantry.seccomp.bpf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Runs a filter as the kernel would (linux/filter.h, net/core/filter.c). */
public final class BpfInterpreter {
    private BpfInterpreter() {}

    /**
     * What the filter returns for a call.
     *
     * @param registers six arguments
     */
    public static int run(byte[] filter, int architecture, int number, long... registers) {
        var data = ByteBuffer.allocate(64).order(ByteOrder.nativeOrder());
        data.putInt(number).putInt(architecture).putLong(0x401000);
        for (int i = 0; i < 6; i++) {
            data.putLong(i < registers.length ? registers[i] : 0);
        }
        var program = ByteBuffer.wrap(filter).order(ByteOrder.nativeOrder());
        int at = 0;
        int a = 0;
        int x = 0;
        var memory = new int[16];
        while (true) {
            int code = program.getShort(at * 8) & 0xffff;
            int jt = program.get(at * 8 + 2) & 0xff;
            int jf = program.get(at * 8 + 3) & 0xff;
            int k = program.getInt(at * 8 + 4);
            at++;
            switch (code) {
                case 0x20 -> a = data.getInt(k);
                case 0x60 -> a = memory[k];
                case 0x02 -> memory[k] = a;
                case 0x07 -> x = a;
                case 0x87 -> a = x;
                case 0x54 -> a &= k;
                case 0x44 -> a |= k;
                case 0x05 -> at += k;
                case 0x15 -> at += a == k ? jt : jf;
                case 0x25 -> at += Integer.compareUnsigned(a, k) > 0 ? jt : jf;
                case 0x35 -> at += Integer.compareUnsigned(a, k) >= 0 ? jt : jf;
                case 0x45 -> at += (a & k) != 0 ? jt : jf;
                case 0x06 -> {
                    return k;
                }
                default ->
                        throw new IllegalStateException(
                                "instruction %d has code 0x%x".formatted(at - 1, code));
            }
        }
    }
}
