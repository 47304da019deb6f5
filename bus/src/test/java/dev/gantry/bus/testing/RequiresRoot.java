package dev.gantry.bus.testing;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The test touches the kernel as root. Without root it is skipped, and counted; with {@code
 * -Dgantry.requireRoot=true} the absence of root is a failure.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresRoot.Condition.class)
public @interface RequiresRoot {
    /** Evaluates the annotation. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            if ("root".equals(System.getProperty("user.name"))) {
                return ConditionEvaluationResult.enabled("root");
            }
            if (Boolean.getBoolean("gantry.requireRoot")) {
                throw new IllegalStateException(
                        "this test needs root, and -Dgantry.requireRoot=true demands it");
            }
            return ConditionEvaluationResult.disabled("needs root");
        }
    }
}
