// Reads scripts: one command a line, words apart by spaces, "…" around words with spaces, # starts a comment.
#include "app/cli/script.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/io/files.h"

namespace convscope {
namespace {

/// A word and where it stands in its line.
struct Word {
    std::string text;
    size_t first = 0, last = 0;  // [first, last) of the line
    bool quoted = false;
};

struct Line {
    std::string_view raw;
    std::vector<Word> words;
    std::string error;

    size_t count() const { return words.size(); }
    const std::string& operator[](size_t i) const { return words[i].text; }
    /// What was written from word `i` on: one quoted word without its quotes, else as it stands.
    std::string rest(size_t i) const { return rest(i, words.size()); }
    std::string rest(size_t i, size_t end) const {
        if (i >= end) return {};
        if (end == i + 1) return words[i].text;
        return std::string(raw.substr(words[i].first, words[end - 1].last - words[i].first));
    }
};

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string too_much(const std::string& text) {
    return fmt::format("“{}” is too much", display_text(text, 60));
}

Line split(std::string_view raw) {
    Line line;
    line.raw = raw;
    size_t i = 0;
    while (true) {
        while (i < raw.size() && is_space(raw[i])) ++i;
        if (i == raw.size() || raw[i] == '#') return line;
        Word word;
        word.first = i;
        if (raw[i] == '"') {
            word.quoted = true;
            for (++i; i < raw.size() && raw[i] != '"'; ++i) {
                if (raw[i] != '\\' || i + 1 == raw.size()) {
                    word.text += raw[i];
                    continue;
                }
                const char c = raw[++i];
                word.text += c == 'n' ? '\n' : c == 't' ? '\t' : c;
            }
            if (i == raw.size()) {
                line.error = "a quotation mark is opened and not closed";
                return line;
            }
            ++i;
        } else {
            while (i < raw.size() && !is_space(raw[i])) word.text += raw[i++];
        }
        word.last = i;
        line.words.push_back(std::move(word));
    }
}

// ---- Targets

/// Reads a target from words [i, end); `used` says how many it took. Not a cell and not the canvas: a label of all words.
std::string read_target(const Line& line, size_t i, size_t end, ScriptTarget& target, size_t& used) {
    if (i >= end) return "what to point at is missing";
    const bool named_cell = line[i] == "cell" && !line.words[i].quoted;
    const size_t at = i + (named_cell ? 1 : 0);
    if (at + 1 < end && !line.words[at].quoted) {
        if (const auto indices = parse_indices(line[at + 1]); indices && line[at] != "canvas" && line[at] != "window") {
            target = {ScriptTarget::Kind::cell, line[at], *indices, {}};
            used = at + 2 - i;
            return {};
        }
    }
    if (named_cell)
        return "a cell is written as its grid and its place: cell input 2,3";
    const bool on_canvas = line[i] == "canvas";
    if ((on_canvas || line[i] == "window") && !line.words[i].quoted) {
        target = {on_canvas ? ScriptTarget::Kind::canvas : ScriptTarget::Kind::window, line[i], {}, {}};
        used = 1;
        if (i + 1 < end && line[i + 1].find(',') != std::string::npos) {
            const size_t comma = line[i + 1].find(',');
            const auto x = parse_number(std::string_view(line[i + 1]).substr(0, comma));
            const auto y = parse_number(std::string_view(line[i + 1]).substr(comma + 1));
            if (!x || !y) return fmt::format("a place on the {0} is written as {0} 40,60", line[i]);
            target.place_px = {*x, *y};
            used = 2;
        }
        if (on_canvas || target.place_px) return {};
        return "a place on the window is written as window 40,60";
    }
    target = {ScriptTarget::Kind::label, line[i], {}, {}};
    used = 1;
    if (!line.words[i].quoted) {
        target.name = line.rest(i, end);
        used = end - i;
    }
    if (target.name.empty()) return "a widget's label is empty";
    return {};
}

/// One target that takes all words from `i` on.
std::string only_target(const Line& line, size_t i, ScriptTarget& target) {
    size_t used = 0;
    if (auto error = read_target(line, i, line.count(), target, used); !error.empty()) return error;
    if (i + used != line.count()) return too_much(line.rest(i + used));
    return {};
}

std::string read_drag(const Line& line, size_t i, ScriptLine& out) {
    const size_t n = line.count();
    if (n >= i + 3) {
        const auto dx = parse_number(line[n - 2]), dy = parse_number(line[n - 1]);
        if (dx && dy) {
            size_t used = 0;
            if (auto e = read_target(line, i, n - 2, out.target, used); !e.empty()) return e;
            if (i + used != n - 2) return too_much(line.rest(i + used, n - 2));
            if (std::abs(*dx) > 1e5 || std::abs(*dy) > 1e5) return "a drag is at most 100000 pixels";
            out.x = *dx;
            out.y = *dy;
            return {};
        }
    }
    size_t used = 0;
    if (auto e = read_target(line, i, n, out.target, used); !e.empty()) return e;
    if (i + used >= n)
        return "a drag needs its end: a second target, or pixels to the right and down "
               "(drag canvas 200 50); labels with spaces stand in quotation marks";
    return only_target(line, i + used, out.to);
}

// ---- Verbs

std::string read_number(const Line& line, size_t i, double low, double high, std::string_view what,
                        double& out) {
    const auto number = i < line.count() ? parse_number(line[i]) : std::nullopt;
    if (!number || *number < low || *number > high)
        return fmt::format("{} is a number from {} to {}", what, low, high);
    out = *number;
    return i + 1 < line.count() ? too_much(line.rest(i + 1)) : "";
}

std::string read_text(const Line& line, ScriptLine& out, std::string_view what) {
    out.text = line.rest(1);
    return out.text.empty() ? fmt::format("{} is missing", what) : "";
}

std::string read_wheel(const Line& line, ScriptLine& out) {
    const size_t n = line.count();
    const auto notches = n >= 3 ? parse_number(line[n - 1]) : std::nullopt;
    if (!notches || std::abs(*notches) > 1000)
        return "a wheel needs a target and notches from −1000 to 1000: wheel kernel 0,0 +3";
    out.x = *notches;
    size_t used = 0;
    if (auto e = read_target(line, 1, n - 1, out.target, used); !e.empty()) return e;
    return 1 + used == n - 1 ? "" : too_much(line.rest(1 + used, n - 1));
}

std::string read_key(const Line& line, ScriptLine& out) {
    if (line.count() < 2) return "the key is missing: key Ctrl+Z";
    const auto chord = parse_chord(line[1]);
    if (!chord || chord->key.empty())
        return fmt::format("there is no key “{}”; keys are {}", display_text(line[1], 40), key_names());
    out.chord = *chord;
    out.x = 1;
    return line.count() == 2 ? "" : read_number(line, 2, 1, 1000, "the number of presses", out.x);
}

std::string read_hold(const Line& line, ScriptLine& out) {
    const auto chord = line.count() == 2 ? parse_chord(line[1]) : std::nullopt;
    if (!chord) return "hold takes keys: hold Ctrl, hold Shift, hold Space";
    out.chord = *chord;
    return {};
}

std::string read_step(const Line& line, ScriptLine& out) {
    const auto number = line.count() >= 2 ? parse_number(line[1]) : std::nullopt;
    if (!number || *number < 0 || *number > 1e18 || *number != std::floor(*number))
        return "a step is a whole number from 0 on: step 7";
    out.x = *number;
    out.text = line.rest(2);
    return {};
}

std::string read_size(const Line& line, ScriptLine& out) {
    const auto size = line.count() == 2 ? parse_size(line[1]) : std::nullopt;
    if (!size) return "a size is written as 1280x800, each side from 64 to 16384";
    out.x = size->first;
    out.y = size->second;
    return {};
}

/// The error of the line, or an empty sentence.
std::string read_line(const Line& line, ScriptLine& out) {
    const auto text = [&](Verb verb, std::string_view what) {
        out.verb = verb;
        return read_text(line, out, what);
    };
    const std::string& verb = line[0];
    size_t i = 0;
    if (verb == "left" || verb == "right" || verb == "middle" || verb == "double") {
        out.button = verb == "right" ? 1 : verb == "middle" ? 2 : 0;
        out.twice = verb == "double";
        i = 1;
        const bool drags = line.count() > 1 && line[1] == "drag" && !out.twice;
        if (!drags && (line.count() < 2 || line[1] != "click"))
            return fmt::format("after “{}” stands click{}", verb, out.twice ? "" : " or drag");
    }
    if (line[i] == "click") {
        out.verb = Verb::click;
        return only_target(line, i + 1, out.target);
    }
    if (line[i] == "drag") {
        out.verb = Verb::drag;
        return read_drag(line, i + 1, out);
    }
    if (verb == "cell") {
        out.verb = Verb::cell;
        return only_target(line, 0, out.target);
    }
    if (verb == "hover") {
        out.verb = Verb::hover;
        return only_target(line, 1, out.target);
    }
    if (verb == "wheel") {
        out.verb = Verb::wheel;
        return read_wheel(line, out);
    }
    if (verb == "key") {
        out.verb = Verb::key;
        return read_key(line, out);
    }
    if (verb == "hold") {
        out.verb = Verb::hold;
        return read_hold(line, out);
    }
    if (verb == "step") {
        out.verb = Verb::step;
        return read_step(line, out);
    }
    if (verb == "resize") {
        out.verb = Verb::resize;
        return read_size(line, out);
    }
    if (verb == "frames") {
        out.verb = Verb::frames;
        auto error = read_number(line, 1, 1, 100'000, "the number of frames", out.x);
        out.x = std::floor(out.x);
        return error;
    }
    if (verb == "wait") {
        out.verb = Verb::wait;
        return read_number(line, 1, 0, 3600, "the number of seconds", out.x);
    }
    if (verb == "expect") {
        out.verb = Verb::expect;
        for (size_t k = 1; k < line.count(); ++k) out.words.push_back(line[k]);
        out.text = line.rest(1);
        return line.count() >= 3 ? "" : "expect needs what and how much: expect output 0,0 20";
    }
    if (verb == "set") {
        out.verb = Verb::set;
        out.text = line.rest(1);
        const size_t sign = out.text.find('=');
        return sign != std::string::npos && sign > 0 ? "" : "set is written as set stride=2";
    }
    if (verb == "say") {
        out.verb = Verb::say;
        out.text = line.rest(1);
        return {};
    }
    if (verb == "lenient" || verb == "hurry") {
        out.verb = verb == "hurry" ? Verb::hurry : Verb::lenient;
        out.on = line.count() == 1;
        return line.count() == 1 || line.rest(1) == "no" ? "" : fmt::format("{0} stands alone, or as {0} no", verb);
    }
    if (verb == "release" || verb == "quit") {
        out.verb = verb == "quit" ? Verb::quit : Verb::release;
        return line.count() == 1 ? "" : too_much(line.rest(1));
    }
    if (verb == "type") return text(Verb::type, "the text to type");
    if (verb == "clipboard") return text(Verb::clipboard, "the text");
    if (verb == "drop") return text(Verb::drop, "the file");
    if (verb == "open") return text(Verb::open, "the file");
    if (verb == "save") return text(Verb::save, "the file");
    if (verb == "shot") return text(Verb::shot, "the file");
    if (verb == "dump") return text(Verb::dump, "the file");
    if (verb == "example") return text(Verb::example, "the example's name");
    if (verb == "view") return text(Verb::view, "the view's name");
    if (verb == "theme") return text(Verb::theme, "light or dark");
    if (verb == "do") return text(Verb::run, "the command's name");
    return fmt::format(
        "there is no “{}”; there are cell, click, clipboard, do, double click, drag, drop, dump, "
        "example, expect, frames, hold, hover, hurry, key, lenient, middle click, open, quit, release, resize, "
        "right click, save, say, set, shot, step, theme, type, view, wait, wheel",
        display_text(verb, 40));
}

}  // namespace

Script parse_script(std::string_view text) {
    Script script;
    if (text.size() > kMaxScriptBytes) {
        script.error = fmt::format("The script has {} bytes; at most {} are read.", text.size(),
                                   kMaxScriptBytes);
        return script;
    }
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    int number = 0;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view raw = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (raw.ends_with('\r')) raw.remove_suffix(1);
        std::string error;
        ScriptLine parsed;
        parsed.number = number;
        if (raw.find('\0') != std::string_view::npos) {
            script.error = fmt::format("Line {}: this is not text.", number);
            return script;
        }
        const Line line = split(raw);
        error = line.error;
        if (error.empty() && line.words.empty()) continue;
        if (error.empty()) error = read_line(line, parsed);
        if (error.empty() && script.lines.size() == kMaxScriptLines)
            error = fmt::format("a script has at most {} commands", kMaxScriptLines);
        if (!error.empty()) {
            script.error = fmt::format("Line {}: {}.", number, error);
            return script;
        }
        script.lines.push_back(std::move(parsed));
    }
    return script;
}

std::optional<std::pair<int, int>> parse_size(std::string_view text) {
    size_t sign = text.find_first_of("xX"), width = 1;
    if (sign == std::string_view::npos) {
        sign = text.find("\xC3\x97");
        width = 2;
    }
    if (sign == std::string_view::npos) return {};
    const auto w = parse_number(text.substr(0, sign)), h = parse_number(text.substr(sign + width));
    const auto fits = [](double v) { return v >= 64 && v <= 16384 && v == std::floor(v); };
    if (!w || !h || !fits(*w) || !fits(*h)) return {};
    return std::pair{static_cast<int>(*w), static_cast<int>(*h)};
}

std::optional<std::vector<int64_t>> parse_indices(std::string_view text) {
    std::vector<int64_t> indices;
    while (true) {
        const size_t end = std::min(text.find(','), text.size());
        int64_t value = 0;
        const auto [stop, code] = std::from_chars(text.data(), text.data() + end, value);
        if (code != std::errc() || stop != text.data() + end || indices.size() == 4) return {};
        indices.push_back(value);
        if (end == text.size()) break;
        text.remove_prefix(end + 1);
    }
    if (indices.size() < 2) return {};
    return indices;
}

std::optional<double> parse_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    if (text.starts_with("\xE2\x88\x92")) {  // U+2212, as the program writes it
        const auto positive = parse_number(text.substr(3));
        return positive ? std::optional(-*positive) : std::nullopt;
    }
    double value = 0;
    const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || stop != text.data() + text.size() || !std::isfinite(value)) return {};
    return value;
}

}  // namespace convscope
