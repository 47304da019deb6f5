package dev.gantry.bus.wire;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;

/**
 * The one way in which Gantry reads and writes JSON: duplicate keys and deep nesting are errors,
 * unknown properties are ignored (as OCI says), absent values are left out.
 */
public final class Json {
    /** Deepest nesting that is read. */
    public static final int MAX_DEPTH = 64;

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(MAX_DEPTH)
                                                    .build())
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .addModule(new Jdk8Module())
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .serializationInclusion(JsonInclude.Include.NON_ABSENT)
                    .build();

    private Json() {}

    /** The mapper; it is thread-safe. */
    public static JsonMapper mapper() {
        return MAPPER;
    }
}
