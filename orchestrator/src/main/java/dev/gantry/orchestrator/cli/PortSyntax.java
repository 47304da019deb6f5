package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.fault.FaultException;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Ports as {@code -p} writes them: {@code [[IP:]HOST[-HOST]:]CONTAINER[-CONTAINER][/tcp|/udp]}. */
final class PortSyntax {
    /** The most ports that one range may name. */
    private static final int MOST = 1024;

    private static final Pattern FORM =
            Pattern.compile(
                    "(?:(?:(\\[[0-9a-fA-F:.]+]|\\d{1,3}(?:\\.\\d{1,3}){3}):)?(\\d{0,5}(?:-\\d{1,5})?):)?"
                        + "(\\d{1,5}(?:-\\d{1,5})?)(?:/([a-z]+))?");

    private PortSyntax() {}

    static List<PortMapping> parse(String text) {
        var matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw FaultException.invalid(
                    "--publish %s is not [[IP:]PORT:]PORT[/tcp|/udp]", Names.quote(text));
        }
        var ip = matcher.group(1) == null ? "" : matcher.group(1).replaceAll("[\\[\\]]", "");
        if (!ip.isEmpty()) {
            checkAddress(text, ip);
        }
        var container = range(text, matcher.group(3));
        var host =
                matcher.group(2) == null || matcher.group(2).isEmpty()
                        ? new int[] {0, 0}
                        : range(text, matcher.group(2));
        int count = container[1] - container[0] + 1;
        boolean free = host[0] == 0;
        if (!free && host[1] - host[0] + 1 != count) {
            throw FaultException.invalid(
                    "--publish %s: the ranges differ in length", Names.quote(text));
        }
        var ports = new ArrayList<PortMapping>();
        for (int i = 0; i < count; i++) {
            ports.add(
                    new PortMapping(
                            ip, free ? 0 : host[0] + i, container[0] + i, matcher.group(4)));
        }
        return ports;
    }

    private static void checkAddress(String text, String ip) {
        try {
            InetAddress.ofLiteral(ip);
        } catch (IllegalArgumentException e) {
            throw FaultException.invalid(
                    "--publish %s: %s is not an address", Names.quote(text), ip);
        }
    }

    private static int[] range(String text, String range) {
        var ends = range.split("-");
        int first = Integer.parseInt(ends[0]);
        int last = ends.length == 1 ? first : Integer.parseInt(ends[1]);
        if (last < first || last - first >= MOST) {
            throw FaultException.invalid(
                    "--publish %s: a range rises and has at most %d ports",
                    Names.quote(text), MOST);
        }
        return new int[] {first, last};
    }
}
