package dev.gantry.seccomp.syscalls;

import java.util.List;
import java.util.Map;

/**
 * A call of i386 that stands for others: socketcall(2) and ipc(2) take the number of the real call
 * as their first argument and its arguments in memory, where no filter can see them.
 *
 * @param name its name
 * @param mask which bits of the first argument say the call; ipc keeps a version in the others
 * @param calls the calls that can be made through it, with their numbers (linux/net.h, linux/ipc.h)
 */
public record Multiplexer(String name, long mask, Map<String, Integer> calls) {
    private static final List<Multiplexer> OF_X86 =
            List.of(
                    new Multiplexer(
                            "socketcall",
                            0xFFFFFFFFL,
                            Map.ofEntries(
                                    Map.entry("socket", 1),
                                    Map.entry("bind", 2),
                                    Map.entry("connect", 3),
                                    Map.entry("listen", 4),
                                    Map.entry("accept", 5),
                                    Map.entry("getsockname", 6),
                                    Map.entry("getpeername", 7),
                                    Map.entry("socketpair", 8),
                                    Map.entry("send", 9),
                                    Map.entry("recv", 10),
                                    Map.entry("sendto", 11),
                                    Map.entry("recvfrom", 12),
                                    Map.entry("shutdown", 13),
                                    Map.entry("setsockopt", 14),
                                    Map.entry("getsockopt", 15),
                                    Map.entry("sendmsg", 16),
                                    Map.entry("recvmsg", 17),
                                    Map.entry("accept4", 18),
                                    Map.entry("recvmmsg", 19),
                                    Map.entry("sendmmsg", 20))),
                    new Multiplexer(
                            "ipc",
                            0xFFFFL,
                            Map.ofEntries(
                                    Map.entry("semop", 1),
                                    Map.entry("semget", 2),
                                    Map.entry("semctl", 3),
                                    Map.entry("semtimedop", 4),
                                    Map.entry("msgsnd", 11),
                                    Map.entry("msgrcv", 12),
                                    Map.entry("msgget", 13),
                                    Map.entry("msgctl", 14),
                                    Map.entry("shmat", 21),
                                    Map.entry("shmdt", 22),
                                    Map.entry("shmget", 23),
                                    Map.entry("shmctl", 24))));

    /** The calls by their numbers, so that equal profiles make equal programs. */
    public List<Map.Entry<String, Integer>> inOrder() {
        return calls.entrySet().stream().sorted(Map.Entry.comparingByValue()).toList();
    }

    /** The multiplexers of an architecture. */
    public static List<Multiplexer> of(Architecture architecture) {
        return architecture == Architecture.X86 ? OF_X86 : List.of();
    }
}
