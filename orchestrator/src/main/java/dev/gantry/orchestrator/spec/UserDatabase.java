package dev.gantry.orchestrator.spec;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciProcess.User;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The image's /etc/passwd and /etc/group, passwd(5), group(5), asked for {@code user[:group]}.
 * Digits are always a number, never a name that looks like one, and nothing falls back to root
 * (security.md row 12).
 */
public final class UserDatabase {
    private static final long MAX_ID = 0xffff_fffeL;

    private record Account(String name, OptionalLong uid, OptionalLong gid, String home) {}

    private record Group(String name, OptionalLong gid, List<String> members) {}

    /** Who a process runs as, and where that user is at home. */
    public record Identity(User user, String home) {}

    private final List<Account> accounts;
    private final List<Group> groups;

    /** Over the text of both files. */
    public UserDatabase(String passwd, String group) {
        this.accounts =
                lines(passwd)
                        .filter(fields -> fields.length >= 4)
                        .map(f -> new Account(f[0], id(f[2]), id(f[3]), f.length > 5 ? f[5] : ""))
                        .toList();
        this.groups =
                lines(group)
                        .filter(fields -> fields.length >= 3)
                        .map(
                                f ->
                                        new Group(
                                                f[0],
                                                id(f[2]),
                                                f.length > 3
                                                        ? List.of(f[3].split(","))
                                                        : List.of()))
                        .toList();
    }

    private static java.util.stream.Stream<String[]> lines(String text) {
        return text.lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> line.split(":", -1));
    }

    /** Resolves {@code user[:group]} (empty: root) and further groups by name or number. */
    public Identity resolve(String asked, List<String> groupAdd) {
        if (asked.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
            throw FaultException.invalid("user %s has a control character", Names.quote(asked));
        }
        int colon = asked.indexOf(':');
        var userPart = colon < 0 ? asked : asked.substring(0, colon);
        var groupPart = colon < 0 ? "" : asked.substring(colon + 1);
        if (colon >= 0 && groupPart.isEmpty()) {
            throw FaultException.invalid("user %s has an empty group", Names.quote(asked));
        }
        long uid;
        Optional<Account> account;
        if (userPart.isEmpty() || isNumber(userPart)) {
            uid = userPart.isEmpty() ? 0 : number("uid", userPart);
            account =
                    accounts.stream()
                            .filter(a -> a.uid().isPresent() && a.uid().getAsLong() == uid)
                            .findFirst();
        } else {
            account = accounts.stream().filter(a -> a.name().equals(userPart)).findFirst();
            if (account.isEmpty()) {
                throw FaultException.invalid(
                        "user %s is not in the image's /etc/passwd", Names.quote(userPart));
            }
            uid =
                    account.get()
                            .uid()
                            .orElseThrow(
                                    () ->
                                            FaultException.invalid(
                                                    "user %s has no valid uid in the image's"
                                                            + " /etc/passwd",
                                                    Names.quote(userPart)));
        }
        long gid = groupPart.isEmpty() ? primary(account, userPart) : group(groupPart);
        var all = new LinkedHashSet<Long>();
        // The primary group belongs in the list, or a file that denies it is open (row 11).
        all.add(gid);
        if (groupPart.isEmpty() && account.isPresent()) {
            memberships(account.get().name()).forEach(all::add);
        }
        groupAdd.forEach(name -> all.add(group(name)));
        var home = account.map(Account::home).filter(h -> h.startsWith("/")).orElse("/");
        return new Identity(new User(uid, gid, new ArrayList<>(all), Optional.empty()), home);
    }

    private static long primary(Optional<Account> account, String asked) {
        if (account.isEmpty()) {
            return 0; // As Docker: a number that no account has belongs to group 0.
        }
        return account.get()
                .gid()
                .orElseThrow(
                        () ->
                                FaultException.invalid(
                                        "user %s has no valid gid in the image's /etc/passwd",
                                        Names.quote(asked)));
    }

    private List<Long> memberships(String name) {
        return groups.stream()
                .filter(g -> g.members().contains(name) && g.gid().isPresent())
                .map(g -> g.gid().getAsLong())
                .toList();
    }

    private long group(String asked) {
        if (isNumber(asked)) {
            return number("gid", asked);
        }
        return groups.stream()
                .filter(g -> g.name().equals(asked) && g.gid().isPresent())
                .map(g -> g.gid().getAsLong())
                .findFirst()
                .orElseThrow(
                        () ->
                                FaultException.invalid(
                                        "group %s is not in the image's /etc/group",
                                        Names.quote(asked)));
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static long number(String what, String digits) {
        var id = id(digits);
        if (id.isEmpty()) {
            throw FaultException.invalid(
                    "%s %s is not within 0..%d", what, Names.quote(digits), MAX_ID);
        }
        return id.getAsLong();
    }

    private static OptionalLong id(String digits) {
        if (!isNumber(digits) || digits.length() > 20) {
            return OptionalLong.empty();
        }
        var value = new java.math.BigInteger(digits);
        return value.bitLength() > 32 || value.longValue() > MAX_ID
                ? OptionalLong.empty()
                : OptionalLong.of(value.longValue());
    }
}
