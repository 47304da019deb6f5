package dev.gantry.network.state;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.regex.Pattern;

/**
 * An IPv4 subnet.
 *
 * @param base its first address
 * @param prefix the number of its leading bits
 */
public record Subnet(Ipv4 base, int prefix) {
    private static final Pattern CIDR = Pattern.compile("([0-9.]{7,15})/([0-9]|[12][0-9]|3[0-2])");

    /** Clears the host bits of the base. */
    public Subnet {
        base = new Ipv4(base.value() & mask(prefix));
    }

    /** Reads {@code 10.88.0.0/16}; host bits that are set are refused. */
    public static Subnet parse(String text) {
        var matcher = CIDR.matcher(text == null ? "" : text);
        if (!matcher.matches()) {
            throw FaultException.invalid(
                    "subnet %s is not of the form 10.88.0.0/16", Names.quote(text));
        }
        var address = Ipv4.parse(matcher.group(1));
        var subnet = new Subnet(address, Integer.parseInt(matcher.group(2)));
        if (!subnet.base.equals(address)) {
            throw FaultException.invalid(
                    "subnet %s has host bits set; the subnet is %s", Names.quote(text), subnet);
        }
        return subnet;
    }

    /** The broadcast address. */
    public Ipv4 last() {
        return new Ipv4(base.value() | ~mask(prefix));
    }

    /** Whether the address lies in it. */
    public boolean contains(Ipv4 address) {
        return (address.value() & mask(prefix)) == base.value();
    }

    /** Whether they share an address. */
    public boolean overlaps(Subnet other) {
        int common = mask(Math.min(prefix, other.prefix));
        return (base.value() & common) == (other.base.value() & common);
    }

    /** How many addresses it has between its first and its last. */
    public long hosts() {
        return (1L << 32 - prefix) - 2;
    }

    private static int mask(int prefix) {
        return prefix == 0 ? 0 : -1 << 32 - prefix;
    }

    @Override
    public String toString() {
        return base + "/" + prefix;
    }
}
