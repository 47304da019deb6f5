package dev.gantry.orchestrator.build;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What a stage came to.
 *
 * @param digest of the image's manifest
 * @param id of its configuration
 * @param config of it
 * @param platform that it is for
 */
record StageResult(String digest, String id, JsonNode config, Platform platform) {}
