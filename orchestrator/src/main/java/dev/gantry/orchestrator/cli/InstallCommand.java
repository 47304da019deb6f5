package dev.gantry.orchestrator.cli;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.supervisor.RunningServices;
import dev.gantry.orchestrator.supervisor.ServiceTable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/** {@code services install}: puts the installation and the systemd units in their places. */
@Command(
        name = "install",
        mixinStandardHelpOptions = true,
        description = {
            "Install Gantry as systemd units: a unit a process, gantry.target above them.",
            "Then: systemd-sysusers && systemctl daemon-reload && systemctl start gantry.target"
        })
final class InstallCommand implements Callable<Integer> {
    @ParentCommand ServicesCommand parent;

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "where the jars and the launcher go, /usr/local/lib/gantry unless told")
    Path target = Path.of("/usr/local/lib/gantry");

    @Option(
            names = "--units",
            paramLabel = "DIR",
            description = "where the units go, /etc/systemd/system unless told")
    Path units = Path.of("/etc/systemd/system");

    @Option(
            names = "--sysusers",
            paramLabel = "DIR",
            description = "where the services' users are declared, /etc/sysusers.d unless told")
    Path sysusers = Path.of("/etc/sysusers.d");

    @Override
    public Integer call() {
        Invocation.current().needsOwnProcess();
        var home = RunningServices.home();
        try {
            copyTree(home.resolve("lib"), target.resolve("lib"));
            copyTree(home.resolve("launcher"), target.resolve("launcher"));
            var launcher = target.resolve("launcher/gantry-launcher");
            Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
            copy(home.resolve("build"), target.resolve("build"));
            Files.writeString(target.resolve("service.jvmargs"), arguments());
            Files.createDirectories(sysusers);
            var users = sysusers.resolve("gantry.conf");
            Files.writeString(users, ServiceTable.sysusers());
            parent.gantry.out().println(users);
            Files.createDirectories(units);
            try (Stream<Path> files = Files.list(home.resolve("systemd"))) {
                for (var file : (Iterable<Path>) files.sorted()::iterator) {
                    var unit = units.resolve(file.getFileName());
                    Files.writeString(unit, fill(Files.readString(file)));
                    parent.gantry.out().println(unit);
                }
            }
        } catch (IOException e) {
            throw FaultException.of(FaultCode.FAILED_PRECONDITION, "install: %s", e);
        }
        parent.gantry.out().flush();
        return 0;
    }

    private String arguments() throws IOException {
        try (Stream<Path> jars = Files.list(target.resolve("lib"))) {
            var classPath = String.join(":", jars.map(Path::toString).sorted().toList());
            return String.join("\n", ServiceTable.jvmFlags())
                    + "\n-Dgantry.home="
                    + target
                    + "\n-cp\n"
                    + classPath
                    + "\n";
        }
    }

    private String fill(String unit) {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return unit.replace("@HOME@", target.toString()).replace("@JAVA@", java);
    }

    private static void copyTree(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        List<Path> files;
        try (Stream<Path> list = Files.list(from)) {
            files =
                    list.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                            .toList();
        }
        for (var file : files) {
            copy(file, to.resolve(file.getFileName()));
        }
    }

    private static void copy(Path file, Path copy) throws IOException {
        Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-r--r--"));
    }
}
