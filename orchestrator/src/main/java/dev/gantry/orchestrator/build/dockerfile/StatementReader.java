package dev.gantry.orchestrator.build.dockerfile;

import dev.gantry.bus.contract.Names;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads the lines of a Dockerfile: parser directives, comments, continued lines, heredocs. Bounded:
 * a text of more than {@link #MAX_CHARACTERS} or {@link #MAX_STATEMENTS} is refused.
 */
final class StatementReader {
    static final int MAX_CHARACTERS = 1 << 20;
    static final int MAX_STATEMENTS = 5_000;

    private static final Pattern DIRECTIVE =
            Pattern.compile("#\\s*([a-zA-Z][a-zA-Z0-9]*)\\s*=\\s*(\\S.*?)\\s*");
    private static final Set<String> DIRECTIVES = Set.of("syntax", "escape", "check");
    private static final Set<String> WITH_HEREDOCS = Set.of("ADD", "COPY", "RUN");
    private static final Pattern HEREDOC = Pattern.compile("[0-9]*<<(-?)([^<]+)");

    private final String file;
    private final String[] lines;
    private final List<Statement> statements = new ArrayList<>();
    private char escape = '\\';
    private int next;

    private StatementReader(String file, String text) {
        if (text.length() > MAX_CHARACTERS) {
            long line =
                    1 + text.substring(0, MAX_CHARACTERS).chars().filter(c -> c == '\n').count();
            throw new Place(file, (int) line)
                    .refuse("the file goes on after %d characters", MAX_CHARACTERS);
        }
        this.file = file;
        this.lines = (text.startsWith("\ufeff") ? text.substring(1) : text).split("\n", -1);
    }

    /** All instructions of a text. */
    static List<Statement> read(String file, String text) {
        var reader = new StatementReader(file, text);
        reader.directives();
        while (reader.next < reader.lines.length) {
            reader.statement();
        }
        return List.copyOf(reader.statements);
    }

    /** One instruction that stands elsewhere than in a file, for example in an image's OnBuild. */
    static Statement single(Place place, String text, char escape) {
        var reader = new StatementReader(place.file(), text);
        reader.escape = escape;
        reader.statement();
        if (reader.statements.size() != 1 || reader.next < reader.lines.length) {
            throw place.refuse("%s is not one instruction", Names.quote(text));
        }
        var read = reader.statements.getFirst();
        return new Statement(
                place, read.keyword(), read.flags(), read.rest(), read.heredocs(), escape);
    }

    private String line(int index) {
        var line = lines[index];
        return line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
    }

    /** They stand before everything else; the first line that is none ends them. */
    private void directives() {
        var seen = new HashSet<String>();
        for (; next < lines.length; next++) {
            var matcher = DIRECTIVE.matcher(line(next).strip());
            if (!matcher.matches()) {
                return;
            }
            var name = matcher.group(1).toLowerCase(Locale.ROOT);
            if (!DIRECTIVES.contains(name)) {
                return; // as Docker has it: a comment
            }
            var place = new Place(file, next + 1);
            if (!seen.add(name)) {
                throw place.refuse("the directive %s stands here a second time", name);
            }
            if (name.equals("escape")) {
                var value = matcher.group(2);
                if (!value.equals("\\") && !value.equals("`")) {
                    throw place.refuse("escape=%s is neither \\ nor `", Names.quote(value));
                }
                escape = value.charAt(0);
            }
        }
    }

    private void statement() {
        var first = line(next).stripLeading();
        if (first.isEmpty() || first.startsWith("#")) {
            next++;
            return;
        }
        var place = new Place(file, next + 1);
        if (statements.size() >= MAX_STATEMENTS) {
            throw place.refuse("more than %d instructions", MAX_STATEMENTS);
        }
        statements.add(statement(place, joined(first)));
    }

    /** A line and those that continue it; comments and empty lines between them do not count. */
    private String joined(String first) {
        var joined = new StringBuilder();
        var line = first;
        while (true) {
            next++;
            int cut = continues(line);
            if (cut < 0) {
                return joined.append(line).toString().strip();
            }
            joined.append(line, 0, cut);
            while (next < lines.length && isCommentOrEmpty(line(next))) {
                next++;
            }
            if (next >= lines.length) {
                return joined.toString().strip();
            }
            line = line(next);
        }
    }

    private static boolean isCommentOrEmpty(String line) {
        var text = line.stripLeading();
        return text.isEmpty() || text.startsWith("#");
    }

    /** Where the escape stands that continues a line; -1 where there is none, or two of them. */
    private int continues(String line) {
        int last = line.stripTrailing().length() - 1;
        if (last < 0 || line.charAt(last) != escape) {
            return -1;
        }
        return last > 0 && line.charAt(last - 1) == escape ? -1 : last;
    }

    private Statement statement(Place place, String text) {
        int end = 0;
        while (end < text.length() && !Character.isWhitespace(text.charAt(end))) {
            end++;
        }
        var keyword = text.substring(0, end).toUpperCase(Locale.ROOT);
        int at = RawWords.skipBlanks(text, end);
        var flags = new ArrayList<String>();
        while (text.startsWith("--", at)) {
            int after = RawWords.end(text, at, escape);
            if (after == at + 2) {
                break;
            }
            flags.add(text.substring(at + 2, after));
            at = RawWords.skipBlanks(text, after);
        }
        var rest = text.substring(at);
        return new Statement(place, keyword, flags, rest, heredocs(keyword, rest), escape);
    }

    private List<Heredoc> heredocs(String keyword, String rest) {
        var words = RawWords.split(rest, escape);
        boolean wanted =
                WITH_HEREDOCS.contains(keyword)
                        || keyword.equals("ONBUILD")
                                && !words.isEmpty()
                                && WITH_HEREDOCS.contains(
                                        words.getFirst().toUpperCase(Locale.ROOT));
        var found = new ArrayList<Heredoc>();
        if (!wanted) {
            return found;
        }
        for (var word : words) {
            var matcher = HEREDOC.matcher(word);
            if (matcher.matches()) {
                var raw = matcher.group(2);
                var name = raw.replaceAll("[\"'\\\\]", "");
                if (!name.isEmpty()) {
                    boolean tabs = !matcher.group(1).isEmpty();
                    found.add(new Heredoc(word, name, body(word, name, tabs), name.equals(raw)));
                }
            }
        }
        return found;
    }

    private String body(String word, String name, boolean stripTabs) {
        int begin = next;
        var body = new StringBuilder();
        for (; next < lines.length; next++) {
            var line = line(next);
            if (stripTabs) {
                int at = 0;
                while (at < line.length() && line.charAt(at) == '\t') {
                    at++;
                }
                line = line.substring(at);
            }
            if (line.equals(name)) {
                next++;
                return body.toString();
            }
            body.append(line).append('\n');
        }
        throw new Place(file, begin)
                .refuse("the heredoc %s is not ended by a line %s", word, Names.quote(name));
    }
}
