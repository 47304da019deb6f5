package dev.gantry.storage.registry;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.registry.Registries.Insecure;
import dev.gantry.storage.registry.Registries.Registry;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** Which certificates are believed: those of the host, a registry's own besides, or any. */
record Trust(boolean any, Optional<String> ca) {
    /** Where distributions keep the certificates that the host believes; else those of the JDK. */
    private static final List<Path> HOST =
            List.of(
                    Path.of("/etc/ssl/certs/ca-certificates.crt"),
                    Path.of("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
                    Path.of("/etc/ssl/ca-bundle.pem"));

    static Trust of(Registry registry) {
        return new Trust(
                registry.insecure().equals(Optional.of(Insecure.UNVERIFIED)), registry.ca());
    }

    SSLContext context() {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(null, any ? new TrustManager[] {new Anybody()} : believed(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "certificates%s: %s",
                    ca.map(file -> " of " + file).orElse(""),
                    e.getMessage());
        }
    }

    private TrustManager[] believed() throws GeneralSecurityException, IOException {
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        var host = HOST.stream().filter(Files::isReadable).findFirst();
        if (host.isEmpty() && ca.isEmpty()) {
            factory.init((KeyStore) null);
            return factory.getTrustManagers();
        }
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        if (host.isPresent()) {
            add(host.get(), store);
        }
        if (ca.isPresent()) {
            add(Path.of(ca.get()), store);
        }
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static void add(Path file, KeyStore store)
            throws GeneralSecurityException, IOException {
        try (var in = Files.newInputStream(file)) {
            int number = 0;
            for (var certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry(file + "#" + number++, certificate);
            }
        }
    }

    /** Asks nothing, of a registry that is configured so. The host name is not compared either. */
    private static final class Anybody extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
