package dev.gantry.storage.content;

import dev.gantry.bus.contract.storage.StorageResult.Removed;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;

/**
 * What the removal of an image takes with it. A container's image is never taken from under it: by
 * force it loses its names alone.
 *
 * @param users which containers stand on the image of a manifest digest
 */
record Removal(Catalogue catalogue, Function<String, List<String>> users) {
    /** Removes by a name or an id, from the catalogue only. */
    Removed of(String reference, StoredImage image, boolean force) {
        boolean named = catalogue.isName(reference);
        if (named && catalogue.names(image).size() > 1) {
            catalogue.forgetName(reference);
            return new Removed(List.of(ImageName.withTag(reference)), List.of(), 0);
        }
        // The same image may have come twice, packed differently: an id means all of them.
        boolean byId = !named && !reference.endsWith(image.digest());
        var images = byId ? catalogue.withId(image.id()) : List.of(image);
        var names = images.stream().flatMap(one -> catalogue.names(one).stream()).toList();
        var repositories = names.stream().map(ImageName::repository).distinct().toList();
        if (!named && repositories.size() > 1 && !force) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "image %s has names in several repositories (%s): remove them by name, or the"
                            + " image by force",
                    reference,
                    String.join(", ", names));
        }
        var usersOf = new LinkedHashMap<String, List<String>>();
        images.forEach(one -> usersOf.put(one.digest(), users.apply(one.digest())));
        var using = usersOf.values().stream().flatMap(List::stream).toList();
        if (!using.isEmpty() && (!force || names.isEmpty())) {
            throw used(reference, using);
        }
        names.forEach(catalogue::forgetName);
        var deleted = new ArrayList<String>();
        long bytes = 0;
        for (var one : images) {
            if (usersOf.get(one.digest()).isEmpty()) {
                catalogue.forget(one.digest());
                deleted.addAll(orphans(one));
                bytes += unneeded(one);
            }
        }
        return new Removed(names, deleted.stream().distinct().toList(), bytes);
    }

    /** Removes an image that cannot be read. */
    Removed ofDamaged(String reference, Damaged image) {
        var digest = image.descriptor().digest();
        var names = catalogue.names(digest);
        if (catalogue.isName(reference) && names.size() > 1) {
            catalogue.forgetName(reference);
            return new Removed(List.of(ImageName.withTag(reference)), List.of(), 0);
        }
        var using = users.apply(digest);
        if (!using.isEmpty()) {
            throw used(reference, using);
        }
        catalogue.forget(digest);
        return new Removed(names, List.of(digest), 0);
    }

    private static FaultException used(String reference, List<String> using) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION,
                "image %s is used by container %s",
                reference,
                String.join(", ", using));
    }

    /** What no other image needs: the manifest, the configuration, layers by diff id. */
    private List<String> orphans(StoredImage image) {
        var deleted = new ArrayList<String>();
        deleted.add(image.digest());
        if (catalogue.images().stream().noneMatch(other -> other.id().equals(image.id()))) {
            deleted.add(image.id());
        }
        image.layers().stream()
                .filter(this::nobodyNeeds)
                .map(Layer::diffId)
                .distinct()
                .forEach(deleted::add);
        return deleted;
    }

    private long unneeded(StoredImage image) {
        return image.layers().stream().filter(this::nobodyNeeds).mapToLong(Layer::bytes).sum();
    }

    private boolean nobodyNeeds(Layer layer) {
        return catalogue.images().stream().noneMatch(other -> other.layers().contains(layer));
    }
}
