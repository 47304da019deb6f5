package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.Transfer;
import dev.gantry.bus.contract.storage.Transfer.Part;
import dev.gantry.bus.contract.storage.Transfer.Phase;

import java.io.PrintWriter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Shows how far a transfer is: on a terminal a line with a bar for each part, drawn anew in its
 * place; elsewhere a line for each change of a part's phase.
 */
final class TransferView implements Consumer<Transfer> {
    private static final int BAR = 50;

    /** What a phase is called. */
    enum Words {
        PULL("Waiting", "Already exists", "Downloading", "Extracting", "", "Pull complete"),
        PUSH("Waiting", "Layer already exists", "Pushing", "", "Mounted", "Pushed"),
        SAVE("Waiting", "", "Saving", "", "", "Saved"),
        LOAD("Waiting", "Already exists", "Loading layer", "Loading layer", "", "Loaded");

        private final List<String> words;

        Words(String... words) {
            this.words = List.of(words);
        }

        String of(Phase phase) {
            return words.get(phase.ordinal());
        }
    }

    private final PrintWriter out;
    private final Words words;
    private final Optional<Terminal.Size> terminal;
    private final Map<String, Phase> told = new HashMap<>();
    private int drawn;

    private TransferView(PrintWriter out, Words words, Optional<Terminal.Size> terminal) {
        this.out = out;
        this.words = words;
        this.terminal = terminal;
    }

    /** On a descriptor, 1 or 2, that the writer writes to. */
    static TransferView on(PrintWriter out, int descriptor, Words words) {
        return new TransferView(
                out,
                words,
                Terminal.isTerminal(descriptor) ? Terminal.size(descriptor) : Optional.empty());
    }

    /** As {@link #on}, but silent where there is no terminal. */
    static Consumer<Transfer> onTerminal(PrintWriter out, int descriptor, Words words) {
        return Terminal.isTerminal(descriptor) ? on(out, descriptor, words) : seen -> {};
    }

    @Override
    public void accept(Transfer transfer) {
        if (terminal.isPresent()) {
            draw(transfer, terminal.get());
        } else {
            tell(transfer);
        }
        out.flush();
    }

    private void tell(Transfer transfer) {
        for (var part : transfer.parts()) {
            if (part.phase() != told.put(part.id(), part.phase())) {
                out.println(shortId(part) + ": " + words.of(part.phase()));
            }
        }
    }

    private void draw(Transfer transfer, Terminal.Size size) {
        // What does not fit on the screen cannot be drawn over: the first parts are done first.
        var parts = transfer.parts();
        int fit = Math.max(1, size.rows() - 2);
        if (parts.size() > fit) {
            parts = parts.subList(parts.size() - fit, parts.size());
        }
        var text = new StringBuilder();
        if (drawn > 0) {
            text.append("\u001b[").append(drawn).append('A');
        }
        for (var part : parts) {
            var line = line(part);
            int most = Math.max(1, size.columns() - 1);
            text.append("\r\u001b[2K")
                    .append(line.length() > most ? line.substring(0, most) : line)
                    .append("\n");
        }
        drawn = parts.size();
        out.print(text);
    }

    private String line(Part part) {
        var head = shortId(part) + ": " + words.of(part.phase());
        if (part.phase() != Phase.MOVING || part.size() == 0) {
            return head;
        }
        int filled = (int) Math.min(BAR, part.bytes() * BAR / part.size());
        var bar = "=".repeat(filled) + (filled < BAR ? ">" : "");
        return "%s [%-50s]  %s/%s"
                .formatted(head, bar, Sizes.human(part.bytes()), Sizes.human(part.size()));
    }

    private static String shortId(Part part) {
        return LookCommands.shortId(part.id());
    }
}
