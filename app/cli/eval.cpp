#include "app/cli/eval.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "app/cli/subcommands.h"

#include "core/eval_case.h"
#include "core/io/files.h"
#include "core/io/utf8.h"
#include "core/workers.h"

namespace convscope {
namespace {

constexpr const char* kExamples =
    "One case a line:\n"
    "  {\"id\": 1, \"op\": \"conv2d\", \"params\": {\"in_channels\": 1, \"out_channels\": 1, "
    "\"kernel_size\": 2, \"bias\": false},\n"
    "   \"input\": {\"shape\": [1,1,2,2], \"data\": [1,2,3,4]}, \"weight\": {\"shape\": [1,1,2,2], "
    "\"data\": [1,0,0,1]}}\n"
    "One answer a line: {\"id\": 1, \"output\": {\"shape\": [1, 1, 1, 1], \"data\": [5]}}, or "
    "{\"id\": 1, \"error\": \"…\"}.\n"
    "With grad_output there are gradients too. All keys: docs/command-line.md.\n"
    "Examples:\n"
    "  convscope eval cases.jsonl > answers.jsonl\n"
    "  python3 make_cases.py | convscope eval\n"
    "Exit code: 0, or 1 when the cases cannot be read or a line is no JSON object. A layer that "
    "cannot be is an answer.\n";

/// How many unreadable lines are told one by one.
constexpr int64_t kMostTold = 10;

/// Lines of text as editors and shells save it: UTF-8 with or without a mark, or UTF-16 with one; ends LF or CR LF.
class LineReader {
  public:
    explicit LineReader(std::istream& in) : bytes_(*in.rdbuf()) {}

    /// The next line without its end; false: there is none. What is longer than `kMaxCaseBytes` is cut there.
    bool next(std::string& line) {
        line.clear();
        if (number_ == 0) read_mark();
        bool any = false;
        for (int character = get(); character != kEnd; character = get()) {
            any = true;
            if (character == '\n') break;
            if (line.size() > kMaxCaseBytes) continue;
            if (unit_bytes_ == 1)
                line.push_back(static_cast<char>(character));
            else
                append_character(line, static_cast<char32_t>(character));
        }
        if (line.ends_with('\r')) line.pop_back();
        number_ += any;
        return any;
    }
    int64_t number() const { return number_; }

  private:
    static constexpr int kEnd = -1;

    int byte() {
        if (first_ < mark_.size()) return static_cast<unsigned char>(mark_[first_++]);
        const auto got = bytes_.sbumpc();
        return got == std::char_traits<char>::eof() ? kEnd : got & 0xFF;
    }

    /// A byte of UTF-8, or a character of UTF-16.
    int get() {
        if (unit_bytes_ == 1) return byte();
        const int unit = half();
        if (unit < 0xD800 || unit >= 0xDC00) return unit;
        const int low = half();
        return low < 0xDC00 || low >= 0xE000 ? static_cast<int>(kBrokenCharacter)
                                             : 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }

    int half() {
        const int first = byte(), second = first == kEnd ? kEnd : byte();
        if (second == kEnd) return kEnd;
        return little_ ? first | second << 8 : second | first << 8;
    }

    /// The mark at the start of the stream says how the characters are kept; what is none is read again.
    void read_mark() {
        const auto starts = [&](std::string_view mark) {
            while (mark_.size() < mark.size() && mark.starts_with(mark_)) {
                const auto got = bytes_.sbumpc();
                if (got == std::char_traits<char>::eof()) return false;
                mark_.push_back(static_cast<char>(got));
            }
            return mark_ == mark;
        };
        if (starts("\xEF\xBB\xBF")) {
            mark_.clear();
        } else if (starts("\xFF\xFE")) {
            unit_bytes_ = 2;
            mark_.clear();
        } else if (starts("\xFE\xFF")) {
            unit_bytes_ = 2;
            little_ = false;
            mark_.clear();
        }
    }

    std::streambuf& bytes_;
    std::string
        mark_;  // the first bytes of the stream, while it is not known whether they are a mark
    size_t first_ = 0;  // how many of them were read
    int unit_bytes_ = 1;
    bool little_ = true;
    int64_t number_ = 0;
};

bool is_blank(const std::string& line) {
    return line.find_first_not_of(" \t\r\v\f") == std::string::npos;
}

}  // namespace

int eval_stream(std::istream& in, const std::string& name, const Output& output, int threads) {
    Workers workers(threads);
    LineReader lines(in);
    int64_t unreadable = 0;
    for (std::string line; lines.next(line);) {
        if (is_blank(line)) continue;
        EvalAnswer answer = eval_line(line, &workers);
        if (!answer.unreadable.empty()) {
            if (++unreadable <= kMostTold)
                output.fail(
                    fmt::format("{}, line {}: {}", name, lines.number(), answer.unreadable));
            answer = eval_unreadable(fmt::format("Line {}: {}", lines.number(), answer.unreadable));
        }
        output.out << answer.json << '\n' << std::flush;
        if (!output.out) return output.fail("The answers cannot be written");
    }
    if (unreadable > kMostTold)
        output.fail(
            fmt::format("{}: {} more lines are no JSON objects", name, unreadable - kMostTold));
    return unreadable > 0 ? kFailed : kDone;
}

int run_eval(const EvalArguments& arguments, std::istream& standard_input, const Output& output) {
    if (arguments.file == "-") return eval_stream(standard_input, "standard input", output, arguments.threads);
    const std::string name = display_name(arguments.file);
    std::error_code error;
    const std::filesystem::path path = to_path(arguments.file);
    if (std::filesystem::is_directory(path, error))
        return output.fail(name + " is a folder, not a file");
    if (path.empty() || !std::filesystem::exists(path, error))
        return output.fail(name + " does not exist");
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return output.fail(fmt::format("{} could not be read: {}", name,
                                       errno ? std::strerror(errno) : "no reason is known"));
    return eval_stream(file, name, output, arguments.threads);
}

Subcommand add_eval(CLI::App& program) {
    CLI::App* eval =
        program.add_subcommand("eval", "Computes layers, one JSON case a line, without a window");
    const auto arguments = std::make_shared<EvalArguments>();
    eval->add_option("FILE", arguments->file, "The cases; - or nothing: standard input");
    add_threads(*eval, arguments->threads);
    eval->footer(kExamples);
    return {eval,
            [arguments](const Output& output) { return run_eval(*arguments, std::cin, output); }};
}

}  // namespace convscope
