package dev.gantry.orchestrator.build.dockerfile;

import java.util.ArrayList;
import java.util.List;

/** Words that are separated by blanks, their quotes and escapes kept. */
final class RawWords {
    private RawWords() {}

    /** All words of a text. A quote without its end goes to the end of the text. */
    static List<String> split(String text, char escape) {
        var words = new ArrayList<String>();
        for (int at = skipBlanks(text, 0); at < text.length(); ) {
            int end = end(text, at, escape);
            words.add(text.substring(at, end));
            at = skipBlanks(text, end);
        }
        return words;
    }

    static int skipBlanks(String text, int from) {
        int at = from;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    /** Where the word that begins at a place ends. */
    static int end(String text, int from, char escape) {
        char quote = 0;
        int at = from;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == escape && quote != '\'') {
                at += 2;
                continue;
            }
            if (quote != 0) {
                quote = c == quote ? 0 : quote;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (Character.isWhitespace(c)) {
                return at;
            }
            at++;
        }
        return text.length();
    }
}
