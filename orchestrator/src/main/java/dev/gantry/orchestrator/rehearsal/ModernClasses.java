package dev.gantry.orchestrator.rehearsal;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;

/**
 * Rewrites the classes of a jar that were compiled for a Java before 6 in the form of Java 8, with
 * the same code. The JVM keeps no older ones in its AOT cache; picocli, compiled for Java 5, is
 * most of what the command line loads.
 */
public final class ModernClasses {
    private static final int OLDEST_CACHED = 50;
    private static final int JAVA_8 = 52;

    private ModernClasses() {}

    /**
     * {@code JAR…}: each is replaced by its rewritten form; one that needs nothing stays as it is.
     */
    public static void main(String[] jars) throws IOException {
        for (var jar : jars) {
            rewrite(Path.of(jar));
        }
    }

    private static void rewrite(Path path) throws IOException {
        var rewritten = path.resolveSibling(path.getFileName() + ".new");
        boolean changed = false;
        try (var jar = new JarFile(path.toFile());
                var out = new JarOutputStream(Files.newOutputStream(rewritten))) {
            for (var entry : (Iterable<java.util.jar.JarEntry>) jar.stream()::iterator) {
                var bytes = jar.getInputStream(entry).readAllBytes();
                if (entry.getName().endsWith(".class") && version(bytes) < OLDEST_CACHED) {
                    bytes = modern(bytes);
                    changed = true;
                }
                out.putNextEntry(new ZipEntry(entry.getName()));
                out.write(bytes);
                out.closeEntry();
            }
        }
        if (changed) {
            Files.move(rewritten, path, StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.delete(rewritten);
        }
    }

    private static int version(byte[] bytes) {
        return (bytes[6] & 0xff) << 8 | bytes[7] & 0xff;
    }

    /**
     * The same instructions, built anew so that they get the stack maps that the newer form asks
     * for.
     */
    private static byte[] modern(byte[] bytes) {
        var classFile =
                ClassFile.of(
                        ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                        ClassFile.ClassHierarchyResolverOption.of(
                                ClassHierarchyResolver.ofResourceParsing(
                                                ModernClasses.class.getClassLoader())
                                        .orElse(ClassHierarchyResolver.defaultResolver())));
        var again =
                ClassTransform.transformingMethodBodies(
                        (builder, element) -> builder.with(element));
        return classFile.transformClass(
                classFile.parse(bytes),
                again.andThen(
                        ClassTransform.endHandler(builder -> builder.withVersion(JAVA_8, 0))));
    }
}
